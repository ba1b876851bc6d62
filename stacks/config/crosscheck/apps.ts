import type { Problem } from "../error.ts";
import type { Protocol } from "../fleet.ts";
import { didYouMean } from "../parse.ts";
import { channelOf } from "../schema/channel.ts";
import type { ProjectKeys, StackKeys, Written } from "../schema/schema.ts";
import { accepts, sampleTag } from "../tags/channel.ts";
import { duplicates } from "./duplicates.ts";

type Shared = ProjectKeys["apps"][string];
type Override = StackKeys["overrides"][string];

/** One app in one stage's file, with all that its rules look at. */
interface Use {
  readonly stage: ProjectKeys["stages"][number];
  readonly file: string;
  readonly name: string;
  readonly shared: Shared;
  readonly own: Override;
}

const runsIn = (app: Shared, stage: string): boolean => app.stages?.includes(stage) ?? true;

/** Flux keeps the tags of an image once per cluster, so two scanners of one image overwrite each other (flux.md §2.1). */
function crosscheckShared({ shared }: Written): readonly Problem[] {
  const apps = Object.entries(shared.apps).map(([name, app]) => ({ name, ...app }));
  const stages = shared.stages.map(({ name }) => name);
  const unknown = apps.flatMap((app) =>
    (app.stages ?? []).flatMap((stage, index) =>
      stages.includes(stage)
        ? []
        : [
            {
              file: "Pulumi.yaml",
              path: ["apps", app.name, "stages", index],
              message: `there is no stage ${stage}${didYouMean(stage, stages)}`,
            },
          ],
    ),
  );
  const images = duplicates(
    apps,
    (app) => app.image,
    (app, first) => ({
      file: "Pulumi.yaml",
      path: ["apps", app.name, "image"],
      message: `the same image as apps.${first.name}; a cluster scans an image once, so an image has one app`,
    }),
  );
  return [...unknown, ...images];
}

function tagProblems({ stage, file, name, own }: Use): readonly Problem[] {
  const channel = channelOf(stage.channel);
  return (["tag", "pin"] as const).flatMap((key) => {
    const tag = own[key];
    if (tag === undefined || accepts(channel, tag)) return [];
    const message = `${tag} is not a tag that ${stage.name} takes; its channel has tags like ${sampleTag(channel)}`;
    return [{ file, path: ["overrides", name, key], message }];
  });
}

function promotionProblems({ file, name, own }: Use): readonly Problem[] {
  const at = (key: string, message: string): Problem => ({ file, path: ["overrides", name, key], message });
  const frozen = own.pin === undefined ? (own.hold ? "a held tag moves to none" : undefined) : "a pin names its tag";
  return [
    ...(own.hold && own.pin !== undefined
      ? [at("hold", "a pin takes no new tag either: remove hold, or the pin")]
      : []),
    ...(own.allowDowngrade && frozen
      ? [at("allowDowngrade", `${frozen}, so there is nothing to allow: remove it`)]
      : []),
  ];
}

function hostProblems({ file, name, shared, own }: Use): readonly Problem[] {
  const protocols: readonly Protocol[] = ["http", "https"];
  return protocols
    .filter((protocol) => own.hosts[protocol].length > 0 && !shared.ingress.includes(protocol))
    .map((protocol) => ({
      file,
      path: ["overrides", name, "hosts", protocol],
      message:
        shared.base === "external"
          ? `the base of ${name} is external: its hosts are yours too, so remove them here`
          : `the base has no ${protocol} Ingress; add ${protocol} to the ingress of ${name}`,
    }));
}

/** What a stage's file says about an app that it cannot have, and does not say about one that it must have. */
function membership({ shared }: Written, stage: string, own: StackKeys): readonly Problem[] {
  const file = `Pulumi.${stage}.yaml`;
  const expected = Object.keys(shared.apps).filter((name) => shared.apps[name] && runsIn(shared.apps[name], stage));
  const missing = expected
    .filter((name) => !own.overrides[name])
    .map((name) => ({ file, path: ["overrides", name, "tag"], message: `missing (the first tag of ${name} here)` }));
  const surplus = Object.keys(own.overrides)
    .filter((name) => !expected.includes(name))
    .map((name) => ({
      file,
      path: ["overrides", name],
      message: shared.apps[name]
        ? `${name} does not run in ${stage}; add ${stage} to its stages`
        : `there is no app ${name}${didYouMean(name, expected)}`,
    }));
  return [...missing, ...surplus];
}

function uses({ shared, stacks }: Written): readonly Use[] {
  return shared.stages.flatMap((stage) =>
    Object.entries(stacks[stage.name]?.overrides ?? {}).flatMap(([name, own]) => {
      const app = shared.apps[name];
      return app ? [{ stage, file: `Pulumi.${stage.name}.yaml`, name, shared: app, own }] : [];
    }),
  );
}

/** One host points to one cluster, so a name used twice makes one of the two unreachable. */
function hostClashes(all: readonly Use[]): readonly Problem[] {
  const hosts = all.flatMap((use) =>
    (["http", "https"] as const).flatMap((protocol) =>
      use.own.hosts[protocol].map((host, index) => ({ ...use, protocol, host, index })),
    ),
  );
  const owner = (host: (typeof hosts)[number]): string => `${host.name} in ${host.stage.name}`;
  const everywhere = duplicates(
    hosts,
    ({ host, protocol }) => `${protocol} ${host}`,
    (host, first) => ({
      file: host.file,
      path: ["overrides", host.name, "hosts", host.protocol, host.index],
      message: `${host.host} already belongs to ${owner(first)}; a host has one owner`,
    }),
  );
  return everywhere;
}

export function crosscheckApps(written: Written): readonly Problem[] {
  const all = uses(written);
  return [
    ...crosscheckShared(written),
    ...written.shared.stages.flatMap(({ name }) => {
      const own = written.stacks[name];
      return own ? membership(written, name, own) : [];
    }),
    ...all.flatMap((use) => [...tagProblems(use), ...promotionProblems(use), ...hostProblems(use)]),
    ...hostClashes(all),
  ];
}
