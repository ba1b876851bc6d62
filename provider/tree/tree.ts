/**
 * The provider's side of `gitops:index:Tree`. What plans lies in work.ts, which takes as long to load as the plugin to
 * start: a look at the remote does without, and the program asks for it first of all (stacks/early-plugin.ts).
 */
import { PublishError } from "../../stacks/publish/problem.ts";
import type { Remotes } from "../remotes.ts";
import type { ExistingRequest, Found, Request, Resource } from "../resource.ts";
import { UserError } from "../resource.ts";
import { treeDiff } from "./diff.ts";
import { isSettled } from "./exact.ts";

/** Loads what a plan needs. */
export const treeWork = () => import("./work.ts");

const treeRead = () => import("./read.ts");

/** Doubt about the remote is no reason to forget the state. */
async function read(open: Remotes, request: ExistingRequest): Promise<Found> {
  const { id, inputs, outputs, log } = request;
  if (Object.keys(inputs).length === 0) {
    throw new UserError(
      "a tree needs no import: `pulumi up` takes over the files that the repository's manifest lists",
    );
  }
  const known = { id, inputs, outputs, refreshBeforeUpdate: true };
  try {
    return (await isSettled(open, request, treeRead)) ? known : await (await treeRead()).read(open, request);
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    await log("WARNING", `what the state remembers is shown, because ${error.message}`);
    return known;
  }
}

/** What the user or the world did wrong keeps its words; a bug keeps its stack. */
function guarded<Q extends Request, S>(work: (request: Q) => Promise<S>) {
  return async (request: Q): Promise<S> => {
    try {
      return await work(request);
    } catch (error) {
      if (request.signal.aborted) throw new UserError("cancelled: nothing more was pushed");
      throw error instanceof PublishError ? new UserError(error.message) : error;
    }
  };
}

export function tree(open: Remotes): Resource {
  return {
    check: guarded(async (request) => (await treeWork()).check(open, request)),
    diff: ({ oldInputs, inputs }) => treeDiff(oldInputs, inputs),
    create: guarded(async (request) => ({
      id: String(request.inputs["stage"]),
      ...(await (await treeWork()).write(open, request, {})),
    })),
    read: guarded((request) => read(open, request)),
    update: guarded(async (request) => (await treeWork()).write(open, request, request.oldInputs)),
    delete: guarded(async (request) => (await treeWork()).remove(open, request)),
  };
}
