import { readFileSync, renameSync, writeFileSync } from "node:fs";
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

function read(file: string): Saved | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Saved;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaced in one step, so that a killed emulator leaves the state before or after a request; it holds user data: 0600. */
function write(file: string, saved: Saved): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(saved), { mode: 0o600 });
  renameSync(next, file);
}

/** Without a file the state ends with the process. */
export function openStore(file?: string): Store {
  const saved = file ? read(file) : undefined;
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
    if (file) write(file, { counter, tables: Object.fromEntries(rows) });
  };
  return { tables, nextId, save };
}
