/** What `pulumi up` does with a stage's tree, by the provider's own functions; the engine's state is kept here. */
import { remotes } from "../../../provider/remotes.ts";
import type { Resource } from "../../../provider/resource.ts";
import { tree } from "../../../provider/tree/tree.ts";
import type { Properties } from "../../../provider/values.ts";
import type { Fleet } from "../../../stacks/config/fleet.ts";
import { fenced } from "../../../stacks/publish/fence.ts";
import { treeOf } from "../../fleets.ts";

export interface Publisher {
  /** Refresh, check, diff, and a commit where something differs: gives the head's commit. @throws Error in the program's words */
  up(fleet: Fleet, stage: string): Promise<string>;
}

const request = (stage: string) => ({
  urn: `urn:pulumi:${stage}::k3s-stages::gitops:index:Tree::${stage}`,
  log: async () => undefined,
  signal: new AbortController().signal,
  secrets: new Set<string>(),
  timeout: 0,
});

/** @throws Error with every refusal of the check */
async function checked(
  { check }: Resource,
  stage: string,
  { inputs, oldInputs }: { readonly inputs: Properties; readonly oldInputs: Properties },
) {
  const answer = await check?.({ ...request(stage), inputs, oldInputs });
  const failures = answer?.failures ?? [];
  if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("\n"));
  return answer?.inputs ?? {};
}

interface Change {
  readonly inputs: Properties;
  readonly old: Properties;
  readonly state: { readonly outputs: Properties } | undefined;
}

/** Creates, updates, or leaves alone what does not differ, as the engine does. */
async function applied(resource: Resource, stage: string, { inputs, old, state }: Change): Promise<Properties> {
  if (!state) return (await resource.create({ ...request(stage), inputs, preview: false })).outputs;
  const existing = { id: stage, oldInputs: old, oldOutputs: state.outputs, ignoreChanges: [] };
  const { changes } = (await resource.diff?.({ ...request(stage), inputs, ...existing })) ?? { changes: {} };
  if (Object.keys(changes).length === 0) return state.outputs;
  const updated = await resource.update?.({ ...request(stage), inputs, preview: false, ...existing });
  return updated?.outputs ?? {};
}

/** `written` makes of a rendered text what is published. */
export function publisher(url: string, written: (text: string) => string = (text) => text): Publisher {
  const states = new Map<string, { readonly inputs: Properties; readonly outputs: Properties }>();
  return {
    async up(fleet, name) {
      const open = remotes();
      const resource = tree(open);
      const stage = fleet.stages.find((each) => each.name === name);
      const { files, placeholders } = treeOf(name, fleet);
      const texts = Object.entries(files).map(([path, text]) => [path, fenced(written(text))] as const);
      const { branch } = fleet.repository;
      const wanted = { stage: name, url, branch, path: stage?.path ?? "", placeholders: [...placeholders] };
      const state = states.get(name);
      const read = state && (await resource.read?.({ ...request(name), id: name, ...state }));
      const old = read?.inputs ?? {};
      const inputs = await checked(resource, name, {
        inputs: { ...wanted, files: Object.fromEntries(texts) },
        oldInputs: old,
      });
      const outputs = await applied(resource, name, { inputs, old, state });
      states.set(name, { inputs, outputs });
      await open.restart(undefined); // closes the clone
      return `${outputs["commit"]}`;
    },
  };
}
