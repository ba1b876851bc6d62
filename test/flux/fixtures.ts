/** Every valid configuration that the tests have, with the files that people bring to it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Fleet } from "../../stacks/config/fleet.ts";
import { resolve } from "../../stacks/config/resolve.ts";
import { sourcesOf } from "../../stacks/config/sources.ts";
import { everything } from "../everything.ts";
import { guarded, treeOf, withApp } from "../fleets.ts";
import { type Edits, seedSources } from "../sources.ts";
import type { Files } from "./harness/built-objects.ts";

const valid = join(import.meta.dirname, "../configs/valid");

/** The folders of test/configs/valid, each a project. */
const projects = readdirSync(valid).map((name): readonly [string, Fleet] => {
  const files = readdirSync(join(valid, name)).filter((file) => file.endsWith(".yaml"));
  const texts = files.map((file) => [file, readFileSync(join(valid, name, file), "utf8")] as const);
  return [name, resolve(sourcesOf(Object.fromEntries(texts)))];
});

const awkward = { A: "yes", B: "0123", C: "1e3", D: "a: b # c", E: "line\n  line\n", F: "😀 ", G: "" };

/** What only one line of a configuration turns on. */
const details: Edits = {
  "Pulumi.yaml": {
    "apps.blog.digest": "Always",
    "apps.other-app.digest": "IfNotPresent",
    "apps.blog.security": "baseline",
    "apps.blog.probes": { readiness: { path: "/ready" }, liveness: { path: "/healthz", periodSeconds: 5 } },
    "apps.other-app.user": 1000,
    "apps.blog.exclude": ["sha-[0-9a-f]+"],
  },
  "Pulumi.dev.yaml": { "overrides.blog.hold": true },
  "Pulumi.stage.yaml": { "overrides.blog.pin": "v1.9.32-stage.1" },
  "Pulumi.prod.yaml": {
    "cluster.upgrades": { window: { days: ["sunday"], start: "02:00", end: "05:00", timeZone: "Europe/Berlin" } },
  },
};

export const fleets: readonly (readonly [name: string, fleet: Fleet])[] = [
  ...projects,
  ["everything", resolve(seedSources(everything))],
  ["guarded", guarded],
  ["details", resolve(seedSources(details))],
  ["awkward strings", withApp("prod", "blog", { env: awkward })],
];

const text = (value: object) => JSON.stringify(value);
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "other-app" },
  spec: {
    selector: { matchLabels: { app: "other-app" } },
    template: {
      metadata: { labels: { app: "other-app" } },
      spec: { containers: [{ name: "web", image: "ghcr.io/acme/other-app" }] },
    },
  },
};
const claim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "blog" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

/** Of people, in the places where a fixture refers to them. */
const peoples: Files = {
  "apps/other-app/base/deployment.yaml": text(deployment),
  "apps/other-app/base/kustomization.yaml": text({ resources: ["deployment.yaml"] }),
  "apps/blog/prod/volume.yaml": text(claim),
  "apps/blog/prod/mine.yaml": text([{ op: "add", path: "/metadata/annotations/mine", value: "true" }]),
  "monitoring/kustomization.yaml": text({ resources: [] }),
  "clusters/production/backup/kustomization.yaml": text({ resources: [] }),
};

/** A stage's tree after `flux bootstrap`, over the files of people. */
export function stageFiles(fleet: Fleet, stage: string, components: string): Files {
  const { files, placeholders } = treeOf(stage, fleet);
  const bootstrapped = placeholders.map((path) => [path, path.endsWith("gotk-components.yaml") ? components : ""]);
  return { ...peoples, ...Object.fromEntries(bootstrapped), ...files };
}
