import { describe, expect, it } from "vitest";
import { commitMessage } from "../sandbox/flux/message.ts";

describe("a commit message", () => {
  const change = (n: number) => ({ OldValue: `a:${n}`, NewValue: `a:${n + 1}`, Setter: "blog:blog-prod" });
  const data = {
    AutomationObject: { Namespace: "blog", Name: "blog-prod" },
    Changed: { Changes: [change(1), change(7)] },
    Values: { app: "blog" },
  };

  it.each([
    ["no action\n", "no action\n"],
    ["{{ .AutomationObject }} {{.AutomationObject.Name}}", "blog/blog-prod blog-prod"],
    ["chore({{ .Values.app }}): {{ $.Values.app }}", "chore(blog): blog"],
    ["{{ .Values.gone }}", "<no value>"],
    ["x{{ range .Changed.Changes }} {{ .OldValue }} -> {{ .NewValue }}{{ end }}", "x a:1 -> a:2 a:7 -> a:8"],
    [
      "x\n{{- range .Changed.Changes }}\n- {{ .Setter }}\n{{- end }}\n\ny",
      "x\n- blog:blog-prod\n- blog:blog-prod\n\ny",
    ],
    ["x {{- .Values.app -}} y", "xblogy"],
    ["x {{-  .Values.app  -}}\n\n y", "xblogy"],
    ["{{ range .Changed.Changes }}{{ $.Values.app }}{{ end }}", "blogblog"],
  ])("of %j is %j, as Go's text/template prints it", (template, message) => {
    expect(commitMessage(template, data)).toBe(message);
  });

  it.each([
    ["{{ range .Updated.Images }}{{ end }}", "template uses removed '.Updated' field"],
    ["{{ range $image, $_ := .Updated.Images }}{{ end }}", "template uses removed '.Updated' field"],
    ["{{ .Changed.ImageResult }}", "template uses removed '.Changed.ImageResult' field"],
    ["{{ .Changed.FileChanges }}", "{{ .Changed.FileChanges }} is not understood"],
    ["{{ .Changed.Changes }}", "{{ .Changed.Changes }} is not understood"],
    ["{{ range .Changed.Changes }}{{ .Values.app }}{{ end }}", "{{ .Values.app }} is not understood"],
    ["{{ now }}", "{{ now }} is not understood"],
    ["{{ if .Values.app }}x{{ end }}", "{{ if .Values.app }} is not understood"],
    ["{{ range .Changed.Changes }}", "a range has no end"],
    ["{{ end }}", "{{ end }} is not understood"],
  ])("of %j is refused", (template, message) => {
    expect(() => commitMessage(template, data)).toThrow(message);
  });
});
