// Reads what an API server is started with, by the API server's own code: authentication, audit and admission
// configuration. A line of JSON in, a line of JSON out: what is wrong with it, or nothing.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	apiservervalidation "k8s.io/apiserver/pkg/apis/apiserver/validation"
	"k8s.io/apiserver/pkg/apis/audit"
	auditinstall "k8s.io/apiserver/pkg/apis/audit/install"
	auditvalidation "k8s.io/apiserver/pkg/apis/audit/validation"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	podsecurity "k8s.io/pod-security-admission/admission/api"
	podsecurityscheme "k8s.io/pod-security-admission/admission/api/scheme"
	podsecurityvalidation "k8s.io/pod-security-admission/admission/api/validation"
)

type question struct{ Kind, Text string }

type answer struct {
	Problem string `json:"problem"`
	// Of an authentication configuration: which paths are answered without credentials; `*` for all of them.
	Anonymous []string `json:"anonymous"`
}

func strictly(scheme *runtime.Scheme, text string) (runtime.Object, error) {
	return runtime.Decode(serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDecoder(), []byte(text))
}

func authentication(text string) ([]string, error) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	object, err := strictly(scheme, text)
	if err != nil {
		return nil, err
	}
	config, ok := object.(*apiserver.AuthenticationConfiguration)
	if !ok {
		return nil, fmt.Errorf("is a %T", object)
	}
	if err := apiservervalidation.ValidateAuthenticationConfiguration(authenticationcel.NewDefaultCompiler(), config, nil).ToAggregate(); err != nil {
		return nil, err
	}
	// kubeapiserver/options: without the block the flag's default counts, which is true.
	if config.Anonymous == nil || config.Anonymous.Enabled && len(config.Anonymous.Conditions) == 0 {
		return []string{"*"}, nil
	}
	paths := []string{}
	for _, condition := range config.Anonymous.Conditions {
		paths = append(paths, condition.Path)
	}
	return paths, nil
}

func auditPolicy(text string) error {
	scheme := runtime.NewScheme()
	auditinstall.Install(scheme)
	object, err := strictly(scheme, text)
	if err != nil {
		return err
	}
	policy, ok := object.(*audit.Policy)
	if !ok {
		return fmt.Errorf("is a %T", object)
	}
	return auditvalidation.ValidatePolicy(policy).ToAggregate()
}

func podSecurity(text string) error {
	object, err := strictly(podsecurityscheme.Scheme, text)
	if err != nil {
		return err
	}
	return podsecurityvalidation.ValidatePodSecurityConfiguration(object.(*podsecurity.PodSecurityConfiguration)).ToAggregate()
}

func admissionConfiguration(text string) error {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	file, err := os.CreateTemp("", "admission")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if err := os.WriteFile(file.Name(), []byte(text), 0o600); err != nil {
		return err
	}
	provider, err := admission.ReadAdmissionConfiguration([]string{"PodSecurity"}, file.Name(), scheme)
	if err != nil {
		return err
	}
	reader, err := provider.ConfigFor("PodSecurity")
	if err != nil {
		return err
	}
	if reader == nil {
		return fmt.Errorf("says nothing about PodSecurity")
	}
	plugin, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	return podSecurity(string(bytes.TrimSpace(plugin)))
}

func read(asked question) (found answer) {
	var err error
	switch asked.Kind {
	case "authentication":
		found.Anonymous, err = authentication(asked.Text)
	case "audit":
		err = auditPolicy(asked.Text)
	case "admission":
		err = admissionConfiguration(asked.Text)
	default:
		panic(asked.Kind)
	}
	if err != nil {
		found.Problem = err.Error()
	}
	return found
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
		if err := out.Encode(read(asked)); err != nil {
			panic(err)
		}
	}
}
