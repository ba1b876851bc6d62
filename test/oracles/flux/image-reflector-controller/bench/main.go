// Takes the time in which Flux's image-reflector-controller selects a tag by each of many policies, with its own filter and
// policies, Masterminds/semver and Go's regexp. Its argument is a file {policies, tags}, tags in the order in which Flux
// stores them; each line of JSON in runs it once, and one {milliseconds, selected} comes out.
package main

import (
	"encoding/json"
	"os"
	"time"

	imagev1 "github.com/fluxcd/image-reflector-controller/api/v1"
	"github.com/fluxcd/image-reflector-controller/internal/policy"
	"github.com/fluxcd/lines"
)

type work struct {
	Policies []imagev1.ImagePolicySpec `json:"policies"`
	Tags     []string                  `json:"tags"`
}

type answer struct {
	Milliseconds float64  `json:"milliseconds"`
	Selected     []string `json:"selected"`
}

// As applyPolicy does it (internal/controller/imagepolicy_controller.go).
func selected(spec imagev1.ImagePolicySpec, tags []string) string {
	policer, err := policy.PolicerFromSpec(spec.Policy)
	if err != nil {
		panic(err)
	}
	filter, err := policy.NewRegexFilter(spec.FilterTags.Pattern, spec.FilterTags.Extract)
	if err != nil {
		panic(err)
	}
	filter.Apply(tags)
	latest, err := policer.Latest(filter.Items())
	if err != nil {
		panic(err)
	}
	return filter.GetOriginalTag(latest)
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var all work
	if err := json.Unmarshal(text, &all); err != nil {
		panic(err)
	}
	lines.Answer(func(struct{}) answer {
		started, found := time.Now(), []string{}
		for _, each := range all.Policies {
			found = append(found, selected(each, all.Tags))
		}
		return answer{Milliseconds: time.Since(started).Seconds() * 1000, Selected: found}
	})
}
