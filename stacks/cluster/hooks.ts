/** SHELL: what runs beside a resource's operation. */
import * as pulumi from "@pulumi/pulumi";
import { wayOut } from "./way-out.ts";

/** The provider says what Hetzner answered; this says what can be done about it. It never asks for another try. */
export function sayWayOut(): pulumi.ErrorHook {
  return new pulumi.ErrorHook("k3s-stages:way-out", async ({ name, errors: [newest = ""] }) => {
    const sentence = wayOut(newest);
    if (sentence) await pulumi.log.error(`${name}: ${sentence}`);
    return false;
  });
}
