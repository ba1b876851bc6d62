import { inAppFile, withAppFiles } from "./app-files.ts";
import type { Cluster } from "./cluster.ts";
import { crosscheck } from "./crosscheck/crosscheck.ts";
import { ConfigError, type Problem } from "./error.ts";
import { explain } from "./explain.ts";
import type { App, Base, Bootstrap, Fleet, Promotion, Soak, Stage } from "./fleet.ts";
import { knownHosts } from "./known-hosts.ts";
import { zoneOf } from "./locations.ts";
import { didYouMean, parse } from "./parse.ts";
import { infrastructureOf, patchOf } from "./resolve-infrastructure.ts";
import { channelOf } from "./schema/channel.ts";
import { type ProjectKeys, projectKeys, type StackKeys, stackKeys, type Written } from "./schema/schema.ts";
import type { Sources } from "./sources.ts";

const byName = <T extends { readonly name: string }>(a: T, b: T): number => (a.name < b.name ? -1 : 1);

const everyone = ["0.0.0.0/0", "::/0"];

function cluster(stage: string, { servers, pools, gateway, ...keys }: StackKeys["cluster"]): Cluster {
  const { location, snapshots } = keys;
  const agents = Object.entries(pools).map(([name, { location: own = location, ...pool }]) => ({
    ...{ name, ...pool },
    locations: [own],
  }));
  return {
    ...keys,
    networkZone: zoneOf[location] ?? "",
    servers: { ...servers, locations: servers.locations ?? [location] },
    pools: agents.toSorted(byName),
    api: { ...keys.api, allow: keys.api.allow.flatMap((range) => (range === "everyone" ? everyone : [range])) },
    snapshots: snapshots && { ...snapshots, folder: snapshots.folder ?? stage },
    restore: keys.restore,
    upgrades: keys.upgrades,
    gateway: gateway && { type: gateway.type, location: gateway.location ?? location },
  };
}

/** Ports are given for a rendered base and for no other (crosscheck/rollout.ts). */
function base(app: string, keys: ProjectKeys["apps"][string]): Base {
  const { ports, security = "restricted", user, probes = { readiness: {} } } = keys;
  if (!ports) return { kind: "external", container: keys.container ?? app };
  return { kind: "rendered", ports, security, user, probes };
}

function promotion({ hold, pin }: StackKeys["overrides"][string]): Promotion {
  if (pin !== undefined) return { kind: "pinned", tag: pin };
  return { kind: hold ? "held" : "automatic" };
}

const units: { readonly [unit: string]: number } = { m: 60, h: 3600, d: 86_400 };

/** The stage before is there (crosscheck/soak.ts). */
function soak(written: string | undefined, before: string | undefined): Soak | undefined {
  if (written === undefined || before === undefined) return undefined;
  return { stage: before, for: written, seconds: Number(written.slice(0, -1)) * (units[written.slice(-1)] ?? 0) };
}

function app(name: string, stage: string, written: Written): readonly App[] {
  const shared = written.shared.apps[name];
  const own = written.stacks[stage]?.overrides[name];
  if (!(shared && own)) return [];
  const names = written.shared.stages.map((each) => each.name);
  const stages = names.filter((each) => shared.stages?.includes(each) ?? true);
  return [
    {
      name,
      image: shared.image,
      namespace: shared.namespace ?? name,
      base: base(name, shared),
      pullSecret: shared.pullSecret,
      decryption: shared.decryption,
      ingress: shared.ingress,
      issuer: shared.issuer,
      baseTag: shared.tag,
      stages,
      tag: own.tag,
      digest: shared.digest,
      exclude: shared.exclude,
      rollout: own.rollout,
      promotion: promotion(own),
      soak: soak(own.soak, stages[stages.indexOf(stage) - 1]),
      allowDowngrade: own.allowDowngrade || undefined,
      replicas: own.replicas,
      hosts: own.hosts,
      env: own.env,
      resources: own.resources as App["resources"],
      patches: own.patches.map(patchOf),
      manifests: own.manifests,
    },
  ];
}

