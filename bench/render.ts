import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readFleet } from "../stacks/config/files.ts";
import { render } from "../stacks/gitops/render.ts";
import { versionsOf } from "../stacks/gitops/versions.ts";
import { pair, type Row } from "./measure.ts";

function write(files: { readonly [path: string]: string }): void {
  const folder = mkdtempSync(join(tmpdir(), "k3s-stages-bench-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  rmSync(folder, { recursive: true });
}

/** Reading the configuration, rendering the last stage and writing it, against writing the same bytes from memory. */
export async function benchRender(checkout: string): Promise<Row> {
  const rendered = () => {
    const { fleet, pins } = readFleet(checkout);
    return render(fleet, fleet.stages.at(-1)?.name ?? "", versionsOf(pins)).files;
  };
  const ready = rendered();
  const result = await pair(50, { ours: () => write(rendered()), floor: () => write(ready) });
  return { measure: "render a stage / write its bytes", ...result, goal: 10 };
}
