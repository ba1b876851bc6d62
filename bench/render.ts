import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { serialize } from "node:v8";
import { readPins } from "../stacks/config/files.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { render } from "../stacks/gitops/render.ts";
import { versionsOf } from "../stacks/gitops/versions.ts";
import { configuration } from "./applications.ts";
import { pair, type Row, spread } from "./measure.ts";

/** What `render-process.ts` prints. */
interface Taken {
  readonly milliseconds: number;
  /** Milliseconds of the processor, which a busy machine and a slow disk leave alone. */
  readonly processor: number;
  /** The most memory that the process ever had. */
  readonly megabytes: number;
}

/** The configuration as files and as checked, and what it renders to: all texts in one file, and the path and length of each in another. */
function prepare(folder: string, apps: number): void {
  const texts = configuration(apps);
  mkdirSync(join(folder, "project"));
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(folder, "project", file), text);
  const fleet = resolve(sourcesOf(texts));
  writeFileSync(join(folder, "fleet"), serialize(fleet));
  const versions = versionsOf(readPins(join(import.meta.dirname, "..")));
  const files = fleet.stages.flatMap(({ name }) =>
    Object.entries(render(fleet, name, versions).files).map(([path, text]) => [`${name}/${path}`, text] as const),
  );
  writeFileSync(join(folder, "texts"), files.map(([, text]) => text).join(""));
  writeFileSync(join(folder, "index"), JSON.stringify(files.map(([path, text]) => [path, Buffer.byteLength(text)])));
}

/** In a process of its own, so that its memory is its own, and no run is warmed up by another. */
async function run(work: "render" | "everything" | "write", folder: string): Promise<Taken> {
  const out = join(folder, "out");
  try {
    const args = [join(import.meta.dirname, "render-process.ts"), work, folder, out];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Rendering three stages and writing their trees, without and with reading the configuration, against writing the same bytes. */
export async function benchRender(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "k3s-stages-bench-"));
  const apps = 1000;
  try {
    prepare(folder, apps);
    const floor = () => run("write", folder);
    const rendered = await pair(3, { ours: () => run("render", folder), floor });
    const all = await pair(3, { ours: () => run("everything", folder), floor });
    const row = (unit: Row["unit"], taken: typeof all, of: (each: Taken) => number) => {
      return { unit, ours: spread(taken.ours.map(of)), floor: spread(taken.floor.map(of)) };
    };
    const measure = `render and write ${apps} apps × 3 stages / write the same bytes`;
    const from = `from files to files, ${apps} apps × 3 stages / write the same bytes`;
    return [
      { measure, ...row("ms", rendered, ({ milliseconds }) => milliseconds), goal: 2 },
      { measure: `${measure}, processor`, ...row("ms", rendered, ({ processor }) => processor), goal: 2 },
      { measure: `${measure}, memory`, ...row("MB", rendered, ({ megabytes }) => megabytes), goal: 2 },
      { measure: from, ...row("ms", all, ({ milliseconds }) => milliseconds) },
      { measure: `${from}, processor`, ...row("ms", all, ({ processor }) => processor) },
      { measure: `${from}, memory`, ...row("MB", all, ({ megabytes }) => megabytes), goal: 2 },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
