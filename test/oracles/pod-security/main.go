// Judges pod templates by the API server's own checks of the Pod Security Standards, as a namespace that enforces a level
// would. A line of JSON in, a line of JSON out: what is forbidden, or nothing.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	apps "k8s.io/api/apps/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

type question struct{ Level, Deployment string }

type answer struct {
	Forbidden string `json:"forbidden"`
}

func forbidden(evaluator policy.Evaluator, asked question) string {
	var deployment apps.Deployment
	if err := yaml.UnmarshalStrict([]byte(asked.Deployment), &deployment); err != nil {
		return err.Error()
	}
	level := api.LevelVersion{Level: api.Level(asked.Level), Version: api.LatestVersion()}
	template := deployment.Spec.Template
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
	if result.Allowed {
		return ""
	}
	return result.ForbiddenDetail()
}

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := out.Encode(answer{forbidden(evaluator, asked)}); err != nil {
			panic(err)
		}
	}
}
