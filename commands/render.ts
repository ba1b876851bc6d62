/** `npm run render -- --stage prod --out DIR`: a stage's files as `pulumi up` would have them, with neither Pulumi nor network. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ConfigError } from "../stacks/config/error.ts";
import { readFleet } from "../stacks/config/files.ts";
import { type Rendering, rendering } from "../stacks/gitops/render.ts";
import { versionsOf } from "../stacks/gitops/versions.ts";
import { type Outcome, refusal, tell } from "./outcome.ts";
import { parsed, required, stageNamed } from "./usage.ts";

const help = `Usage: npm run render -- --stage <stage> --out <folder>

Writes a stage's files of the GitOps repository into a new or empty folder. Tags
are the configured first ones: what Flux wrote since then is in the repository,
and publishing keeps it.

  --stage <stage>  a stage of Pulumi.yaml
  --out <folder>   made if it is missing (its parent is not); nothing is ever
                   overwritten
  -h, --help       this text

Ends with 0 when written, 1 when the configuration or the folder cannot be used,
2 for wrong options.`;

function options(args: readonly string[]) {
  const known = { stage: { type: "string" }, out: { type: "string" }, help: { type: "boolean" } } as const;
  return parsed({ args: [...args], options: known }).values;
}

function inside(folder: string, path: string): string {
  const file = join(folder, path);
  if (relative(folder, file) !== path) throw new Error(`refusing to write outside ${folder}: ${path}`);
  return file;
}

function writeNew(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { flag: "wx" });
}

/** How many files were rendered. A folder with anything in it is refused before the first one is written. */
function write({ files, placeholders }: Rendering, folder: string): number {
  // Not recursive: for a folder that no one can make, /proc/x, Node would try for ever.
  if (!existsSync(folder)) mkdirSync(folder);
  if (readdirSync(folder).length > 0) {
    throw new ConfigError(`${folder} is not empty, and nothing is overwritten: name a new folder, or empty it.`);
  }
  let count = 0;
  for (const [path, text] of files) {
    writeNew(inside(folder, path), text);
    count++;
  }
  for (const path of placeholders) writeNew(inside(folder, path), "");
  return count;
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && "syscall" in error;

function writeTree(tree: Rendering, folder: string): number {
  try {
    return write(tree, folder);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new ConfigError(`${error.path ?? folder} cannot be written (${error.code}): name another folder.`);
  }
}

/** @throws ConfigError or UsageError, each with one sentence that names the way out */
function renderStage(args: readonly string[], directory: string): string {
  const { help: isHelp, ...given } = options(args);
  if (isHelp) return help;
  const [name, out] = [required(given.stage, "--stage"), required(given.out, "--out")];
  const { fleet, pins } = readFleet(directory);
  const stage = stageNamed(fleet, name).name;
  const tree = rendering(fleet, stage, versionsOf(pins));
  const folder = resolve(out);
  const count = writeTree(tree, folder);
  const filled = `${tree.placeholders.length} empty ones that flux bootstrap fills`;
  return `${folder}: ${count} files of ${stage} for Flux ${pins.flux.version}, and ${filled}.`;
}

/** Runs the command on the project in a folder, which has Pulumi.yaml and pins.json. */
export function renderCommand(args: readonly string[], directory: string): Outcome {
  try {
    return { code: 0, text: renderStage(args, directory) };
  } catch (error) {
    return refusal(error, help);
  }
}

if (import.meta.main) {
  tell(renderCommand(process.argv.slice(2), process.cwd()));
}
