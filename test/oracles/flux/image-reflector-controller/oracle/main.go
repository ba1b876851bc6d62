// Answers which tag Flux's image-reflector-controller selects, with its own filter and policies, Masterminds/semver and
// Go's regexp: one line of JSON {filterTags, policy, tags} in, one {tag, or, error} out. What is written after the
// controller (internal/controller/imagepolicy_controller.go, applyPolicy) is the order of the steps: there it needs a cluster.
package main

import (
	"errors"
	"fmt"
	"slices"

	imagev1 "github.com/fluxcd/image-reflector-controller/api/v1"
	"github.com/fluxcd/image-reflector-controller/internal/policy"
	"github.com/fluxcd/lines"
)

type question struct {
	imagev1.ImagePolicySpec
	Tags []string `json:"tags"`
}

type answer struct {
	Tag string `json:"tag,omitempty"`
	// Another tag that Flux may as well select. Of equal versions the first wins: without a filter that is Tag, as tags are
	// stored in descending order; a filter hands them on in the random order of a Go map.
	Or    string `json:"or,omitempty"`
	Error string `json:"error,omitempty"`
}

// candidates are the tags a policy chooses from, and each one's way back to the tag as it is in the registry.
func candidates(q question) ([]string, func(string) string, error) {
	if len(q.Tags) == 0 {
		return nil, nil, errors.New("no tags in database")
	}
	if q.FilterTags == nil {
		return q.Tags, func(tag string) string { return tag }, nil
	}
	filter, err := policy.NewRegexFilter(q.FilterTags.Pattern, q.FilterTags.Extract)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to filter tags: %w", err)
	}
	filter.Apply(q.Tags)
	return filter.Items(), filter.GetOriginalTag, nil
}

func latest(q question) (tag, other string, err error) {
	policer, err := policy.PolicerFromSpec(q.Policy)
	if err != nil {
		return "", "", fmt.Errorf("invalid policy: %w", err)
	}
	tags, original, err := candidates(q)
	if err != nil {
		return "", "", err
	}
	slices.Sort(tags)
	last, err := policer.Latest(tags)
	if err != nil {
		return "", "", err
	}
	slices.Reverse(tags)
	first, err := policer.Latest(tags)
	return original(first), original(last), err
}

func answerTo(q question) answer {
	tag, other, err := latest(q)
	if err != nil {
		return answer{Error: err.Error()}
	}
	if other == tag {
		other = ""
	}
	return answer{Tag: tag, Or: other}
}

func main() { lines.Answer(answerTo) }
