/**
 * What flux2's release embeds into its command: its own manifests, built by kustomize over what each controller releases
 * (manifests/scripts/bundle.sh; the controllers' Makefile: config/crd and config/manager), taken from the Go modules
 * instead of GitHub's files.
 */
import { execFile } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { copied } from "./build.ts";
import { temporaryFolder } from "./folder.ts";
import type { FolderOf, Tool } from "./tool.ts";

type Module = Pick<Tool, "name" | "module" | "version" | "sum">;

interface FluxModules {
  readonly flux2: Omit<Module, "name">;
  /** Without source-watcher, which is no component that the program asks for. */
  readonly controllers: readonly Module[];
}

async function kustomize(folder: string): Promise<string> {
  const args = ["kustomize", "--load-restrictor=LoadRestrictionsNone", folder];
  const { stdout } = await promisify(execFile)("kubectl", args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Two files beside the base's own kustomization.yaml, which names their addresses at GitHub. */
async function released(controller: string, from: string, base: string): Promise<void> {
  const copy = join(base, "released");
  cpSync(join(from, "config"), copy, { recursive: true });
  for (const [part, file] of [
    ["crd", `${controller}.crds.yaml`],
    ["manager", `${controller}.deployment.yaml`],
  ] as const)
    writeFileSync(join(base, file), await kustomize(join(copy, part)));
  const path = join(base, "kustomization.yaml");
  const text = readFileSync(path, "utf8").replaceAll(/https:\/\/\S+\/(\S+\.yaml)/g, "$1");
  writeFileSync(path, text);
}

/** Text by path in flux2's module. */
export async function fluxManifests({ flux2, controllers }: FluxModules, folderOf: FolderOf) {
  const folder = temporaryFolder("manifests");
  try {
    const manifests = join(folder.path, "manifests");
    await copied(join(await folderOf(flux2), "manifests"), manifests);
    for (const { name, ...module } of controllers)
      await released(name, await folderOf(module), join(manifests, "bases", name));
    const parts = [...controllers.map(({ name }) => `bases/${name}`), "rbac", "policies"];
    const texts = parts.map(async (part) => {
      return [`cmd/flux/manifests/${part.replace("bases/", "")}.yaml`, await kustomize(join(manifests, part))] as const;
    });
    return Object.fromEntries(await Promise.all(texts));
  } finally {
    folder.remove();
  }
}
