/** Whether an app's base can be rendered without losing any of it; else it stays people's: `base: external`. */
import type { Layer } from "./layers.ts";
import { beyondProbes } from "./probes.ts";
import { at, keysOf } from "./read.ts";
import { beyondSecurity } from "./security.ts";

const kinds = ["Deployment", "Service", "Ingress"];
const inPod = [
  "containers",
  "imagePullSecrets",
  "restartPolicy",
  "securityContext",
  "automountServiceAccountToken",
  "enableServiceLinks",
];
const inContainer = [
  "name",
  "image",
  "imagePullPolicy",
  "ports",
  "env",
  "resources",
  "readinessProbe",
  "livenessProbe",
  "startupProbe",
  "securityContext",
];

function ofDeployment(deployment: Layer): readonly string[] {
  const pod = deployment.get("spec", "template", "spec");
  const containers = deployment.list("spec", "template", "spec", "containers");
  const [first] = containers;
  const env = at(first, ["env"]);
  const fromElsewhere = (Array.isArray(env) ? env : []).filter((each) => at(each, ["valueFrom"]) !== undefined);
  return [
    ...keysOf(pod).filter((key) => !inPod.includes(key)),
    ...(containers.length > 1 ? [`${containers.length} containers`] : []),
    ...keysOf(first).filter((key) => !inContainer.includes(key)),
    ...beyondProbes(deployment),
    ...beyondSecurity(deployment),
    ...fromElsewhere.map((each) => `env ${String(at(each, ["name"]))} by reference`),
  ];
}

/** What a base has that a rendered one has not, in its own words: `volumes`, `ConfigMap settings`. */
export function beyondRendered(base: readonly Layer[]): readonly string[] {
  const others = base.filter((each) => !kinds.includes(each.text("kind")));
  const deployments = base.filter((each) => each.text("kind") === "Deployment");
  return [
    ...others.map((each) => `${each.text("kind")} ${each.text("metadata", "name")}`),
    ...(deployments.length > 1 ? [`${deployments.length} Deployments`] : []),
    ...deployments.flatMap(ofDeployment),
  ];
}
