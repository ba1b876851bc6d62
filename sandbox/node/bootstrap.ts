/**
 * A STAND-IN for `flux bootstrap git`: what it commits to the repository and in which order (fluxcd/flux2
 * pkg/bootstrap/bootstrap_plain_git.go). What it does not do: no cluster, so nothing is applied or waited for, a
 * gotk-sync.yaml in the repository counts as what the cluster runs, and gotk-components.yaml has no controllers in it.
 */
import { posix } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { type WorkingCopy, withWorkingCopy } from "../flux/working-copy.ts";
import { NodeError } from "./error.ts";
import { componentsText, kustomizationText, syncText } from "./manifests.ts";
import type { BootstrapCommand } from "./settings.ts";

export interface BootstrapArgs {
  readonly command: BootstrapCommand;
  /** Clone URL that takes the place of the command's. */
  readonly repository: string;
  /** Runs before each push, where another writer may come first. */
  readonly beforePush?: (() => Promise<void>) | undefined;
}

/** Flux's defaults: a name and no address (cmd/flux/bootstrap.go). */
const author = { name: "Flux", email: "" };

/** A refused push, for whatever reason: only a new run, from a fresh clone, can go on. Flux itself has no retry that works. */
class PushRefused extends Error {}

/** How often the command is run again; a real node's unit goes on for two hours. */
const attempts = 5;

interface Run {
  readonly args: BootstrapArgs;
  readonly copy: WorkingCopy;
  /** Commits that are on the remote. */
  readonly pushed: string[];
}

interface Step {
  readonly texts: ReadonlyMap<string, string>;
  readonly message: string;
}

async function publish({ args, copy, pushed }: Run, { texts, message }: Step): Promise<void> {
  const commit = await copy.commit(texts, { author, message });
  if (commit === undefined) return;
  await args.beforePush?.();
  const push = await copy.push(args.command.branch);
  if (push.kind === "refused") throw new PushRefused(push.reason);
  pushed.push(commit);
}

/** An existing kustomization.yaml is built right after the components, so whatever it lists has to exist by then. */
function assertBuilds(files: ReadonlyMap<string, string>, folder: string): void {
  const path = posix.join(folder, "kustomization.yaml");
  const text = files.get(path);
  if (text === undefined) return;
  const { resources = [] } = parse(text) as { readonly resources?: readonly string[] };
  const missing = resources.filter((resource) => !files.has(posix.join(folder, resource)));
  if (missing.length > 0)
    throw new NodeError(missing.map((resource) => `${path} lists ${resource}, which is not there`));
}

/** The path that an earlier bootstrap wrote; an empty file is a placeholder. */
function assertSamePath(live: string, path: string): void {
  const documents = parseAllDocuments(live).map((document) => document.toJS() as Sync | null);
  const found = documents.find((each) => each?.kind === "Kustomization")?.spec.path;
  if (found === undefined || posix.join(found) === posix.join(path)) return;
  const reason = `sync path configuration ("./${posix.join(path)}") would overwrite path ("${found}") of existing Kustomization`;
  throw new NodeError([reason]);
}

interface Sync {
  readonly kind: string;
  readonly spec: { readonly path?: string };
}

async function runOnce(run: Run): Promise<void> {
  const { command } = run.args;
  const folder = posix.join(command.path, "flux-system");
  const at = (name: string) => posix.join(folder, name);
  const components = new Map([[at("gotk-components.yaml"), componentsText(command)]]);
  await publish(run, { texts: components, message: `Add Flux ${command.version} component manifests` });
  const files = await run.copy.files();
  assertBuilds(files, folder);
  assertSamePath(files.get(at("gotk-sync.yaml")) ?? "", command.path);
  const sync = new Map([[at("gotk-sync.yaml"), syncText(command)]]);
  if (!files.has(at("kustomization.yaml"))) sync.set(at("kustomization.yaml"), kustomizationText);
  await publish(run, { texts: sync, message: "Add Flux sync manifests" });
}

/**
 * Runs until no other writer comes first, and returns the commits it pushed; none when all was there.
 * @throws NodeError in Flux's words
 */
export async function bootstrap(args: BootstrapArgs): Promise<readonly string[]> {
  const from = { repository: args.repository, branch: args.command.branch };
  const pushed: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withWorkingCopy(from, (copy) => runOnce({ args, copy, pushed }));
      return pushed;
    } catch (error) {
      if (!(error instanceof PushRefused)) throw error;
      if (attempt === attempts)
        throw new NodeError([`flux bootstrap gave up after ${attempts} runs: ${error.message}`]);
    }
  }
}
