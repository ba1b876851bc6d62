/** The provider's side of `gitops:index:Guard`: deleted before everything else of its stage, or not at all. */
import type { AtHetzner, InCluster } from "../../stacks/cluster/leftovers.ts";
import { madeByCluster } from "../../stacks/cluster/leftovers.ts";
import type { ExistingRequest, Resource } from "../resource.ts";
import { UserError } from "../resource.ts";
import type { Properties } from "../values.ts";
import type { Ask } from "./departure.ts";

export interface Sight {
  /** The cluster's API; what it throws is why it says nothing. */
  readonly cluster: (inputs: Properties, signal: AbortSignal) => Ask;
  /** @throws Error that says why Hetzner says nothing */
  readonly hetzner: (inputs: Properties) => Promise<AtHetzner>;
  readonly env: { readonly [name: string]: string | undefined };
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function list<T>(ask: Ask, path: string): Promise<readonly T[]> {
  const { status, text } = await ask({ path });
  if (status !== 200) throw new UserError(`${path} answers ${status}`);
  return (JSON.parse(text) as { readonly items?: readonly T[] }).items ?? [];
}

async function inCluster({ inputs, log, signal }: ExistingRequest, sight: Sight): Promise<InCluster | undefined> {
  try {
    const ask = sight.cluster(inputs, signal);
    return { services: await list(ask, "/api/v1/services"), volumes: await list(ask, "/api/v1/persistentvolumes") };
  } catch (error) {
    await log("WARNING", `only Hetzner is asked what the cluster made, because its API says nothing: ${reason(error)}`);
    return undefined;
  }
}

const released = (stage: string): string => `K3S_STAGES_DESTROY=${stage}`;

async function refuseLeftovers(request: ExistingRequest, sight: Sight): Promise<void> {
  const { inputs } = request;
  const [stage, cluster] = [String(inputs["stage"]), String(inputs["cluster"])];
  const made = await inCluster(request, sight);
  const hetzner = await sight.hetzner(inputs).catch((error: unknown) => {
    const way = `Set a valid token (pulumi config set --secret hcloud:token) and run \`pulumi up\`, or set ${released(stage)}`;
    throw new UserError(
      `nobody can say what ${cluster} made at Hetzner: ${reason(error)}. ${way} to go without the answer`,
    );
  });
  const left = madeByCluster(cluster, hetzner, made);
  if (left.length === 0) return;
  throw new UserError(
    `${cluster} made for itself what \`pulumi destroy\` does not delete, and what would go on costing money:\n` +
      `${left.map((each) => `  ${each}`).join("\n")}\n` +
      "Delete those Services and PersistentVolumeClaims in the cluster and wait until the list is empty, or set " +
      `${released(stage)} to leave it all behind. Nothing was deleted.`,
  );
}

/**
 * Everything of its stage is made before it, so the engine deletes it first. `gone` is called once it let go: then the whole
 * stage is on its way out.
 */
export function guard(sight: Sight, gone: () => void = () => {}): Resource {
  return {
    create: ({ inputs }) => ({ id: String(inputs["cluster"]), outputs: {} }),
    update: () => ({ outputs: {} }),
    async delete(request) {
      const stage = String(request.inputs["stage"]);
      if (sight.env["K3S_STAGES_DESTROY"] === stage) {
        await request.log("WARNING", `${released(stage)}: what the cluster made at Hetzner is not looked at and stays`);
      } else await refuseLeftovers(request, sight);
      gone();
    },
  };
}
