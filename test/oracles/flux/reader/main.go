// Says what a YAML document holds for those that read it on its way into a cluster: kyaml, with which kustomize builds, and
// sigs.k8s.io/yaml, with which objects are read after that. One line of JSON {text} in, one {kyaml, sigs, error} out.
package main

import (
	"encoding/json"

	"github.com/fluxcd/lines"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"
)

type question struct {
	Text string `json:"text"`
}

type answer struct {
	Kyaml json.RawMessage `json:"kyaml,omitempty"`
	Sigs  json.RawMessage `json:"sigs,omitempty"`
	Error string          `json:"error,omitempty"`
}

func answerTo(q question) answer {
	node, err := kyaml.Parse(q.Text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	built, err := node.MarshalJSON()
	if err != nil {
		return answer{Error: err.Error()}
	}
	read, err := sigs.YAMLToJSON([]byte(q.Text))
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Kyaml: built, Sigs: read}
}

func main() { lines.Answer(answerTo) }
