import { z } from "zod";
import { apiError, parseBody } from "./error.ts";
import { labelsSchema } from "./labels.ts";
import type { Named, Tables } from "./model.ts";
import { checkName, type Project } from "./project.ts";
import type { Answer, Call, Routes } from "./router.ts";

/** One kind of thing with a name: how it is called, and what the API shows of it. */
export interface Collection<T extends Named> {
  readonly kind: Exclude<keyof Tables, "actions">;
  readonly one: string;
  readonly table: (tables: Tables) => Map<number, T>;
  readonly view: (project: Project, item: T) => object;
}

export const json = (status: number, body: object): Answer => ({ kind: "json", status, body });

export function find<T extends Named>({ one, table }: Collection<T>, project: Project, id: number): T {
  const item = table(project.tables).get(id);
  if (!item) throw apiError("not_found", `${one} with ID '${id}' not found`);
  return item;
}

/** Changes a stored thing; what is stored is never changed in place. */
export function change<T extends Named>(
  collection: Collection<T>,
  project: Project,
  to: Partial<T> & { readonly id: number },
): T {
  const changed = { ...find(collection, project, to.id), ...to };
  collection.table(project.tables).set(to.id, changed);
  return changed;
}

const changes = z.object({ name: z.string().min(1).optional(), labels: labelsSchema.optional() });

function update<T extends Named>(collection: Collection<T>, { project, id, body }: Call): Answer {
  const item = find(collection, project, id);
  const { name = item.name, labels = item.labels } = parseBody(changes, body);
  checkName(project, collection.kind, { name, id });
  const changed = change(collection, project, { ...item, name, labels });
  return json(200, { [collection.one]: collection.view(project, changed) });
}

/** List, get, and change of name and labels: the same for every kind. */
export function collectionRoutes<T extends Named>(collection: Collection<T>): Routes {
  const { kind, one, table, view } = collection;
  return {
    [`GET /${kind}`]: ({ project }) => ({
      kind: "list",
      name: kind,
      items: [...table(project.tables).values()].map((item) => view(project, item)),
    }),
    [`GET /${kind}/:id`]: ({ project, id }) => json(200, { [one]: view(project, find(collection, project, id)) }),
    [`PUT /${kind}/:id`]: (call) => update(collection, call),
  };
}
