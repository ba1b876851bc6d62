/**
 * Random histories on real git, as rendered for the seed's three stages: publishes, Flux's stand-in, pull requests and people,
 * some of them at once. A sample in every run; GIT_HISTORIES=15 plays more, GIT_HISTORY_SEED=n a single one.
 */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runAutomation } from "../sandbox/flux/automation.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { openRemote } from "../stacks/publish/git.ts";
import { readHead } from "../stacks/publish/head.ts";
import { plan } from "../stacks/publish/merge.ts";
import { isManifest } from "../stacks/publish/ownership.ts";
import { PublishError } from "../stacks/publish/problem.ts";
import { publish } from "../stacks/publish/publish.ts";
import { seed } from "./chance.ts";
import { treeOf } from "./fleets.ts";
import { gitRemote } from "./git-remote.ts";
import type { Files } from "./heads.ts";
import { harm, orphans } from "./history-model.ts";
import { random } from "./random.ts";
import { blogOnly } from "./rendered-tree.ts";
import { type Edits, seedSources } from "./sources.ts";

const clusters = { dev: "clusters/dev", stage: "clusters/stage", prod: "clusters/production" } as const;
type Stage = keyof typeof clusters;
const stages = Object.keys(clusters) as Stage[];
const suffix = { dev: "-develop.1", stage: "-stage.1", prod: "" } as const;
const patch = (stage: Stage) => `apps/blog/${stage}/deployment-patch.yaml`;

/** Configurations, one after the other: replicas and ports change, prod goes to pull requests and back. */
const variant = (edits: Edits) => {
  const all = [...new Set([...Object.keys(blogOnly), ...Object.keys(edits)])];
  return resolve(seedSources(Object.fromEntries(all.map((file) => [file, { ...blogOnly[file], ...edits[file] }]))));
};
const fleets = [
  variant({}),
  variant({
    "Pulumi.prod.yaml": { "overrides.blog.replicas": 4 },
    "Pulumi.dev.yaml": { "overrides.blog.replicas": 2 },
  }),
  variant({ "Pulumi.prod.yaml": { "overrides.blog.rollout": "pull-request" } }),
  variant({ "Pulumi.yaml": { "apps.blog.ports": { container: 8081, service: 80 } } }),
].map((fleet) => Object.fromEntries(stages.map((stage) => [stage, treeOf(stage, fleet)])));

let repo: ReturnType<typeof gitRemote> | undefined;
afterEach(() => repo?.close());

/** On the server: every update of a branch is written down, as it comes. */
function journalled(remote: ReturnType<typeof gitRemote>): () => readonly string[] {
  const file = join(remote.folder, "updates");
  writeFileSync(file, "");
  const hook = join(remote.url, "hooks/post-receive");
  writeFileSync(hook, `#!/bin/sh\ncat >>"${file}"\n`);
  chmodSync(hook, 0o755);
  return () =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .filter((line) => line.endsWith(" refs/heads/main"));
}

class World {
  readonly remote = gitRemote();
  readonly updates = journalled(this.remote);
  /** What the registry has, by minor number. */
  newest = 1;
  refusals = 0;
  readonly people = new Map<string, string>();
  readonly #draw: () => number;

  constructor(draw: () => number) {
    this.#draw = draw;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#draw() * from.length)] as T;
  }

  readonly tags = async () =>
    stages.flatMap((stage) => Array.from({ length: this.newest }, (_, index) => `v1.9.${40 + index}${suffix[stage]}`));

  async publish(stage: Stage, fleet: (typeof fleets)[number]): Promise<void> {
    const { files, placeholders } = fleet[stage] ?? { files: {}, placeholders: [] };
    const desired = new Map(Object.entries(files));
    const path = clusters[stage];
    const remote = openRemote({ url: this.remote.url, branch: "main" });
    const target = { stage, clusters: [path], paths: [...desired.keys(), ...placeholders] };
    try {
      const seen = await readHead(remote, await remote.fetch(), target);
      await publish(remote, { target, seen, plan: (head) => plan({ stage, path, desired, placeholders, head }) });
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      this.refusals++;
    } finally {
      remote.close();
    }
  }

  async flux(stage: Stage): Promise<void> {
    if (!this.remote.files().includes(`${clusters[stage]}/kustomization.yaml`)) return;
    await runAutomation({ repository: this.remote.url, branch: "main", cluster: clusters[stage], tags: this.tags });
  }

  person(): void {
    const stage = this.pick(stages);
    const note = `apps/blog/${stage}/notes-${this.people.size}.md`;
    const readme = `${this.people.size}\r\n`;
    const edits: { [path: string]: string | ((text: string) => string) } = { [note]: "a: b\n", "README.md": readme };
    if (this.remote.files().includes(patch(stage)))
      edits[patch(stage)] = (text) => text.replace(/replicas: \d+/, "replicas: 7");
    this.remote.edit(edits);
    this.people.set(note, "a: b\n").set("README.md", readme);
  }

