import type { Remotes } from "../remotes.ts";
import type { ExistingRequest } from "../resource.ts";

/** Output that no display shows: the commit that holds what the inputs say. After a lost race there is none. */
export const exact = "__exact";

/**
 * One look at the remote's head, for what the state holds; remembered for the Check of the same run.
 * `meanwhile` is done while the remote is asked. @throws PublishError
 */
export async function isSettled(
  open: Remotes,
  { inputs, outputs, signal }: ExistingRequest,
  meanwhile: () => unknown,
): Promise<boolean> {
  const commit = outputs[exact];
  if (commit === undefined) return false;
  const [url, branch] = [String(inputs["url"]), String(inputs["branch"])];
  const { remote, tip, settled } = open.at({ url, branch, signal });
  const asked = tip();
  remote.prepare();
  meanwhile();
  if (commit !== (await asked)) return false;
  settled.add(String(inputs["stage"]));
  return true;
}
