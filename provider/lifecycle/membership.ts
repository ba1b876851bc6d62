/** The provider's side of `gitops:index:Membership`: a node's place in its cluster, given up before its machine goes. */

import type { ChangeKind, DiffRequest, ExistingRequest, Resource } from "../resource.ts";
import { UserError } from "../resource.ts";
import type { Properties, Value } from "../values.ts";
import { type Ask, abandon, depart } from "./departure.ts";

export interface Access {
  /** One server's API. @throws UserError when it cannot be reached */
  readonly open: (inputs: Properties, server: string, signal: AbortSignal) => Ask;
  /** Whether the whole stage is on its way out. */
  readonly leaving: () => boolean;
  readonly env: { readonly [name: string]: string | undefined };
  readonly pause?: number;
  readonly patience?: number;
}

const strings = (value: Value | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** The machine's id is what it stands on: another one is another membership, and the old one ends before the old machine. */
function difference({ oldInputs, inputs }: DiffRequest) {
  const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(inputs)])];
  const changed = names.filter((name) => JSON.stringify(oldInputs[name]) !== JSON.stringify(inputs[name]));
  const kind = (name: string): ChangeKind => (name === "machine" || name === "node" ? "UPDATE_REPLACE" : "UPDATE");
  return { changes: Object.fromEntries(changed.map((name) => [name, kind(name)])), deleteBeforeReplace: true };
}

/** The first server that answers, its own last: it is the one that stops. */
async function reached({ inputs, signal }: ExistingRequest, { open }: Access): Promise<Ask | readonly string[]> {
  const own = String(inputs["own"] ?? "");
  const servers = strings(inputs["servers"]).toSorted((a, b) => Number(a === own) - Number(b === own));
  const reasons: string[] = [];
  for (const server of servers) {
    const ask = open(inputs, server, signal);
    try {
      const { status } = await ask({ path: "/readyz" });
      if (status === 200) return ask;
      reasons.push(`${server} answers ${status}`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons.push(`${server}: ${error.message}`);
    }
  }
  return reasons;
}

const skips = ({ env }: Access, name: string): boolean =>
  (env["K3S_STAGES_SKIP_DRAIN"] ?? "").split(",").includes(name);

async function leave(request: ExistingRequest, access: Access): Promise<void> {
  const { inputs, log, signal } = request;
  const [name, role] = [String(inputs["node"]), String(inputs["role"])];
  if (access.leaving() || (role === "server" && strings(inputs["servers"]).length < 2)) return;
  const goes = skips(access, name) ? `K3S_STAGES_SKIP_DRAIN: ${name} goes as it is` : undefined;
  const ask = await reached(request, access);
  if (typeof ask !== "function") {
    const reasons = ask.join("; ");
    if (goes) return log("WARNING", `${goes}, and its cluster is not told, because no server answers (${reasons})`);
    throw new UserError(
      `${name} cannot be taken out of its cluster, because no server answers (${reasons}). Nothing was deleted. ` +
        `If the cluster is dead, set K3S_STAGES_SKIP_DRAIN=${name} to let its machine go as it is`,
    );
  }
  const { pause = 2000, patience = 600_000 } = access;
  if (goes) await log("WARNING", `${goes}, with its pods; its cluster forgets it`);
  const machine = String(inputs["machine"]);
  await (goes ? abandon : depart)({ name, role, machine, ask, log, signal, pause, patience });
}

/** Nothing is done at its creation: the node joins by itself. */
export function membership(access: Access): Resource {
  return {
    diff: difference,
    create: ({ inputs }) => ({ id: String(inputs["node"]), outputs: {} }),
    update: () => ({ outputs: {} }),
    delete: (request) => leave(request, access),
  };
}
