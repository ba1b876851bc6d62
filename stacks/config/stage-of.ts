import { ConfigError } from "./error.ts";
import type { Fleet, Stage } from "./fleet.ts";

/** @throws ConfigError that names the stages there are */
export function stageOf({ stages }: Pick<Fleet, "stages">, name: string): Stage {
  const found = stages.find((stage) => stage.name === name);
  if (found) return found;
  throw new ConfigError(`There is no stage ${name}; Pulumi.yaml has ${stages.map((stage) => stage.name).join(", ")}.`);
}
