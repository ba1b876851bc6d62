import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layoutOf } from "../sandbox/layout.ts";
import { type Sandbox, withSandbox } from "../sandbox/open.ts";

/** Work in a sandbox of its own, which is gone afterwards. */
export async function inSandbox<T>(
  work: (sandbox: Sandbox) => Promise<T>,
  pace: { readonly actionMilliseconds?: number } = {},
): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "k3s-stages-bench-"));
  const layout = layoutOf(join(import.meta.dirname, ".."), root);
  try {
    return await withSandbox({ layout, signal: new AbortController().signal, ...pace }, work);
  } finally {
    rmSync(root, { recursive: true });
  }
}
