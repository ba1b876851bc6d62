/**
 * Stands in for Pulumi's engine where thousands of runs are wanted: it creates, updates and deletes one after the other by a
 * provider's answers, keeps a state, goes on with what does not depend on a failure, and takes over what a lost answer left,
 * as the sentence about it tells people to. It has neither a checkpoint, nor parallel steps, nor pending operations: those
 * are Pulumi's, and the sweep has them.
 */
import { HalfMade, type hcloudClient, type State } from "./hcloud-client.ts";
import { kindsOf, type Made, type Name, wanted } from "./hcloud-cluster.ts";

/** By what the provider imports each kind; a thing by its own name, a part by what it is part of. */
type Ids = (name: Name, made: Made) => Promise<string | undefined>;

class Missing extends Error {}

/** Something that is not there yet holds up what needs it. */
const needed = (state: ReadonlyMap<Name, State>) =>
  new Proxy({} as Made, {
    get: (_, name: Name) => {
      const found = state.get(name);
      if (!found) throw new Missing(name);
      return found;
    },
  });

/** Of a living server, as in stacks/cluster/hetzner/servers.ts. */
const ignored = ["userData", "image", "sshKeys", "publicNets", "placementGroupId"];

const only = (inputs: State["inputs"], wants: (name: string) => boolean): State["inputs"] =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => wants(name)));

/** What is ignored stays as it was, or stays away. */
const settled = (old: State, inputs: State["inputs"]): State["inputs"] => ({
  ...only(inputs, (name) => !ignored.includes(name)),
  ...only(old.inputs, (name) => ignored.includes(name)),
});

export function applyLoop(client: ReturnType<typeof hcloudClient>, idOf: Ids) {
  const kinds = kindsOf(client);
  const state = new Map<Name, State>();

  async function create(name: Name, inputs: State["inputs"]): Promise<void> {
    try {
      state.set(name, await kinds[name].create(inputs));
    } catch (error) {
      if (error instanceof HalfMade) state.set(name, { id: error.id, inputs, outputs: error.outputs });
      throw error;
    }
  }

  async function change(name: Name, { old, ...news }: { readonly old: State; readonly inputs: State["inputs"] }) {
    const inputs = settled(old, news.inputs);
    const { changes, replaces } = await kinds[name].diff(old, inputs, ignored);
    if (replaces.length > 0) {
      await kinds[name].remove(old);
      state.delete(name);
      await create(name, inputs);
    } else if (changes.length > 0) state.set(name, await kinds[name].update(old, inputs));
  }

  async function step(name: Name, inputs: State["inputs"]): Promise<void> {
    const old = state.get(name);
    if (old) await change(name, { old, inputs });
    else await create(name, inputs);
  }

  /** What is gone leaves the state, and what is there is taken as it is. */
  async function refresh(): Promise<void> {
    for (const [name, known] of state) {
      const found = await kinds[name].read(known);
      if (found) state.set(name, found);
      else state.delete(name);
    }
  }

  async function takeOver(name: Name): Promise<void> {
    const id = await idOf(name, needed(state)).catch(() => undefined);
    const found = id === undefined ? undefined : await kinds[name].read({ id, inputs: {}, outputs: {} });
    if (found) state.set(name, found);
  }

  /** What went wrong; what was created by then stays in the state. */
  async function up(): Promise<readonly string[]> {
    const errors: string[] = [];
    for (const [name, inputs] of wanted) {
      try {
        await step(name, inputs(needed(state)));
      } catch (error) {
        if (!(error instanceof Missing)) errors.push(`${name}: ${(error as Error).message}`);
      }
    }
    return errors;
  }

  async function destroy(): Promise<readonly string[]> {
    const errors: string[] = [];
    for (const [name] of wanted.toReversed()) {
      const known = state.get(name);
      if (!known) continue;
      await kinds[name].remove(known).then(
        () => state.delete(name),
        (error: Error) => errors.push(`${name}: ${error.message}`),
      );
      // The engine deletes nothing whose dependants are left.
      if (errors.length > 0) return errors;
    }
    return errors;
  }

  /** After a run that failed: `pulumi up --refresh`, and every import that it names. */
  async function mend(): Promise<readonly string[]> {
    await refresh();
    const errors = await up();
    for (const [name] of wanted) if (!state.has(name)) await takeOver(name);
    return errors;
  }

  return { state, up, mend, refresh, destroy };
}
