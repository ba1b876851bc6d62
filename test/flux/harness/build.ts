/**
 * Builds a tool once into this user's cache, with the go.mod and go.sum that its makers released it with. Only folders of
 * their repository and versions that the registry lacks are replaced, by modules whose sums stand in modules.sum.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { SandboxError } from "../../../sandbox/error.ts";
import { goBuild } from "../../../sandbox/go/build.ts";
import { makeOnce } from "../../../sandbox/go/once.ts";
import { execute, lastLines } from "../../../sandbox/process/execute.ts";
import type { FolderOf, Tool } from "./tool.ts";

const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "k3s-stages");

/** The compilers may use memory instead of time. */
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  GOFLAGS: "",
  GOWORK: "off",
  GOGC: "400",
  CGO_ENABLED: "0",
});

const wayOut = "Is there Go 1.26 or newer, and does it reach a module proxy?";

/** @throws SandboxError */
export const moduleFolder: FolderOf = async ({ module, version, sum }) => {
  const args = ["mod", "download", "-json", `${module}@${version}`];
  const run = await execute({ file: "go", args, cwd: import.meta.dirname, env: environment() });
  if (run.code !== 0) throw new SandboxError(`${module} could not be fetched:\n${lastLines(run)}\n${wayOut}`);
  const fetched = JSON.parse(run.stdout) as { readonly Dir: string; readonly Sum: string };
  if (fetched.Sum !== sum) throw new SandboxError(`${module} ${version} is ${fetched.Sum}, not the pinned ${sum}`);
  return fetched.Dir;
};

/** The makers' go.mod with every `=> ./folder` as the released module of that folder. */
export function releasedGoMod(text: string, { version, instead = {} }: Pick<Tool, "version" | "instead">): string {
  // Kubernetes releases v1.36.3 with its libraries as v0.36.3.
  const library = version.replace(/^v1\./, "v0.");
  const replaced = text
    .replaceAll(/=> \.\/staging\/src\/(\S+)/g, `=> $1 ${library}`)
    .replaceAll(/^(\s*k8s\.io\/\S+) v0\.0\.0$/gm, `$1 ${library}`)
    .replaceAll(/^replace (\S+) => \.\/api$/gm, `replace $1 => $1 ${version}`);
  const kept = replaced
    .split("\n")
    .filter((line) => !Object.keys(instead).some((module) => line.includes(`${module} =>`)));
  return [...kept, ...Object.entries(instead).map(([module, other]) => `replace ${module} => ${other}`), ""].join("\n");
}

interface Filling {
  readonly tool: Tool;
  readonly into: string;
  readonly progress: (line: string) => void;
}

/** What lies in Go's module cache is read-only, folders too. */
export const copied = (from: string, to: string) => promisify(execFile)("cp", ["-R", "--no-preserve=mode", from, to]);

/** Go overlays nothing in its module cache, so what is to be written there is written into a copy. */
async function sourceFolder(tool: Tool, copy: string): Promise<string> {
  const folder = await moduleFolder(tool);
  if (!tool.written) return folder;
  await copied(folder, copy);
  for (const [path, text] of Object.entries(await tool.written(moduleFolder))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  return copy;
}

async function fill({ tool, into, progress }: Filling): Promise<void> {
  progress(`Building ${tool.name} ${tool.version} from source, once`);
  const copy = join(into, "source");
  const cwd = await sourceFolder(tool, copy);
  const modfile = join(into, "go.mod");
  const sums = readFileSync(join(import.meta.dirname, "modules.sum"), "utf8");
  writeFileSync(modfile, releasedGoMod(readFileSync(join(cwd, "go.mod"), "utf8"), tool));
  writeFileSync(join(into, "go.sum"), readFileSync(join(cwd, "go.sum"), "utf8") + sums);
  const variables = Object.entries(tool.variables ?? {}).map(([name, value]) => ` -X ${name}=${value}`);
  const linking = `-ldflags=-s -w${variables.join("")}`;
  const flags = [`-modfile=${modfile}`, "-mod=readonly", "-trimpath", "-buildvcs=false", linking];
  for (const each of tool.packages) {
    const args = [...flags, "-o", join(into, binaryName(each)), each];
    await goBuild({ name: binaryName(each), cwd, args, env: environment(), wayOut, progress });
  }
  rmSync(copy, { recursive: true, force: true });
}

/** `go.etcd.io/etcd/server/v3` is known as etcd. */
const binaryName = (path: string): string => (path.startsWith("go.etcd.io/etcd/") ? "etcd" : basename(path));

/** Folder with the tool's binaries. @throws SandboxError with the compiler's words */
export async function built(tool: Tool, progress: Filling["progress"] = console.log): Promise<string> {
  const folder = join(cache, `${tool.name}-${tool.version}`);
  const onWait = () => progress(`Another process is building ${tool.name}: waiting for it`);
  if (!existsSync(folder)) await makeOnce({ folder, onWait, fill: (into) => fill({ tool, into, progress }) });
  return folder;
}
