import { createHash } from "node:crypto";
import type { CheckFailure, CheckRequest } from "../../../provider/resource.ts";
import { isProperties, type Properties, propertyPath, unknown, type Value } from "../../../provider/values.ts";
import type { Fields, Property } from "./kind.ts";

/** The bridge turns numbers in strings into numbers and back: `Output<ID>` is a string, `networkId` a number. */
function plain(type: string | undefined, value: Value): Value {
  if (value === unknown) return value;
  if (type === "number" && typeof value === "string" && /^-?\d+$/.test(value)) return Number(value);
  if (type === "string" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}

function coerced(property: Property, value: Value): Value {
  const item = (one: Value): Value => {
    if (!property.fields) return plain(property.items ?? property.type, one);
    return isProperties(one) ? withDefaults(property.fields, one) : one;
  };
  return Array.isArray(value) ? value.map(item) : item(value);
}

function withDefaults(fields: Fields, inputs: Properties): Properties {
  const known = Object.entries(inputs).filter(([name, value]) => name in fields && value !== null);
  const values = known.map(([name, value]) => [name, coerced(fields[name] ?? { type: "string" }, value)]);
  const missing = Object.entries(fields).filter(
    ([name, { initially }]) => initially !== undefined && !(name in inputs),
  );
  return Object.fromEntries([...missing.map(([name, { initially }]) => [name, initially]), ...values]);
}

function missing(fields: Fields, inputs: Properties, parent = ""): readonly CheckFailure[] {
  return Object.entries(fields).flatMap(([name, property]) => {
    const property_ = propertyPath(parent, name);
    const value = inputs[name];
    if (value === undefined)
      return property.required ? [{ property: property_, reason: `Missing required argument "${property_}"` }] : [];
    const items = Array.isArray(value) ? value : [value];
    return items.flatMap((item, index) => {
      const path = Array.isArray(value) ? propertyPath(property_, index) : property_;
      return property.fields && isProperties(item) ? missing(property.fields, item, path) : [];
    });
  });
}

/** The bridge's auto-naming: the logical name and seven hex digits; kept as long as no name is given. */
function autoName({ urn, oldInputs }: CheckRequest): string {
  const kept = oldInputs["name"];
  const digits = createHash("sha256").update(`${urn}${Date.now()}`).digest("hex").slice(0, 7);
  return typeof kept === "string" ? kept : `${urn.split("::").at(-1)}-${digits}`;
}

/** Whether a value can be right is left to the API, which the real provider in part asks before it. */
export function checked(fields: Fields, request: CheckRequest) {
  const named = "name" in fields && request.inputs["name"] === undefined;
  const inputs = withDefaults(fields, named ? { ...request.inputs, name: autoName(request) } : request.inputs);
  return { inputs, failures: missing(fields, inputs) };
}
