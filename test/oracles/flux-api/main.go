// Decodes objects into Flux's own types, as strictly as the API server does with --validate=strict: a field that Flux does
// not have is an error. A line of JSON in, a line of JSON out. The CRDs' own rules (enums, patterns, CEL) are not asked.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	helm "github.com/fluxcd/helm-controller/api/v2"
	automation "github.com/fluxcd/image-automation-controller/api/v1"
	reflector "github.com/fluxcd/image-reflector-controller/api/v1"
	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	receiver "github.com/fluxcd/notification-controller/api/v1"
	alert "github.com/fluxcd/notification-controller/api/v1beta3"
	source "github.com/fluxcd/source-controller/api/v1"
	"sigs.k8s.io/yaml"
)

type question struct{ APIVersion, Kind, Object string }

type answer struct {
	Problem string `json:"problem"`
}

func empty(apiVersion, kind string) any {
	switch apiVersion + "/" + kind {
	case helm.GroupVersion.String() + "/HelmRelease":
		return &helm.HelmRelease{}
	case automation.GroupVersion.String() + "/ImageUpdateAutomation":
		return &automation.ImageUpdateAutomation{}
	case reflector.GroupVersion.String() + "/ImagePolicy":
		return &reflector.ImagePolicy{}
	case reflector.GroupVersion.String() + "/ImageRepository":
		return &reflector.ImageRepository{}
	case kustomize.GroupVersion.String() + "/Kustomization":
		return &kustomize.Kustomization{}
	case receiver.GroupVersion.String() + "/Receiver":
		return &receiver.Receiver{}
	case alert.GroupVersion.String() + "/Alert":
		return &alert.Alert{}
	case alert.GroupVersion.String() + "/Provider":
		return &alert.Provider{}
	case source.GroupVersion.String() + "/GitRepository":
		return &source.GitRepository{}
	case source.GroupVersion.String() + "/HelmRepository":
		return &source.HelmRepository{}
	case source.GroupVersion.String() + "/OCIRepository":
		return &source.OCIRepository{}
	}
	return nil
}

func problem(asked question) string {
	object := empty(asked.APIVersion, asked.Kind)
	if object == nil {
		return "Flux has no " + asked.APIVersion + " " + asked.Kind
	}
	if err := yaml.UnmarshalStrict([]byte(asked.Object), object); err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := out.Encode(answer{problem(asked)}); err != nil {
			panic(err)
		}
	}
}
