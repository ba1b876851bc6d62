/** Which Pod Security Standard a base asks for by itself. */
import type { Skeleton } from "../config/fleet.ts";
import { container, type Layer } from "./layers.ts";
import { at, keysOf } from "./read.ts";

export type Security = Pick<Skeleton, "security" | "user">;

const isUid = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0;

const contextsOf = (deployment: Layer): readonly unknown[] => [
  deployment.get(...container, "securityContext"),
  deployment.get("spec", "template", "spec", "securityContext"),
];

/** What is rendered for one standard or the other. */
const known = ["runAsNonRoot", "runAsUser", "seccompProfile", "allowPrivilegeEscalation", "capabilities"];

/** What a rendered base cannot say: `securityContext.fsGroup`, `capabilities.add`, root by number. */
export const beyondSecurity = (deployment: Layer): readonly string[] =>
  contextsOf(deployment).flatMap((each) => [
    ...keysOf(each)
      .filter((key) => !known.includes(key))
      .map((key) => `securityContext.${key}`),
    ...(at(each, ["capabilities", "add"]) === undefined ? [] : ["capabilities.add"]),
    ...(at(each, ["runAsUser"]) === 0 ? ["runAsUser: 0"] : []),
  ]);

/** Restricted only where the files say all of what it renders: taking over must not stop an image that runs as root. */
export function securityOf(deployments: readonly Layer[]): Security {
  const contexts = deployments.flatMap(contextsOf);
  const has = (expected: unknown, ...path: readonly (string | number)[]) =>
    contexts.some((each) => at(each, path) === expected);
  const isRestricted =
    has(true, "runAsNonRoot") && has(false, "allowPrivilegeEscalation") && has("ALL", "capabilities", "drop", 0);
  const user = contexts.map((each) => at(each, ["runAsUser"])).find(isUid);
  return { security: isRestricted ? "restricted" : "baseline", user };
}
