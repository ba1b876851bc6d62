import { invalidInput } from "./error.ts";
import { type Labels, labelSelector } from "./labels.ts";

type Item = Readonly<Record<string, unknown>>;

const filters = ["name", "status", "type", "architecture"] as const;

function selected(items: readonly Item[], query: URLSearchParams): readonly Item[] {
  const selector = query.get("label_selector");
  const matches = selector ? labelSelector(selector) : () => true;
  if (!matches) throw invalidInput("label_selector", "invalid label selector");
  return items.filter(
    (item) =>
      matches((item["labels"] ?? {}) as Labels) &&
      filters.every((key) => !query.has(key) || query.getAll(key).includes(String(item[key]))),
  );
}

/** `sort=id:desc&sort=name`; ascending by id when nothing is said. */
function sorted(items: readonly Item[], query: URLSearchParams): readonly Item[] {
  const keys = [...query.getAll("sort"), "id"].map((text) => text.split(":"));
  const order = (a: unknown, b: unknown) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a) === String(b) ? 0 : String(a) < String(b) ? -1 : 1;
  };
  return items.toSorted((a, b) => {
    for (const [key = "id", direction] of keys) {
      const found = order(a[key], b[key]);
      if (found !== 0) return direction === "desc" ? -found : found;
    }
    return 0;
  });
}

function positive(query: URLSearchParams, name: string, { or, most }: { readonly or: number; readonly most: number }) {
  const value = Number(query.get(name) ?? or);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalidInput(name, `must be a number from 1 to ${most}`);
}

interface List {
  readonly name: string;
  readonly items: readonly object[];
}

/** One page of a list: filtered, sorted, with `meta.pagination` as hcloud-go follows it. */
export function page({ name, items }: List, query: URLSearchParams, mostPerPage: number): object {
  const all = sorted(selected(items as readonly Item[], query), query);
  const perPage = Math.min(mostPerPage, positive(query, "per_page", { or: 25, most: 50 }));
  const number = positive(query, "page", { or: 1, most: Number.MAX_SAFE_INTEGER });
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const pagination = {
    page: number,
    per_page: perPage,
    previous_page: number > 1 ? number - 1 : null,
    next_page: number < last ? number + 1 : null,
    last_page: last,
    total_entries: all.length,
  };
  return { [name]: all.slice((number - 1) * perPage, number * perPage), meta: { pagination } };
}
