/** The host of the GitOps repository as a cluster reaches it by default: by ssh, with a deploy key that the program made. */
import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { deployKey } from "../../../provider/deploy-key.ts";
import type { Properties } from "../../../provider/values.ts";
import { type GitHost, servedRepository } from "./git-host.ts";

export interface KeyHost extends GitHost {
  /** What its owner does at the host: the deploy key may push, may only read, or is not there. */
  let(access: "push" | "read" | "nothing"): void;
  /** Another deploy key in the place of the first, as it is handed over. */
  renewed(): Promise<GitHost["credential"]>;
}

interface Listening {
  readonly port: number;
  readonly hostKey: string;
}

/** Ends with this process at the latest. */
async function sshServer(root: string, keys: string) {
  const binary = join(keys, "ssh-server");
  const cwd = join(import.meta.dirname, "ssh-server");
  await promisify(execFile)("go", ["build", "-o", binary, "."], {
    cwd,
    env: { ...process.env, GOFLAGS: "-buildvcs=false" },
  });
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  const child = spawn(binary, [root, keys], { env, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const listening = await new Promise<Listening>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line)));
    child.once("error", reject);
  });
  const close = async () => {
    child.stdin.destroy();
    await ended;
  };
  return { ...listening, close };
}

/** As the program's own provider makes it. */
async function newDeployKey() {
  const urn = "urn:pulumi:dev::k3s-stages::gitops:index:DeployKey::dev";
  const { signal } = new AbortController();
  const request = { urn, signal, log: async () => undefined, secrets: new Set<string>(), timeout: 0, preview: false };
  const { outputs } = await deployKey().create({ ...request, inputs: { comment: "k3s-stages-dev", generation: 1 } });
  const { value } = outputs["privateKey"] as Properties;
  return { identity: `${value}`, "identity.pub": `${outputs["publicKey"]}` };
}

export async function startKeyHost(): Promise<KeyHost> {
  const served = await servedRepository();
  const { folder } = served.repository;
  const [server, key] = await Promise.all([sshServer(folder, folder), newDeployKey()]);
  const handed = (own: typeof key) => ({ ...own, known_hosts: `${known}\n` });
  const known = `[127.0.0.1]:${server.port} ${server.hostKey}`;
  const write = (access: string, { "identity.pub": line } = key) => {
    writeFileSync(join(folder, "writers"), access === "push" ? `${line}\n` : "");
    writeFileSync(join(folder, "readers"), access === "read" ? `${line}\n` : "");
  };
  write("push");
  return {
    ...served,
    url: `ssh://git@127.0.0.1:${server.port}/${served.name}`,
    knownHosts: [known],
    credential: handed(key),
    env: {},
    let: (access) => write(access),
    renewed: async () => {
      const next = await newDeployKey();
      write("push", next);
      return handed(next);
    },
    close: async () => {
      await server.close();
      await served.close();
    },
  };
}