function stage(
  written: Written,
  { name, path, channel, alsoAccepts }: ProjectKeys["stages"][number],
): readonly Stage[] {
  const own = written.stacks[name];
  if (!own) return [];
  const apps = Object.keys(written.shared.apps).flatMap((each) => app(each, name, written));
  const { shared } = written;
  return [
    {
      name,
      path,
      channel: channelOf(channel),
      alsoAccepts,
      cluster: cluster(name, own.cluster),
      apps: apps.toSorted(byName),
      infrastructure: infrastructureOf(shared, own, name),
    },
  ];
}

/** The URL is GitHub's where its bootstrap is asked for (crosscheck/rollout.ts). */
function bootstrapOf({ url, bootstrap, personal }: ProjectKeys["repository"]): Bootstrap {
  if (bootstrap === "git") return { kind: "git" };
  const [owner = "", repository = ""] = new URL(url).pathname
    .slice(1)
    .replace(/\.git$/, "")
    .split("/");
  return { kind: "github", owner, repository, personal };
}

function fleet(written: Written): Fleet {
  const { repository } = written.shared;
  const { url, pushUrl = url, branch, decryption, write } = repository;
  const writes = { ...write, url: write.url ?? url };
  return {
    project: written.project,
    repository: {
      ...{ url, pushUrl, branch, decryption, write: writes, bootstrap: bootstrapOf(repository) },
      knownHosts: knownHosts(repository),
    },
    stages: written.shared.stages.flatMap((each) => stage(written, each)),
  };
}

/** A stage is a line in Pulumi.yaml and a file of its own; one without the other is a mistake. */
function unmatched(sources: Sources, { stages }: ProjectKeys): readonly Problem[] {
  const names = stages.map(({ name }) => name);
  const missing = names.flatMap((name, index) =>
    sources.stacks[name]
      ? []
      : [{ file: sources.shared.file, path: ["stages", index, "name"], message: `there is no Pulumi.${name}.yaml` }],
  );
  const stray = Object.entries(sources.stacks).flatMap(([name, { file }]) => {
    const message = `${name} is no stage; Pulumi.yaml has ${names.join(", ")}${didYouMean(name, names)}`;
    return names.includes(name) ? [] : [{ file, path: [], message }];
  });
  return [...missing, ...stray];
}

function parseStacks(sources: Sources, stages: readonly string[] | undefined) {
  const stacks = Object.entries(sources.stacks).filter(([name]) => stages?.includes(name) ?? true);
  const parsed = stacks.map(([name, source]) => ({ name, ...parse(stackKeys, source) }));
  return {
    problems: parsed.flatMap(({ problems }) => problems),
    values: Object.fromEntries(parsed.flatMap(({ name, value }) => (value ? [[name, value]] : []))),
  };
}

/**
 * The checked configuration of all stages, from what was written. Pure: the program and every command use it.
 * @throws ConfigError that lists every problem of every file with its line, its dotted path and the way out
 */
export function resolve(files: Sources): Fleet {
  const { sources, problems: ofAppFiles } = withAppFiles(files);
  const shared = parse(projectKeys, sources.shared);
  const stacks = parseStacks(
    sources,
    shared.value?.stages.map(({ name }) => name),
  );
  const written = shared.value && { project: sources.project, shared: shared.value, stacks: stacks.values };
  const ofValues = [
    ...shared.problems,
    ...stacks.problems,
    ...(shared.value ? unmatched(sources, shared.value) : []),
    ...(written ? crosscheck(written) : []),
  ];
  const problems = [...ofAppFiles, ...ofValues.map((problem) => inAppFile(problem, sources))];
  if (problems.length > 0 || !written) throw new ConfigError(explain(problems, sources));
  return fleet(written);
}
