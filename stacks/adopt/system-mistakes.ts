/** What the configuration cannot take over as it is, or has to guess. */
import type { FoundApp } from "./app.ts";
import { type Channel, channelName, channelOfTag } from "./channels.ts";
import type { Finding } from "./finding.ts";
import { layers, overlayFile } from "./layers.ts";
import type { Read } from "./read.ts";
import type { System } from "./system.ts";
import type { FoundUse } from "./use.ts";

type Place = Pick<Finding, "path" | "line">;

const warning = (code: string, { path, line }: Place, message: string): Finding => ({
  code,
  severity: "warning",
  path,
  line,
  message,
});

/** Why a stage's rendered filter would not take the tag that it runs. */
function stray(app: string, use: FoundUse, channel: Channel | undefined): Finding | undefined {
  const own = channelOfTag(use.tag);
  if (!own) {
    const message = `${use.tag} is no tag of a channel (v1.2.3, or v1.2.3-<id>.4): ${app} needs new tags`;
    return warning("tag-of-no-channel", use, message);
  }
  if (!use.tag.startsWith("v")) {
    const message = `${use.tag} has no v: rendered filters take v${use.tag} only, so the pipeline has to add it`;
    return warning("tag-without-v", use, message);
  }
  if (!channel || channelName(channel) === channelName(own)) return undefined;
  const other = `${use.stage} is of ${channelName(channel)}`;
  const message = `${use.tag} is of the channel ${channelName(own)}, and ${other}: a stage takes one channel`;
  return warning("tag-of-another-channel", use, message);
}

function strayTags({ apps, stages }: System): readonly Finding[] {
  const channelIn = (stage: string) => stages.find(({ name }) => name === stage)?.channel;
  return apps.flatMap((app) =>
    app.uses.filter(({ tag }) => tag !== "").flatMap((use) => stray(app.name, use, channelIn(use.stage)) ?? []),
  );
}

/** Why a base is taken over otherwise than it stands. */
function baseNotes(app: FoundApp, last: string | undefined): readonly (readonly [code: string, message: string])[] {
  const beyond = app.beyond.join(", ");
  if (beyond !== "") {
    return [["base-external", `has ${beyond}, which a rendered base has not: it stays yours (base: external)`]];
  }
  const isShared = app.baseHosts.length > 0 && app.uses.length > 1;
  const hosts = `${app.baseHosts.join(", ")} in the base stands in every stage, and a host leads to one cluster`;
  const port = "no containerPort in the base: the configuration says 8080, choose the app's own";
  return [
    ...(isShared ? [["host-in-base", `${hosts}: only ${last} keeps it`] as const] : []),
    ...(app.ports.container === undefined ? [["no-port", port] as const] : []),
  ];
}

const bases = ({ apps, stages }: System): readonly Finding[] =>
  apps.flatMap((app) =>
    baseNotes(app, stages.at(-1)?.name).map(([code, message]) =>
      warning(code, { path: `apps/${app.name}/base`, line: 1 }, message),
    ),
  );

/** What the overlay has besides the image, replicas, environment, resources and hosts has to be carried over by hand. */
function surplus(read: Read, { apps }: System): readonly Finding[] {
  const known = ["apiVersion", "kind", "metadata", "namespace", "resources", "patches", "images"];
  return apps.flatMap((app) =>
    app.uses.flatMap((use) => {
      const file = overlayFile(read, app.name, use.stage);
      if (!file) return [];
      const resources = file.list("resources").filter((each) => !/^\.\.\/base\/?$/.test(String(each)));
      const fields = Object.keys(file.get() ?? {}).filter((key) => !known.includes(key));
      const others = layers(read, app.name, use.stage).filter(
        (each) => !each.path.startsWith(`apps/${app.name}/base/`),
      );
      const patched = others.filter((each) => !["Deployment", "Ingress"].includes(each.text("kind")));
      const objects = patched.map((each) =>
        `${each.text("kind") || "a patch"} ${each.text("metadata", "name")}`.trim(),
      );
      const what = [...new Set([...resources.map(String), ...fields, ...objects])].join(", ");
      const message = `${what}: not in the configuration; carry it over as a patch or a manifest of the override`;
      return what === "" ? [] : [warning("not-taken-over", { path: file.path, line: 1 }, message)];
    }),
  );
}

/** Of what the overlays run, and of what they share. */
export const systemMistakes = (read: Read, system: System): readonly Finding[] => [
  ...strayTags(system),
  ...bases(system),
  ...surplus(read, system),
];
