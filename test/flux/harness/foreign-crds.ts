/** CRDs of others whose objects are rendered, from their makers' Go modules. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import pins from "../../../pins.json" with { type: "json" };
import { moduleFolder } from "./build.ts";
import type { KubernetesObject } from "./client.ts";

/** Its own manifests lie at the top of it. */
export const upgradeController = {
  module: "github.com/rancher/system-upgrade-controller",
  version: pins["system-upgrade-controller"].version,
  sum: "h1:1qMIxc7CDdlZlXl/8Awpr+otShl1ltND3JKdSEA8zyw=",
};

const makers = [
  {
    module: "github.com/cert-manager/cert-manager",
    version: "v1.21.1",
    sum: "h1:0LttV37Q5c2CBNoHkjuI8sLKTXWZDC2SwQkxrBMKV9w=",
    folder: "deploy/crds",
  },
  /** What k3s installs Traefik with. */
  {
    module: "github.com/k3s-io/helm-controller",
    version: "v0.17.9",
    sum: "h1:HhZTiFhVDzhbAYeb/aSlExWhJTnDTpHypMqu5Mh8Uow=",
    folder: "pkg/crds/yaml/generated",
  },
  { ...upgradeController, folder: "pkg/crds/yaml/generated" },
];

export async function foreignCrds(): Promise<readonly KubernetesObject[]> {
  const folders = await Promise.all(makers.map(async (maker) => join(await moduleFolder(maker), maker.folder)));
  const files = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  return files.filter((file) => file.endsWith(".yaml")).map((file) => parse(readFileSync(file, "utf8")));
}
