import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { built } from "./build.ts";
import { tools } from "./modules.ts";

export interface AgeKey {
  /** What the Secret `sops-age` holds as `age.agekey`. */
  readonly secret: string;
  /** Who can read what is encrypted for this key. */
  readonly recipient: string;
  /** `sops --encrypt --age …` of a Kubernetes Secret: its data is unreadable, its names are not. */
  encrypt(manifest: string): Promise<string>;
  /** `sops updatekeys` by who has this key: of a file that it reads, one for the recipients of a .sops.yaml. */
  updateKeys(encrypted: string, recipients: readonly string[]): Promise<string>;
}

/** By the real age and sops. */
export async function newAgeKey(folder: string): Promise<AgeKey> {
  const binaries = await built(tools.sops);
  const run = promisify(execFile);
  const secret = (await run(join(binaries, "age-keygen"))).stdout;
  const recipient = /public key: (age1\S+)/.exec(secret)?.[1] ?? "";
  return {
    secret,
    recipient,
    async encrypt(manifest) {
      const file = join(folder, "secret.yaml");
      writeFileSync(file, manifest);
      const args = ["--encrypt", "--age", recipient, "--encrypted-regex", "^(data|stringData)$", file];
      return (await run(join(binaries, "sops"), args)).stdout;
    },
    async updateKeys(encrypted, recipients) {
      const file = join(folder, "encrypted.yaml");
      writeFileSync(file, encrypted);
      writeFileSync(join(folder, ".sops.yaml"), stringify({ creation_rules: [{ age: recipients.join(",") }] }));
      const env = { ...process.env, SOPS_AGE_KEY: secret };
      await run(join(binaries, "sops"), ["updatekeys", "--yes", file], { cwd: folder, env });
      return readFileSync(file, "utf8");
    },
  };
}
