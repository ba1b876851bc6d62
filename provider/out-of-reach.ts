import type { CheckFailure, CheckRequest } from "./resource.ts";
import type { Properties } from "./values.ts";

/**
 * With `access: none` nobody brings another secret into the cluster, and the one that it has would be gone. Whether it is
 * reached is no part of what the resource is: `inputs` come back without it.
 */
export function outOfReach(
  { inputs: { reached = true, ...inputs }, oldInputs }: CheckRequest,
  { rotation, setting }: { readonly rotation: string; readonly setting: string },
): { readonly inputs: Properties; readonly failures: readonly CheckFailure[] } {
  const isNew = Object.keys(oldInputs).length === 0;
  if (reached || isNew || inputs[rotation] === oldInputs[rotation]) return { inputs, failures: [] };
  const reason =
    `cluster.rotate.${setting} would take from the cluster what it has, and access: none brings it nothing else. Put it back ` +
    "as it was, or set cluster.access to direct for this update";
  return { inputs, failures: [{ property: rotation, reason }] };
}
