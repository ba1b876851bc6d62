import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import type { Publisher } from "../test/flux/harness/publisher.ts";
import { configuration } from "./applications.ts";

export const stage = "dev";

export const fleetOf = (replicas: number) => {
  const texts = configuration(3);
  const file = `Pulumi.${stage}.yaml`;
  const edited = (texts[file] ?? "").replaceAll("replicas: 2", `replicas: ${replicas}`);
  return resolve(sourcesOf({ ...texts, [file]: edited }));
};

/** A change each time: the number of replicas of three apps. */
export function changes(program: Publisher): () => Promise<string> {
  let replicas = 2;
  return () => {
    replicas += 1;
    return program.up(fleetOf(replicas), stage);
  };
}
