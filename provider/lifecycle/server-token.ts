/** The provider's side of `gitops:index:ServerToken`: the token by which servers join, and those that live are started. */
import type { CreateRequest, Resource, State } from "../resource.ts";
import { type Properties, secret, unknown, type Value } from "../values.ts";

export interface Around {
  readonly env: { readonly [name: string]: string | undefined };
  /** Seconds between two looks. */
  readonly pause?: number;
}

const known = (token: Value | undefined): State => ({ outputs: { token: secret(token ?? unknown) } });

/** Loaded where there is another token, which is in few runs. */
async function another(request: CreateRequest, { env, pause = 1 }: Around): Promise<State> {
  const { rotate } = await import("./token-rotation.ts");
  const skipped = (env["K3S_STAGES_SKIP_DRAIN"] ?? "").split(",");
  return known(await rotate(request, { skipped, pause }));
}

/** `Pki` has the token that a cluster is born with, which is of this rotation. */
const isBornWith = ({ rotation, born }: Properties): boolean => rotation === (born ?? 1);

/**
 * Another rotation is another token, which all servers that live have taken when that is done. Until then it lies in the cluster,
 * so that the run after one that failed goes on with the same, whatever the state knows.
 */
export function serverToken(around: Around): Resource {
  return {
    async create(request) {
      const { inputs, preview } = request;
      if (preview) return { id: "", ...known(unknown) };
      const id = String(inputs["cluster"]);
      return { id, ...(isBornWith(inputs) ? known(inputs["token"]) : await another(request, around)) };
    },
    async update(request) {
      const { inputs, oldInputs, oldOutputs, preview } = request;
      if (inputs["rotation"] === oldInputs["rotation"]) return known(oldOutputs["token"]);
      return preview ? known(unknown) : another(request, around);
    },
  };
}
