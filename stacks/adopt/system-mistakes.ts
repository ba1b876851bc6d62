/** What the configuration cannot take over as it is, or has to guess. */
import type { Channel } from "../config/fleet.ts";
import type { FoundUse } from "./app.ts";
import { channelName, channelOfTag } from "./channels.ts";
import type { Finding } from "./finding.ts";
import type { System } from "./system.ts";

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

function bases({ apps, stages }: System): readonly Finding[] {
  return apps.flatMap((app) => {
    const base: Place = { path: `apps/${app.name}/base`, line: 1 };
    const isShared = app.baseHosts.length > 0 && app.uses.length > 1;
    const hosts = app.baseHosts.join(", ");
    const host = `${hosts} in the base stands in every stage, and a host leads to one cluster: only ${stages.at(-1)?.name} keeps it`;
    const port = "no containerPort in the base: the configuration says 8080, choose the app's own";
    return [
      ...(isShared ? [warning("host-in-base", base, host)] : []),
      ...(app.ports.container === undefined ? [warning("no-port", base, port)] : []),
    ];
  });
}

/** Of what the overlays run, and of what they share. */
export const systemMistakes = (system: System): readonly Finding[] => [...strayTags(system), ...bases(system)];
