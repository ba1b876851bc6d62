/** The `flux` of the pinned release, as people, `npm run flux-upgrade` and a first server run it. */
import { join } from "node:path";
import { execute } from "../../../sandbox/process/execute.ts";
import { extraComponents } from "../../../stacks/gitops/flux-components.ts";
import { built } from "./build.ts";
import { tools } from "./modules.ts";

export const fluxBinary = async (): Promise<string> => join(await built(tools.flux), "flux");

/** The text of gotk-components.yaml. */
export async function fluxComponents(): Promise<string> {
  const args = ["install", "--export", `--components-extra=${extraComponents.join(",")}`];
  return (await execute({ file: await fluxBinary(), args })).stdout;
}
