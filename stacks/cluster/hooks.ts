/** SHELL: what runs beside a resource's operation. */
import * as pulumi from "@pulumi/pulumi";
import { isUnsure, wayOut } from "./way-out.ts";

export interface Made {
  /** The resource's type in Pulumi: `hcloud:index/server:Server`. */
  readonly type: string;
  readonly name: string;
}

/** A sentence about what is there at Hetzner under a resource's name; nothing for a kind without names. */
export type Namesake = (made: Made) => Promise<string | undefined>;

/**
 * The provider says what Hetzner answered; this says what can be done about it. It never asks for another try. A create whose
 * answer was lost may have been done all the same, so Hetzner is asked what is there by now.
 */
export function sayWayOut(namesake: Namesake): pulumi.ErrorHook {
  return new pulumi.ErrorHook("k3s-stages:way-out", async ({ name, type, failedOperation, errors: [newest = ""] }) => {
    const there = failedOperation === "create" && isUnsure(newest) ? await namesake({ type, name }) : undefined;
    const sentence = there ?? wayOut(newest);
    if (sentence) await pulumi.log.error(`${name}: ${sentence}`);
    return false;
  });
}
