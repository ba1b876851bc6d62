import { HalfMadeError, type Resource, UserError } from "../../../provider/resource.ts";
import { type Properties, unknown, type Value } from "../../../provider/values.ts";
import type { Client } from "./client.ts";
import { changedNames, difference } from "./diff.ts";
import { checked } from "./inputs.ts";
import { type Fields, given, type Kind, Unfinished } from "./kind.ts";

function stored(fields: Fields, inputs: Properties): Properties {
  const entries = Object.entries(inputs).map(([name, value]) => {
    const change = fields[name]?.stored;
    return [name, change && typeof value === "string" && value !== unknown ? change(value) : value];
  });
  return Object.fromEntries(entries);
}

/** What a preview can know: the inputs, and that the rest will be known later. */
function planned(fields: Fields, inputs: Properties, old: Properties = {}): Properties {
  const later = Object.keys(fields).filter((name) => fields[name]?.computed && inputs[name] === undefined);
  const unknowns: { readonly [name: string]: Value } = Object.fromEntries(later.map((name) => [name, unknown]));
  return { ...unknowns, ...old, ...stored(fields, inputs) };
}

async function outputsOf({ kind, client, id }: { kind: Kind; client: Client; id: string }, inputs: Properties) {
  const found = await kind.read(client, id, inputs);
  if (!found) throw new UserError(`${id} vanished while it was being worked on`);
  return { ...stored(kind.fields, inputs), ...found };
}

/** An input that is no longer so takes the API's value; on `pulumi import` everything that can be an input becomes one. */
function refreshedInputs(fields: Fields, inputs: Properties, found: Properties): Properties {
  const imported = Object.keys(inputs).length === 0;
  const settable = Object.keys(found).filter((name) => fields[name] && !fields[name].output && !fields[name].stored);
  const drifted = new Set(changedNames(fields, found, inputs));
  const names = settable.filter((name) => imported || (name in inputs && drifted.has(name)));
  return { ...inputs, ...given(Object.fromEntries(names.map((name) => [name, found[name]]))) };
}

/** One Pulumi resource type out of its declaration. */
export function resource(kind: Kind, client: Client): Resource {
  const { fields } = kind;
  return {
    check: (request) => checked(fields, request),
    diff: (request) => difference(fields, request),
    create: async ({ inputs, preview }) => {
      if (preview) return { id: "", outputs: planned(fields, inputs) };
      const id = await kind.create(client, inputs).catch((error: unknown) => {
        if (!(error instanceof Unfinished)) throw error;
        // SDKv2 then stores what was planned, as if it had come about; only a refresh tells them apart.
        throw new HalfMadeError(error, { id: error.id, outputs: stored(fields, inputs) });
      });
      return { id, outputs: await outputsOf({ kind, client, id }, inputs) };
    },
    read: async ({ id, inputs, outputs }) => {
      const found = await kind.read(client, id, { ...outputs, ...inputs });
      if (!found) return undefined;
      return { id, inputs: refreshedInputs(fields, inputs, found), outputs: { ...outputs, ...found } };
    },
    update: async ({ id, inputs, oldOutputs: old, preview }) => {
      if (preview) return { outputs: planned(fields, inputs, old) };
      const names = changedNames(fields, old, inputs);
      const changed = (...wanted: readonly string[]) => wanted.some((name) => names.includes(name));
      await kind.update?.(client, { id, inputs, old, changed });
      return { outputs: await outputsOf({ kind, client, id }, inputs) };
    },
    delete: ({ id, outputs }) => kind.remove(client, id, outputs),
  };
}