  /** A person squashes what Flux proposes. */
  merge(): void {
    const [branch] = this.remote
      .git("for-each-ref", "--format=%(refname:short)", "refs/heads")
      .split("\n")
      .filter((name) => name !== "main");
    if (branch === undefined || !this.remote.files().includes(patch("prod"))) return;
    const proposed = /ghcr\.io\/\S+/.exec(this.remote.read(patch("prod"), branch))?.[0] ?? "";
    const merged = (text: string) => text.replace(/ghcr\.io\/\S+/, proposed);
    if (merged(this.remote.read(patch("prod"))) !== this.remote.read(patch("prod")))
      this.remote.edit({ [patch("prod")]: merged });
    this.remote.git("branch", "-D", branch);
  }
}

const known = new Map<string, string>();

function filesAt(remote: ReturnType<typeof gitRemote>, commit: string): Files {
  const listed = remote
    .git("ls-tree", "-r", commit)
    .split("\n")
    .map((line) => line.split(/[ \t]/));
  const texts = listed.map(([, , id = "", path = ""]) => {
    if (!known.has(id)) known.set(id, remote.read(path, commit));
    return [path, known.get(id) ?? ""] as const;
  });
  return new Map(texts);
}

/** What each commit of ours did to the one before it. */
function harms({ remote }: World): readonly string[] {
  const ours = remote
    .git("log", "--format=%H %an %s", "main")
    .split("\n")
    .filter((line) => line.split(" ")[1] === "k3s-stages");
  return ours.flatMap((line) => {
    const [commit = "", , subject = ""] = line.split(" ");
    const stage = subject.replace(":", "") as Stage;
    const hasParent = remote.git("rev-list", "--count", commit) !== "1";
    return hasParent ? harm(clusters[stage], [filesAt(remote, `${commit}~1`), filesAt(remote, commit)]) : [];
  });
}

/** Who is late with a push by hand lets it be. */
function byHand(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!/\[rejected\]|failed to push|cannot lock ref/.test(String(error))) throw error;
  }
}

async function play(world: World): Promise<void> {
  await world.publish("dev", fleets[0] ?? {});
  for (let round = 0; round < 4; round++) {
    const acts: (() => unknown)[] = [
      () => world.publish(world.pick(stages), world.pick(fleets)),
      () => world.flux(world.pick(stages)),
      () => world.publish(world.pick(stages), world.pick(fleets)),
      () => byHand(() => world.person()),
      () => byHand(() => world.merge()),
    ];
    const [one, other] = [world.pick(acts), world.pick(acts.slice(0, 3))];
    if (world.pick([true, false])) world.newest++;
    await Promise.all([one(), other()].map(async (act) => act));
  }
}

const only = process.env["GIT_HISTORY_SEED"];
const count = Number(process.env["GIT_HISTORIES"] ?? 2);
const seeds = only ? [Number(only)] : Array.from({ length: count }, (_, index) => seed + index);

describe("on real git", () => {
  it("nothing is lost, nothing is forced and nobody's file changes (F72, F74)", async () => {
    for (const seed of seeds) {
      await lived(seed).catch((error: unknown) => {
        throw new Error(`GIT_HISTORY_SEED=${seed} repeats it`, { cause: error });
      });
    }
  }, 900_000);

  async function lived(seed: number): Promise<void> {
    const world = new World(random(seed));
    repo = world.remote;
    await play(world);
    const [last] = fleets;
    for (const stage of stages) await world.publish(stage, last ?? {});
    const refused = world.refusals;
    for (const stage of stages) await world.flux(stage);
    const { remote } = world;
    expect(harms(world)).toEqual([]);
    const files = filesAt(remote, "main");
    for (const [path, text] of world.people) expect(files.get(path)).toBe(text);
    const placeholders = [...files.keys()].filter((path) => /\/gotk-/.test(path));
    expect(orphans(files, new Set([...world.people.keys(), ...placeholders]))).toEqual([]);
    expect([...files.keys()].filter(isManifest)).toHaveLength(3);
    const newest = 40 + world.newest - 1;
    for (const stage of stages)
      expect(files.get(patch(stage))).toContain(`ghcr.io/acme/blog:v1.9.${newest}${suffix[stage]} #`);
    expect(remote.git("rev-list", "--merges", "main")).toBe("");
    const line = remote.git("rev-list", "--reverse", "main").split("\n");
    expect(world.updates().map((update) => update.split(" ")[1])).toEqual(line.slice(-world.updates().length));
    const settled = remote.head();
    for (const stage of stages) await world.publish(stage, last ?? {});
    expect([remote.head(), world.refusals]).toEqual([settled, refused]);
    repo.close();
  }
});
