/** What is wrong with the markers, and with the overlays that should have one. */
import type { Finding } from "./finding.ts";
import { overlayFile } from "./layers.ts";
import { policyKey } from "./policy-mistakes.ts";
import { at, type MarkedLine, namespaceOf, ofFlux, type Read } from "./read.ts";
import { type System, stageAt } from "./system.ts";

const error = (code: string, { path, line }: Pick<MarkedLine, "path" | "line">, message: string): Finding => ({
  code,
  severity: "error",
  path,
  line,
  message,
});

const stageOf = ({ stages }: System, path: string) => stages.find(({ name }) => path.split("/")[2] === name);

function unresolved(read: Read, system: System): readonly Finding[] {
  const policies = ofFlux(read, "ImagePolicy").map((policy) => ({
    key: policyKey(policy, read),
    stage: stageAt(system, policy.path)?.name,
  }));
  return read.markers.flatMap((marker) => {
    const stage = stageOf(system, marker.path);
    const here = policies.filter((policy) => policy.stage === stage?.name).map(({ key }) => key);
    if (!stage || here.includes(marker.policy)) return [];
    const [, name = ""] = marker.policy.split(":");
    const elsewhere = here.find((key) => key.endsWith(`:${name}`));
    const hint = elsewhere ? `; there is ${elsewhere}` : here.length > 0 ? `; there is ${here.join(", ")}` : "";
    const message = `no ImagePolicy ${marker.policy} in the cluster of ${stage.name} (${stage.path})${hint}: the line is never changed`;
    return [error("marker-without-policy", marker, message)];
  });
}

/** An automation reads the policies of its own namespace only. */
function withoutAutomation(read: Read, system: System): readonly Finding[] {
  const automations = ofFlux(read, "ImageUpdateAutomation");
  return ofFlux(read, "ImagePolicy").flatMap((policy) => {
    const stage = stageAt(system, policy.path);
    const namespace = namespaceOf(policy, read);
    const own = automations.filter((each) => stageAt(system, each.path) === stage);
    if (own.some((each) => namespaceOf(each, read) === namespace)) return [];
    const place = { path: policy.path, line: policy.line("metadata", "namespace") };
    const message = `no ImageUpdateAutomation in the namespace ${namespace} of ${policy.text("metadata", "name")}: nobody writes what the policy selects`;
    return [error("policy-without-automation", place, message)];
  });
}

function misplaced({ markers }: Read): readonly Finding[] {
  return markers.flatMap((marker) => {
    if (marker.isList) {
      return [
        error(
          "marker-in-json6902",
          marker,
          "a JSON 6902 patch: Flux's setter does not read it, so the tag never changes",
        ),
      ];
    }
    if (!/^apps\/[^/]+\/base\//.test(marker.path)) return [];
    const message =
      "a marker in the base: every stage's automation finds it, and the newest writer wins for all stages";
    return [error("marker-in-base", marker, message)];
  });
}

/** Lines that look like a marker and are none: in a text block, behind other words, with quotes of the wrong kind. */
function ignored({ files, markers, findings }: Read): readonly Finding[] {
  const seen = new Set(markers.map(({ path, line }) => `${path}:${line}`));
  const skipped = new Set(findings.map(({ path }) => path));
  return Object.entries(files).flatMap(([path, text]) => {
    if (skipped.has(path) || !text.includes("$imagepolicy")) return [];
    return text.split("\n").flatMap((content, index) => {
      const isMarker = /["']\$imagepolicy["']\s*:/.test(content);
      if (!isMarker || seen.has(`${path}:${index + 1}`)) return [];
      const message =
        'Flux does not see this marker: it has to be the whole comment of the value\'s own line, {"$imagepolicy": "ns:name"}, in a YAML file and not in a text inside one';
      return [error("marker-ignored", { path, line: index + 1 }, message)];
    });
  });
}

function unmarked({ apps }: System): readonly Finding[] {
  return apps.flatMap((app) =>
    app.uses.flatMap((use) => {
      if (use.marker) return [];
      const what = use.tag === "" ? "the overlay sets no image" : `${use.tag} has no marker`;
      return [error("no-marker", use, `${what}: ${app.name} is never updated in ${use.stage}`)];
    }),
  );
}

/** kustomize sets `images` after all patches, so the marked patch line is without effect. */
function overruled(read: Read, { apps }: System): readonly Finding[] {
  return apps.flatMap((app) =>
    app.uses.flatMap((use) => {
      const file = overlayFile(read, app.name, use.stage);
      if (!file || !use.marker || use.marker.path === file.path) return [];
      const index = file.list("images").findIndex((each) => at(each, ["name"]) === app.image);
      if (index < 0) return [];
      const place = { path: file.path, line: file.line("images", index) };
      const message = `sets ${app.image} after the patches, so the marked line ${use.marker.path}:${use.marker.line} has no effect`;
      return [error("images-over-marker", place, message)];
    }),
  );
}

export function markerMistakes(read: Read, system: System): readonly Finding[] {
  return [
    ...unresolved(read, system),
    ...withoutAutomation(read, system),
    ...misplaced(read),
    ...ignored(read),
    ...unmarked(system),
    ...overruled(read, system),
  ];
}
