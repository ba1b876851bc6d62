// Does to files what an ImageUpdateAutomation does, with the code of Flux's image-automation-controller and kyaml: one line
// of JSON {path, policies} in, one {changes, error} out; the files below path are rewritten in place. Git, and which policies
// an automation selects, are left out.
package main

import (
	"slices"
	"strings"

	"github.com/fluxcd/image-automation-controller/internal/update"
	reflectorv1 "github.com/fluxcd/image-reflector-controller/api/v1"
	"github.com/fluxcd/lines"
	"github.com/go-logr/logr"
)

type question struct {
	Path     string                    `json:"path"`
	Policies []reflectorv1.ImagePolicy `json:"policies"`
}

type change struct {
	// Relative to the path that was asked for.
	File   string `json:"file"`
	Setter string `json:"setter"`
	From   string `json:"from"`
	To     string `json:"to"`
}

type answer struct {
	Changes []change `json:"changes"`
	Error   string   `json:"error,omitempty"`
}

func answerTo(q question) answer {
	result, err := update.UpdateWithSetters(logr.Discard(), q.Path, q.Path, q.Policies)
	if err != nil {
		return answer{Changes: []change{}, Error: err.Error()}
	}
	changes := []change{}
	for file, objects := range result.FileChanges {
		for _, object := range objects {
			for _, each := range object {
				changes = append(changes, change{file, each.Setter, each.OldValue, each.NewValue})
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return strings.Compare(a.File+a.Setter, b.File+b.Setter) })
	return answer{Changes: changes}
}

func main() { lines.Answer(answerTo) }
