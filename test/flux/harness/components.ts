/**
 * What `flux install --export` prints for the pinned Flux: flux2's own manifests, built by kustomize over what each
 * controller releases (its Makefile: config/crd and config/manager), taken from the Go modules instead of GitHub's files.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { moduleFolder } from "./build.ts";
import { temporaryFolder } from "./folder.ts";
import { fluxModules } from "./modules.ts";

/** No component that the program asks for; its module is not fetched. */
const left = "source-watcher";

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

/** The text of gotk-components.yaml, without its head. */
export async function fluxComponents(): Promise<string> {
  const folder = temporaryFolder("components");
  try {
    const manifests = join(folder.path, "manifests");
    mkdirSync(manifests);
    // What lies in Go's module cache is read-only, folders too.
    await promisify(execFile)("cp", [
      "-R",
      "--no-preserve=mode",
      `${await moduleFolder(fluxModules.flux2)}/manifests/.`,
      manifests,
    ]);
    for (const { name, ...module } of fluxModules.controllers)
      await released(name, await moduleFolder(module), join(manifests, "bases", name));
    const install = join(manifests, "install/kustomization.yaml");
    writeFileSync(install, readFileSync(install, "utf8").replace(`  - ../bases/${left}\n`, ""));
    return await kustomize(join(manifests, "install"));
  } finally {
    folder.remove();
  }
}
