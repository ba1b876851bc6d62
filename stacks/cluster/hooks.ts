/** SHELL: what runs beside a resource's operation. */
import * as pulumi from "@pulumi/pulumi";
import { isHalfMade, wayOut } from "./way-out.ts";

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

/**
 * The provider says what Hetzner answered; this says what can be done about it. It never asks for another try. A create whose
 * answer was lost may have been done all the same, so Hetzner is asked what is there by now.
 */
export function sayWayOut(namesake: Namesake): pulumi.ErrorHook {
  return new pulumi.ErrorHook("k3s-stages:way-out", async ({ name, type, failedOperation, errors: [newest = ""] }) => {
    const there = mayBeThere(failedOperation, newest) ? await namesake({ type, name, error: newest }) : undefined;
    const sentence = there ?? wayOut(newest);
    if (sentence) await pulumi.log.error(`${name}: ${sentence}`);
    return false;
  });
}
