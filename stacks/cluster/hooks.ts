/** SHELL: what runs beside a resource's operation. */
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { isHalfMade, isTooEarly, wayOut } from "./way-out.ts";

export interface Made {
  /** The resource's type in Pulumi: `hcloud:index/server:Server`. */
  readonly type: string;
  readonly name: string;
  /** Why its creation failed. */
  readonly error: string;
}

/** A sentence about what is there at Hetzner in its place, where that explains the error. */
export type Namesake = (made: Made) => Promise<string | undefined>;

/** What is half made is in the state, and nobody has to take it over. */
const mayBeThere = (operation: string, error: string): boolean => operation === "create" && !isHalfMade(error);

/** Milliseconds that Hetzner is given for what it is at work on already. */
const pause = 10_000;

/**
 * The provider says what Hetzner answered; this says what can be done about it. One more try it asks for only where Hetzner
 * is doing just that already, which the provider does not wait for. A create whose answer was lost may have been done all the
 * same, so Hetzner is asked what is there by now.
 */
export function afterFailure(namesake: Namesake, milliseconds = pause): pulumi.ErrorHookFunction {
  return async ({ name, type, failedOperation, errors }) => {
    const [newest = ""] = errors;
    if (isTooEarly(newest) && errors.length === 1) {
      await sleep(milliseconds);
      return true;
    }
    const there = mayBeThere(failedOperation, newest) ? await namesake({ type, name, error: newest }) : undefined;
    const sentence = there ?? wayOut(newest);
    if (sentence) await pulumi.log.error(`${name}: ${sentence}`);
    return false;
  };
}

export const sayWayOut = (namesake: Namesake): pulumi.ErrorHook =>
  new pulumi.ErrorHook("k3s-stages:way-out", afterFailure(namesake));

/** Asks Hetzner which machines its load balancers send nothing to, and why; nothing where all is well. */
export type Targets = () => Promise<string | undefined>;

/** How often a stage's load balancers are looked at until their machines answer, and with how many milliseconds between. */
const looks = { most: 12, between: 5_000 };

/** A stage that works may have a machine that gets nothing: it is given a minute, then somebody is told. */
export async function afterReady(targets: Targets, { most, between } = looks): Promise<void> {
  let trouble = await targets();
  for (let look = 1; trouble && look < most; look += 1) {
    await sleep(between);
    trouble = await targets();
  }
  if (trouble) await pulumi.log.warn(trouble);
}

/** Of what waits for a cluster: what its load balancers say where it waited in vain, and where it did not. */
export function sayTargets(targets: Targets): pulumi.ResourceHookBinding {
  const failed = new pulumi.ErrorHook("k3s-stages:targets", async ({ name }) => {
    const trouble = await targets();
    if (trouble) await pulumi.log.error(`${name}: ${trouble}`);
    return false;
  });
  const done = () => afterReady(targets);
  return { onError: [failed], afterCreate: [done], afterUpdate: [done] };
}
