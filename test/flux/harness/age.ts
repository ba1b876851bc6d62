import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { built } from "./build.ts";
import { tools } from "./modules.ts";

export interface AgeKey {
  /** What the Secret `sops-age` holds as `age.agekey`. */
  readonly secret: string;
  /** `sops --encrypt --age …` of a Kubernetes Secret: its data is unreadable, its names are not. */
  encrypt(manifest: string): Promise<string>;
}

/** By the real age and sops. */
export async function newAgeKey(folder: string): Promise<AgeKey> {
  const binaries = await built(tools.sops);
  const run = promisify(execFile);
  const secret = (await run(join(binaries, "age-keygen"))).stdout;
  const recipient = /public key: (age1\S+)/.exec(secret)?.[1] ?? "";
  return {
    secret,
    async encrypt(manifest) {
      const file = join(folder, "secret.yaml");
      writeFileSync(file, manifest);
      const args = ["--encrypt", "--age", recipient, "--encrypted-regex", "^(data|stringData)$", file];
      return (await run(join(binaries, "sops"), args)).stdout;
    },
  };
}
