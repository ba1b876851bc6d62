/** Which Pod Security Standard a base asks for by itself. */
import type { Skeleton } from "../config/fleet.ts";
import { container, type Layer } from "./layers.ts";
import { at } from "./read.ts";
import { isCount } from "./use.ts";

export type Security = Pick<Skeleton, "security" | "user">;

const isUid = (value: unknown): value is number => isCount(value) && value > 0;

/** Restricted only where the files say all of what it renders: taking over must not stop an image that runs as root. */
export function securityOf(deployments: readonly Layer[]): Security {
  const contexts = deployments.flatMap((each) => [
    each.get(...container, "securityContext"),
    each.get("spec", "template", "spec", "securityContext"),
  ]);
  const has = (expected: unknown, ...path: readonly (string | number)[]) =>
    contexts.some((each) => at(each, path) === expected);
  const isRestricted =
    has(true, "runAsNonRoot") && has(false, "allowPrivilegeEscalation") && has("ALL", "capabilities", "drop", 0);
  const user = contexts.map((each) => at(each, ["runAsUser"])).find(isUid);
  return { security: isRestricted ? "restricted" : "baseline", user };
}
