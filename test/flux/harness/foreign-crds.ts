/** CRDs of others whose objects are rendered, from their makers' Go modules. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { moduleFolder } from "./build.ts";
import type { KubernetesObject } from "./client.ts";

const certManager = {
  module: "github.com/cert-manager/cert-manager",
  version: "v1.21.1",
  sum: "h1:0LttV37Q5c2CBNoHkjuI8sLKTXWZDC2SwQkxrBMKV9w=",
  folder: "deploy/crds",
};

export async function foreignCrds(): Promise<readonly KubernetesObject[]> {
  const folder = join(await moduleFolder(certManager), certManager.folder);
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => parse(readFileSync(join(folder, file), "utf8")));
}
