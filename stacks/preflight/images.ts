import { lives } from "./demand.ts";
import { existingOf, type Findings, nothing, type Question, refuse, together, warn } from "./findings.ts";

/** Whether the configured image is there for every architecture that is still to boot it. */
export function imageFindings({ demand, snapshot }: Question): Findings {
  const { images, serverTypes = [] } = snapshot;
  if (!images) return nothing;
  const path = ["cluster", "image"];
  const made = demand.servers.filter((server) => !lives(existingOf(snapshot, "servers", server.name), server, demand));
  const wanted = made.flatMap(({ type }) => serverTypes.find(({ name }) => name === type)?.architecture ?? []);
  const absent = [...new Set(wanted)].filter((one) => !images.some(({ architecture }) => architecture === one));
  const since = images.find(({ deprecated }) => deprecated)?.deprecated?.slice(0, 10);
  return together([
    ...absent.map((one) =>
      refuse(path, `Hetzner has no image ${demand.image} for ${one}: use one such as ubuntu-24.04`),
    ),
    ...(since ? [warn(path, `Hetzner calls ${demand.image} deprecated since ${since}: choose a newer one`)] : []),
  ]);
}
