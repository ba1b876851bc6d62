import { z } from "zod";

export type Labels = Readonly<Record<string, string>>;

const word = /^(?=.{1,63}$)[a-z0-9A-Z]([-._a-z0-9A-Z]*[a-z0-9A-Z])?$/;
const prefix = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function isKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return word.test(key);
  const domain = key.slice(0, slash);
  return prefix.test(domain) && domain !== "hetzner.cloud" && word.test(key.slice(slash + 1));
}

/** Kubernetes' rules for keys and values; the prefix `hetzner.cloud/` is reserved. */
export const labelsSchema = z
  .record(z.string(), z.string())
  .refine(
    (labels) => Object.entries(labels).every(([key, value]) => isKey(key) && (value === "" || word.test(value))),
    "label keys and values must be valid",
  );

type Requirement = (labels: Labels) => boolean;

/** One of `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`; `undefined` for anything else. */
function requirement(text: string): Requirement | undefined {
  const [, key = "", operator, list = ""] = /^(\S+)\s+(in|notin)\s+\(([^()]*)\)$/.exec(text) ?? [];
  if (operator) {
    const values = list.split(",").map((value) => value.trim());
    return (labels) => (key in labels && values.includes(labels[key] ?? "")) === (operator === "in");
  }
  const [, name = "", sign, value = ""] = /^([^\s!=]+)\s*(==|=|!=)\s*([^\s!=]*)$/.exec(text) ?? [];
  if (sign) return (labels) => (labels[name] === value) === (sign !== "!=");
  const [, not, only = ""] = /^(!?)([^\s!=()]+)$/.exec(text) ?? [];
  return only === "" ? undefined : (labels) => only in labels === (not === "");
}

/** What a `label_selector` picks; a comma means "and". `undefined` when it cannot be read. */
export function labelSelector(selector: string): Requirement | undefined {
  const parts = selector.split(/,(?![^(]*\))/).map((part) => requirement(part.trim()));
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? (labels) => known.every((matches) => matches(labels)) : undefined;
}
