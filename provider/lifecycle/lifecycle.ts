/** The resources that look after nodes that live, and by which they and whole stages leave; these share whether the stage goes. */

import type { Resource } from "../resource.ts";
import { guard } from "./guard.ts";
import { membership } from "./membership.ts";
import { nodes } from "./nodes.ts";
import { serverToken } from "./server-token.ts";
import { atHetzner, clusterAsk } from "./sight.ts";

export function lifecycle(): { readonly [token: string]: Resource } {
  const { env } = process;
  let leaving = false;
  const gone = () => {
    leaving = true;
  };
  const cluster = (inputs: Parameters<typeof clusterAsk>[0], signal: AbortSignal) =>
    clusterAsk(inputs, String(inputs["server"] ?? ""), signal);
  return {
    "gitops:index:Nodes": nodes({ env }),
    "gitops:index:ServerToken": serverToken({ env }),
    "gitops:index:Membership": membership({ open: clusterAsk, leaving: () => leaving, env }),
    "gitops:index:Guard": guard({ cluster, hetzner: atHetzner, env }, gone),
  };
}
