/**
 * One run of bench/render.ts in a process of its own; prints what it took. Arguments: render (the checked configuration is in
 * memory when the clock starts, as the floor's bytes are) | everything (it lies in files) | write, folder, out.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deserialize } from "node:v8";
import type { Fleet } from "../stacks/config/fleet.ts";

const [work, folder = "", out = ""] = process.argv.slice(2);

function write(path: string, content: string | Uint8Array): void {
  const file = join(out, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** The least there is to do: the bytes are in memory when the clock starts. */
function readyBytes(): () => void {
  const bytes = readFileSync(join(folder, "texts"));
  const index: readonly (readonly [string, number])[] = JSON.parse(readFileSync(join(folder, "index"), "utf8"));
  return () => {
    let at = 0;
    for (const [path, length] of index) {
      write(path, bytes.subarray(at, at + length));
      at += length;
    }
  };
}

/**
 * Imported for its own run only, so that the floor's memory has nothing of it. Beforehand: the checked configuration is in memory
 * when the clock starts, and was not parsed by this process.
 */
async function rendered(beforehand: boolean): Promise<() => void> {
  const { readPins, readSources } = await import("../stacks/config/files.ts");
  const { resolve } = await import("../stacks/config/resolve.ts");
  const { rendering } = await import("../stacks/gitops/render.ts");
  const { versionsOf } = await import("../stacks/gitops/versions.ts");
  const known: Fleet | undefined = beforehand ? deserialize(readFileSync(join(folder, "fleet"))) : undefined;
  return () => {
    const versions = versionsOf(readPins(join(import.meta.dirname, "..")));
    const fleet = known ?? resolve(readSources(join(folder, "project")));
    for (const { name } of fleet.stages) {
      for (const [path, text] of rendering(fleet, name, versions).files) write(`${name}/${path}`, text);
    }
  };
}

const run = work === "write" ? readyBytes() : await rendered(work === "render");
const [started, before] = [performance.now(), process.cpuUsage()];
run();
const milliseconds = performance.now() - started;
const { user, system } = process.cpuUsage(before);
// Kilobytes on every platform that Node has it for.
const megabytes = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ milliseconds, processor: (user + system) / 1000, megabytes }));
