import type { ChangeKind, Diff, DiffRequest } from "../../../provider/resource.ts";
import { isProperties, type Properties, unknown, type Value } from "../../../provider/values.ts";
import type { Fields, Property } from "./kind.ts";

const isEmpty = (value: Value | undefined): boolean =>
  !value || (typeof value === "object" && Object.keys(value).length === 0);

const sameObject = (fields: Fields, now: Properties, want: Properties): boolean =>
  Object.entries(fields).every(([name, property]) => same(property, now[name], want[name]));

function sameItem(property: Property, now: Value | undefined, want: Value): boolean {
  if (property.fields && isProperties(want))
    return isProperties(now ?? null) && sameObject(property.fields, now as Properties, want);
  return now === want;
}

function sameItems(property: Property, now: readonly Value[], want: readonly Value[]): boolean {
  if (now.length !== want.length) return false;
  if (property.type === "list") return want.every((item, index) => sameItem(property, now[index], item));
  return want.every((item) => now.some((candidate) => sameItem(property, candidate, item)));
}

function sameLabels(now: Value | undefined, want: Properties): boolean {
  const known = isProperties(now ?? null) ? (now as Properties) : {};
  const names = new Set([...Object.keys(known), ...Object.keys(want)]);
  return [...names].every((name) => known[name] === want[name]);
}

function sameScalar(property: Property, now: Value | undefined, want: Value): boolean {
  const stored = property.stored && typeof want === "string" ? property.stored(want) : want;
  return now === stored || (isEmpty(now) && isEmpty(stored));
}

/** Terraform's question: is what the state says what the configuration wants? */
function same(property: Property, now: Value | undefined, want: Value | undefined): boolean {
  if (want === undefined) return !property.mustBeGiven && (property.computed === true || isEmpty(now));
  if (want === unknown) return false;
  if (Array.isArray(want)) return sameItems(property, Array.isArray(now) ? now : [], want);
  if (!isProperties(want)) return sameScalar(property, now, want);
  return property.type === "labels" ? sameLabels(now, want) : sameItem(property, now, want);
}

export function changedNames(fields: Fields, old: Properties, inputs: Properties): readonly string[] {
  const inputFields = Object.entries(fields).filter(([, { output }]) => !output);
  return inputFields.filter(([name, property]) => !same(property, old[name], inputs[name])).map(([name]) => name);
}

function kindOf(property: Property | undefined, now: Value | undefined, want: Value | undefined): ChangeKind {
  const kind = want === undefined ? "DELETE" : isEmpty(now) ? "ADD" : "UPDATE";
  return property?.replaces ? `${kind}_REPLACE` : kind;
}

/** A resource with a name of the user's own is deleted before it is replaced (pulumi-terraform-bridge pkg/tfbridge/schema.go). */
export function difference(fields: Fields, request: DiffRequest): Diff {
  const { oldOutputs, oldInputs, inputs, ignoreChanges, urn } = request;
  const ignored = new Set(ignoreChanges.map((path) => path.split(/[.[]/)[0]));
  const names = changedNames(fields, oldOutputs, inputs).filter((name) => !ignored.has(name));
  const changes = names.map((name) => [name, kindOf(fields[name], oldInputs[name], inputs[name])]);
  const name = inputs["name"];
  const automatic =
    typeof name === "string" && name.startsWith(`${urn.split("::").at(-1)}-`) && /-[0-9a-f]{7}$/.test(name);
  return { changes: Object.fromEntries(changes), deleteBeforeReplace: name !== undefined && !automatic };
}
