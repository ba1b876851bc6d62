import { lives, type ServerDemand } from "./demand.ts";
import { existingOf, type Findings, nothing, type Question, refuse, together, warn } from "./findings.ts";

/** Whether the configured image is there for every architecture that is still to boot it, and would be for one made again. */
export function imageFindings({ demand, snapshot }: Question): Findings {
  const { images, serverTypes = [] } = snapshot;
  if (!images) return nothing;
  const path = ["cluster", "image"];
  const missing = (servers: readonly ServerDemand[] = []): readonly string[] => {
    const wanted = servers.flatMap(({ type }) => serverTypes.find(({ name }) => name === type)?.architecture ?? []);
    const absent = [...new Set(wanted)].filter((one) => !images.some(({ architecture }) => architecture === one));
    return absent.map((one) => `Hetzner has no image ${demand.image} for ${one}`);
  };
  const of = Map.groupBy(demand.servers, (each) => lives(existingOf(snapshot, "servers", each.name), each, demand));
  const since = images.find(({ deprecated }) => deprecated)?.deprecated?.slice(0, 10);
  const old = `Hetzner calls ${demand.image} deprecated since ${since}`;
  return together([
    ...missing(of.get(false)).map((one) =>
      refuse(path, `${one}: choose another (\`hcloud image list --type system\`)`),
    ),
    ...missing(of.get(true)).map((one) =>
      warn(path, `${one}: nodes that live keep theirs, and none could be made again`),
    ),
    ...(since ? [warn(path, `${old}: choose a newer one for new nodes`)] : []),
  ]);
}
