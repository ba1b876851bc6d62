/** A sandbox of a test's own, below a temporary folder, with one stack made. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { layoutOf } from "../sandbox/layout.ts";
import { type OpenSandbox, openSandbox } from "../sandbox/open.ts";
import { withClone } from "../sandbox/repository.ts";
import { initStack } from "../sandbox/stage.ts";

export interface EngineSandbox extends OpenSandbox {
  /** Sets a value of a stage's file; `undefined` removes it. */
  edit(stage: string, path: readonly string[], value: unknown): void;
  /** Runs while the branch takes no push, in GitHub's words. */
  whileProtected<T>(run: () => Promise<T>): Promise<T>;
  /** A file at the head of the GitOps repository. */
  read(path: string): Promise<string>;
  /** Takes everything away again. */
  remove(): Promise<void>;
}

function edit(file: string, path: readonly string[], value: unknown): void {
  const document = parseDocument(readFileSync(file, "utf8"));
  const [key, ...rest] = path;
  const full = ["config", `k3s-stages:${key}`, ...rest];
  if (value === undefined) document.deleteIn(full);
  else document.setIn(full, value);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}

/** Without a stage no stack is made. */
export async function engineSandbox(stage?: string): Promise<EngineSandbox> {
  const root = mkdtempSync(join(tmpdir(), "k3s-stages-engine-"));
  const layout = layoutOf(join(import.meta.dirname, ".."), root);
  const sandbox = await openSandbox({ layout, signal: new AbortController().signal });
  if (stage) await initStack(sandbox, stage);
  return {
    ...sandbox,
    edit: (name, path, value) => edit(join(layout.work, `Pulumi.${name}.yaml`), path, value),
    whileProtected: async (run) => {
      const hook = join(layout.repositories, "gitops.git/hooks/pre-receive");
      writeFileSync(hook, "#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n", { mode: 0o755 });
      return run().finally(() => rmSync(hook));
    },
    read: (path) =>
      withClone({ repository: sandbox.services.repository, branch: sandbox.fleet.repository.branch }, async (clone) =>
        readFileSync(join(clone, path), "utf8"),
      ),
    remove: async () => {
      await sandbox.close();
      rmSync(root, { recursive: true });
    },
  };
}
