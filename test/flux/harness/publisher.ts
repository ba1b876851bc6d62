/** What `pulumi up` does with a stage's tree, by the provider's own functions; the engine's state is kept here. */
import { remotes } from "../../../provider/remotes.ts";
import type { Resource } from "../../../provider/resource.ts";
import { tree } from "../../../provider/tree.ts";
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

interface Update {
  readonly inputs: Properties;
  readonly oldInputs: Properties;
  readonly oldOutputs: Properties;
}

async function updated({ update }: Resource, stage: string, change: Update) {
  if (!update) throw new Error("the tree cannot be updated");
  return update({ ...request(stage), id: stage, preview: false, ...change });
}

export function publisher(url: string): Publisher {
  const states = new Map<string, { readonly inputs: Properties; readonly outputs: Properties }>();
  return {
    async up(fleet, name) {
      const open = remotes();
      const resource = tree(open);
      const stage = fleet.stages.find((each) => each.name === name);
      const { files, placeholders } = treeOf(name, fleet);
      const texts = Object.entries(files).map(([path, text]) => [path, fenced(text)] as const);
      const { branch } = fleet.repository;
      const wanted = { stage: name, url, branch, path: stage?.path ?? "", placeholders: [...placeholders] };
      const state = states.get(name);
      const read = state && (await resource.read?.({ ...request(name), id: name, ...state }));
      const old = read?.inputs ?? {};
      const inputs = await checked(resource, name, {
        inputs: { ...wanted, files: Object.fromEntries(texts) },
        oldInputs: old,
      });
      const { outputs } = state
        ? await updated(resource, name, { inputs, oldInputs: old, oldOutputs: state.outputs })
        : await resource.create({ ...request(name), inputs, preview: false });
      states.set(name, { inputs, outputs });
      await open.restart(undefined); // closes the clone
      return `${outputs["commit"]}`;
    },
  };
}
