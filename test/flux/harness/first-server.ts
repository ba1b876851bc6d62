/**
 * The first server of a stage, as far as it hands its cluster over to the GitOps repository: its own script of that phase,
 * as user data brings it, with the real kubectl and flux. What it has of systemd and the disk is test/fake-node.ts.
 */
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { execute, type Run } from "../../../sandbox/process/execute.ts";
import type { Fleet, Stage } from "../../../stacks/config/fleet.ts";
import { FakeNode } from "../../fake-node.ts";
import { planIn } from "../../node-plan.ts";
import { fluxBinary } from "./flux-command.ts";

export interface FirstServer {
  /** Lets the unit run to its end, or until a line of what it says is of this form: then its power is cut. */
  run(cut?: RegExp): Promise<Run>;
  /** What the unit says of itself. */
  status(): { readonly phase: string; readonly state: string; readonly attempt: number; readonly error: string };
  /** Every wait between two tries takes so many seconds of its clock, and none of ours. */
  hurry(seconds: number): void;
  remove(): void;
}

export interface FirstServerArgs {
  readonly fleet: Fleet;
  readonly stage: Stage;
  readonly kubeconfigFile: string;
  /** Where its programs find what this machine's network has not: proxies, authorities. */
  readonly env: { readonly [name: string]: string };
}

/** Against hanging: flux waits three minutes where another commit came before its own was fetched. Seconds. */
const limit = 900;

export async function firstServer({ fleet, stage, kubeconfigFile, env }: FirstServerArgs): Promise<FirstServer> {
  const node = new FakeNode(planIn(fleet, stage, "server-1")).only("flux").useOwn("kubectl").useOwn("flux");
  const flux = join(node.root, "usr/local/bin/flux");
  const kubeconfig = join(node.root, "etc/rancher/k3s/k3s.yaml");
  for (const file of [flux, kubeconfig]) mkdirSync(dirname(file), { recursive: true });
  symlinkSync(await fluxBinary(), flux);
  copyFileSync(kubeconfigFile, kubeconfig);
  return {
    async run(cut) {
      const power = new AbortController();
      const unit = node.unit(undefined, limit);
      const onLine = (line: string) => void (cut?.test(line) && power.abort());
      // No more than systemd gives: above all no HOME.
      return execute({ ...unit, cwd: node.root, env: { ...unit.env, ...env }, onLine, kill: power.signal });
    },
    status: () => node.status(),
    hurry: (seconds) => node.set("speed", seconds),
    remove: () => node.remove(),
  };
}
