import { readState, writeState } from "../state-file.ts";
import { emptyTables, type TableName, type Tables } from "./model.ts";

export interface Store {
  readonly tables: Tables;
  readonly nextId: () => number;
  readonly save: () => void;
}

interface Saved {
  readonly counter: number;
  readonly tables: { readonly [name in TableName]: readonly { readonly id: number }[] };
}

/** Without a file the state ends with the process. */
export function openStore(file?: string): Store {
  const saved = file ? readState<Saved>(file) : undefined;
  const tables = emptyTables();
  for (const [name, items] of Object.entries(saved?.tables ?? {}))
    for (const item of items) (tables[name as TableName] as Map<number, object>).set(item.id, item);
  let counter = saved?.counter ?? 1000;
  const nextId = () => {
    counter += 1;
    return counter;
  };
  const save = () => {
    const rows = Object.entries(tables).map(([name, table]) => [name, [...(table as Map<number, object>).values()]]);
    if (file) writeState(file, { counter, tables: Object.fromEntries(rows) });
  };
  return { tables, nextId, save };
}
