/** The stack configuration that renders what was found, as the files that people would have written. */
import { Document, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import type { FoundApp } from "./app.ts";
import type { Files } from "./read.ts";
import type { FoundStage, System } from "./system.ts";
import type { FoundUse } from "./use.ts";

export interface ConfigurationArgs {
  readonly system: System;
  /** This project's Pulumi.yaml: its name, its plugins and the providers' settings stay as they are. */
  readonly project: string;
  /** Where the repository was read from, for a system that does not say it. */
  readonly repository: { readonly url: string | undefined; readonly branch: string };
}

const sampleUrl = "ssh://git@github.com/acme/gitops";
const isUrl = (url: string): boolean => /^(ssh|https):\/\//.test(url);

/** Addresses of stages must not overlap, or they could never be joined by a network. */
const network = (index: number): string => `10.${((index + 1) * 10) % 256}.0.0`;

const toChoose =
  "A sample, to be chosen: Git does not say where the servers are, how many, and who may reach their API.";

function repository({ system, repository: { url, branch } }: ConfigurationArgs) {
  const known = [system.url, url].find((each): each is string => each !== undefined && isUrl(each)) ?? sampleUrl;
  const { write } = system;
  return {
    url: known,
    branch: system.branch ?? branch,
    ...(system.decryption ? { decryption: { secret: system.decryption } } : {}),
    ...(write ? { write: { ...write, url: isUrl(write.url) ? write.url : known } } : {}),
  };
}

const channel = ({ name, channel: found }: FoundStage) => {
  if (!found) return { prerelease: name };
  return found.kind === "stable" ? "stable" : { prerelease: found.id };
};

const isExternal = ({ beyond }: FoundApp): boolean => beyond.length > 0;

function base(found: FoundApp) {
  const { container = 8080, service = 80 } = found.ports;
  if (isExternal(found)) {
    return { base: "external", ...(found.container === found.name ? {} : { container: found.container }) };
  }
  return {
    ports: { container, service },
    ...(found.security === "baseline" ? { security: found.security } : {}),
    ...(found.user === undefined ? {} : { user: found.user }),
    ...(Object.keys(found.probes).length > 0 ? { probes: found.probes } : {}),
    ...(found.ingress.length > 0 ? { ingress: found.ingress } : {}),
    ...(found.issuer ? { issuer: found.issuer } : {}),
    ...(found.baseTag ? { tag: found.baseTag } : {}),
  };
}

function app(found: FoundApp, { stages }: System) {
  const names = stages.map(({ name }) => name);
  const own = names.filter((name) => found.uses.some((use) => use.stage === name));
  return {
    image: found.image,
    ...(found.namespace === found.name ? {} : { namespace: found.namespace }),
    ...(found.pullSecret ? { pullSecret: found.pullSecret } : {}),
    ...base(found),
    ...(own.length < names.length ? { stages: own } : {}),
  };
}

/** A host has one owner: one in the base goes to the last stage that has none of its own. */
function hosts(found: FoundApp, use: FoundUse, { stages }: System): FoundUse["hosts"] {
  if (use.hosts.http.length + use.hosts.https.length > 0 || use.stage !== stages.at(-1)?.name) return use.hosts;
  const of = (protocol: "http" | "https") => (found.ingress.includes(protocol) ? found.baseHosts : []);
  return { http: of("http"), https: of("https") };
}

function override(found: FoundApp, use: FoundUse, system: System) {
  const named: Partial<FoundUse["hosts"]> = isExternal(found) ? {} : hosts(found, use, system);
  const own = Object.entries(named).filter(([, names]) => names.length > 0);
  return {
    ...(use.tag === "" ? {} : { tag: use.tag }),
    ...(use.marker?.frozen === "held" ? { hold: true } : {}),
    ...(use.marker?.frozen === "pinned" ? { pin: use.tag } : {}),
    ...(use.rollout === "direct" ? {} : { rollout: use.rollout }),
    ...(use.replicas === 1 ? {} : { replicas: use.replicas }),
    ...(own.length > 0 ? { hosts: Object.fromEntries(own) } : {}),
    ...(Object.keys(use.env).length > 0 ? { env: use.env } : {}),
    ...(use.resources ? { resources: use.resources } : {}),
  };
}

const text = (document: Document): string => document.toString({ lineWidth: 0 });

function flow(document: Document, path: readonly (string | number)[]): void {
  const node = document.getIn(path, true) as { flow?: boolean } | undefined;
  if (node) node.flow = true;
}

interface Section {
  readonly key: string;
  readonly value: object;
  /** Above the key. */
  readonly comment?: string;
}

/** Adds keys to a file's `config`. */
function add(document: Document, sections: readonly Section[]): void {
  if (!isMap(document.get("config"))) document.set("config", document.createNode({}));
  const config = document.get("config") as YAMLMap;
  for (const { key, value, comment } of sections) {
    const pair = document.createPair(key, value);
    if (comment && isScalar(pair.key)) pair.key.commentBefore = ` ${comment}`;
    config.add(pair);
  }
}

function projectFile(args: ConfigurationArgs): string {
  const { system, project } = args;
  const document = parseDocument(project) as Document;
  const config = (document.toJS() as { readonly config?: object }).config ?? {};
  // What the sample has besides is the sample's own; settings of providers have a namespace.
  for (const key of Object.keys(config).filter((each) => !each.includes(":"))) document.deleteIn(["config", key]);
  const stages = system.stages.map((stage) => ({ name: stage.name, path: stage.path, channel: channel(stage) }));
  const apps = Object.fromEntries(system.apps.map((found) => [found.name, app(found, system)]));
  const order = "In promotion order, as far as names and channels tell: a new version is seen here first, there last.";
  add(document, [
    { key: "repository", value: { value: repository(args) } },
    { key: "stages", value: { value: stages }, comment: order },
    { key: "apps", value: { value: apps } },
  ]);
  for (const index of stages.keys()) flow(document, ["config", "stages", "value", index, "channel"]);
  for (const name of Object.keys(apps)) {
    for (const key of ["ports", "ingress", "stages"]) flow(document, ["config", "apps", "value", name, key]);
  }
  return text(document);
}

/** Valid, so that everything else can be checked, and to be chosen. */
const sampleCluster = (index: number) => ({
  location: "nbg1",
  network: `${network(index)}/16`,
  servers: { count: 1, type: "cpx22", subnet: `${network(index)}/24` },
  api: { allow: ["203.0.113.0/24"] },
});

function stackFile({ system }: ConfigurationArgs, stage: FoundStage, projectName: string): string {
  const own = system.apps.flatMap((found) => {
    const use = found.uses.find((each) => each.stage === stage.name);
    return use ? [[found.name, override(found, use, system)] as const] : [];
  });
  const document = new Document({});
  const cluster = `${projectName}:cluster`;
  const overrides = `${projectName}:overrides`;
  add(document, [
    { key: cluster, value: sampleCluster(system.stages.indexOf(stage)), comment: toChoose },
    {
      key: overrides,
      value: Object.fromEntries(own),
      comment: "Tags as they run today; from then on they are Flux's.",
    },
  ]);
  for (const key of ["servers", "api"]) flow(document, ["config", cluster, key]);
  for (const [name] of own) flow(document, ["config", overrides, name, "hosts"]);
  return text(document);
}

/** `Pulumi.yaml` and a `Pulumi.<stage>.yaml` for each stage. What they hold is checked like anybody's: by `resolve`. */
export function configuration(args: ConfigurationArgs): Files {
  const name = String((parseDocument(args.project).toJS() as { readonly name?: unknown } | null)?.name ?? "");
  const stacks = args.system.stages.map(
    (stage) => [`Pulumi.${stage.name}.yaml`, stackFile(args, stage, name)] as const,
  );
  return { "Pulumi.yaml": projectFile(args), ...Object.fromEntries(stacks) };
}
