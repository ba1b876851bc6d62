/**
 * Every secret of a run, looked for in everything that the run leaves and says: Pulumi's state and its history, what is
 * printed, what Hetzner is sent, what is committed. Hetzner and the nodes are stand-ins; Pulumi and git are real.
 */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { parseCloudConfig } from "../sandbox/node/cloud-config.ts";
import { type Run, said } from "../sandbox/process/execute.ts";
import { findPulumi } from "../sandbox/pulumi/cli.ts";
import { pulumiEnv } from "../sandbox/pulumi/env.ts";
import { runPulumi } from "../sandbox/pulumi/run.ts";
import { dummySecrets } from "../sandbox/stage.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { expectDone, minute } from "./engine-words.ts";

let sandbox: EngineSandbox;
/** What was printed, by the command that printed it. */
const printed = new Map<string, string>();

async function pulumi(...args: readonly string[]): Promise<Run> {
  const run = await sandbox.pulumi([...args, "--stack", "dev"]);
  printed.set(`${args.join(" ")} (${printed.size})`, said(run));
  return run;
}

interface Json {
  readonly [key: string]: unknown;
}

const signature = "4dabf18193072939515e22adb298388d";

/** Every text that a state marks as secret. */
function secretTexts(value: unknown, isSecret = false): readonly string[] {
  if (typeof value === "string") return isSecret ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  const { [signature]: marked, plaintext } = value as Json;
  if (marked && typeof plaintext === "string") return secretTexts(JSON.parse(plaintext), true);
  return Object.values(value).flatMap((inner) => secretTexts(inner, isSecret));
}

const keys = /-----BEGIN [A-Z ]*PRIVATE KEY-----\n([\s\S]+?)\n-----END/g;
const tokens = /K10[0-9a-f]{64}::\w+[:.](\S+)/g;

/** A line of a key that no other shares: the second, or the first where that holds the whole secret (RFC 5915). */
function lineOf(body: string): string {
  const [first = "", second = ""] = body.split("\n");
  return second.length >= 40 ? second : first;
}

/** A piece of each secret that is in nothing else. */
function pieces(text: string): readonly string[] {
  const bodies = [...text.matchAll(keys)].map(([, body = ""]) => lineOf(body));
  return [...bodies, ...[...text.matchAll(tokens)].map(([, password = ""]) => password)];
}

/** As it is, and inside of what is in base64, wherever it begins there. */
function forms(piece: string): readonly string[] {
  const shifted = [0, 1, 2].map((shift) => {
    const coded = Buffer.from("\0".repeat(shift) + piece).toString("base64");
    return coded.slice(4, Math.floor(coded.length / 4) * 4 - 4);
  });
  return [piece, encodeURIComponent(piece), ...shifted];
}

let known: readonly string[] = [];
const holds = (text: string): readonly string[] =>
  known.filter((piece) => forms(piece).some((form) => form.length >= 16 && text.includes(form)));

function filesBelow(folder: string): readonly (readonly [string, string])[] {
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return all.filter((path) => statSync(path).isFile()).map((path) => [path, readFileSync(path, "latin1")]);
}

/** What a stage may be given beside what each is: for a private registry, for image automation, for a bucket. Of nobody. */
const pushKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const pullPassword = "pull".padEnd(40, "7");
const given: { readonly [path: string]: string } = {
  "pullSecrets.registry": JSON.stringify({ auths: { "ghcr.io": { username: "robot", password: pullPassword } } }),
  "write.identity": pushKey,
  "s3.accessKey": "ACCESS".padEnd(20, "8"),
  "s3.secretKey": "store".padEnd(40, "9"),
};

/** The stage uses all of them. */
async function giveMore(): Promise<void> {
  const file = join(sandbox.layout.work, "Pulumi.yaml");
  const document = parseDocument(readFileSync(file, "utf8"));
  document.setIn(["config", "repository", "value", "write"], { secret: "gitops-writer" });
  document.setIn(["config", "apps", "value", "blog", "pullSecret"], "registry");
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  const store = { endpoint: "nbg1.your-objectstorage.com", bucket: "acme-etcd", region: "nbg1" };
  sandbox.edit("dev", ["cluster", "snapshots"], store);
  for (const [path, value] of Object.entries(given)) {
    const set = ["config", "set", "--secret", "--stack", "dev", "--path", `k3s-stages:${path}`, "--", value];
    expect((await sandbox.pulumi(set)).code).toBe(0);
  }
}

beforeAll(async () => {
  sandbox = await engineSandbox("dev");
  await giveMore();
}, 10 * minute);

afterAll(() => sandbox?.remove());

describe("a run's secrets (F52)", { timeout: 5 * minute }, () => {
  it("are made, used, shown where they may be, changed and used again", async () => {
    // A refused server has its user data in what was asked for.
    const odd = { code: "invalid_input", message: "invalid input in field 'user_data'" };
    sandbox.services.hetzner.faults.failNext("POST /servers", { ...odd, details: { fields: [] } });
    expect((await pulumi("up", "--yes", "--diff")).code).not.toBe(0);
    const run = await pulumi("up", "--yes", "--skip-preview", "--refresh", "--diff");
    expectDone(run);
    const first = await sandbox.pulumi(["stack", "export", "--show-secrets", "--stack", "dev"]);
    sandbox.edit("dev", ["cluster", "rotate"], { deployKey: 2, adminCertificate: 2, agentToken: 2, serverToken: 2 });
    await pulumi("preview", "--json");
    expect((await pulumi("up", "--yes", "--diff")).code).toBe(0);
    for (const args of [["stack", "output", "--json"], ["stack", "output"], ["stack", "export"], ["config"]])
      await pulumi(...args);
    const second = await sandbox.pulumi(["stack", "export", "--show-secrets", "--stack", "dev"]);
    const texts = [first, second].flatMap(({ stdout }) => secretTexts(JSON.parse(stdout)));
    const own = [
      ...Object.values(dummySecrets),
      pullPassword,
      given["s3.accessKey"] ?? "",
      given["s3.secretKey"] ?? "",
    ];
    known = [...new Set([...texts.flatMap(pieces), ...own])];
    // Five authorities and the service accounts' key, the root's, two admin keys, two deploy keys, the one that pushes; two
    // tokens of each kind; seven of the config.
    expect(known).toHaveLength(23);
    expect(holds(JSON.stringify(texts))).toHaveLength(23);
  });

  it("are encrypted alone in Pulumi's state, its history and backups, and in the stage's file", () => {
    const { backend, pulumiHome, work } = sandbox.layout;
    const config = readdirSync(work).filter((name) => /^Pulumi.*yaml$/.test(name));
    const own = config.map((name) => [name, readFileSync(join(work, name), "utf8")] as const);
    const all = [...filesBelow(backend), ...filesBelow(pulumiHome), ...own];
    expect(all.some(([, text]) => text.includes("k3s-stages-dev-server-1"))).toBe(true);
    expect(all.filter(([, text]) => holds(text).length > 0).map(([path]) => path)).toEqual([]);
  });

  it("are printed by no command: not as a difference, an output or an error", () => {
    expect([...printed.values()].join("\n")).toContain("[secret]");
    expect([...printed].filter(([, text]) => holds(text).length > 0).map(([command]) => command)).toEqual([]);
  });

  it("reach Hetzner in user data alone", () => {
    const sent = sandbox.services.hetzner.journal.entries().map(({ operation, path, body }) => {
      const { user_data: _, ...rest } = (body ?? {}) as Json;
      return { operation, text: path + JSON.stringify(rest) };
    });
    expect(sent.map(({ operation }) => operation)).toContain("POST /servers");
    expect(sent.filter(({ text }) => holds(text).length > 0)).toEqual([]);
  });

  it("are in user data where the cluster's own authorities and tokens have to be, each file for root alone", () => {
    const [server] = sandbox.services.hetzner.state.servers();
    const { files, commands } = parseCloudConfig(sandbox.services.hetzner.state.userData(server?.id ?? 0) ?? "");
    const carrying = files.flatMap(({ path, permissions, content }) => {
      const found = holds(content);
      return found.length > 0 ? [`${path} ${permissions} ${found.length}`] : [];
    });
    const tls = "/etc/k3s-stages/tls";
    expect(carrying.toSorted()).toEqual([
      `${tls}/client-ca.key 0600 1`,
      `${tls}/etcd/peer-ca.key 0600 1`,
      `${tls}/etcd/server-ca.key 0600 1`,
      `${tls}/request-header-ca.key 0600 1`,
      `${tls}/server-ca.key 0600 1`,
      `${tls}/service.key 0600 1`,
      "/etc/rancher/k3s/config.yaml 0600 1",
    ]);
    expect(holds(JSON.stringify(commands))).toEqual([]);
  });

  it("are in no commit of the GitOps repository, and not at GitHub, which gets the public key", async () => {
    const { repositories, github } = sandbox.layout;
    const history = execFileSync("git", ["log", "--all", "-p", "--format=%B"], {
      cwd: join(repositories, "gitops.git"),
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    expect(history).toContain("apps/blog/dev");
    expect([holds(history), holds(readFileSync(github, "utf8"))]).toEqual([[], []]);
  });

  it("are said by nothing to somebody with another passphrase, who changes nothing either (F50)", async () => {
    const { backend, pulumiHome: home, work: cwd } = sandbox.layout;
    const { pulumi: file } = await findPulumi(console.log);
    const env = { ...pulumiEnv({ backend, home, passphrase: "another" }), ...sandbox.services.env };
    sandbox.services.hetzner.journal.clear();
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const run = await runPulumi({ pulumi: file, cwd, args: [...command, "--stack", "dev"], env });
      expect(run.code).not.toBe(0);
      expect(said(run)).toContain("incorrect passphrase");
      expect(holds(said(run))).toEqual([]);
    }
    expect(sandbox.services.hetzner.journal.writes()).toEqual([]);
  });

  it("and everything else stay in place when the state is of the program's version before this (F50)", async () => {
    const exported = (await sandbox.pulumi(["stack", "export", "--stack", "dev"])).stdout;
    const before = join(sandbox.layout.root, "before.json");
    // What this version says of its provider, and the one before did not.
    writeFileSync(before, exported.replaceAll(/"deleteUnreachable": "?true"?,?\s*/g, ""));
    expect(exported).toContain("deleteUnreachable");
    expect((await pulumi("stack", "import", "--file", before)).code).toBe(0);
    const { steps } = JSON.parse((await pulumi("preview", "--json")).stdout) as { steps: readonly { op: string }[] };
    // The tree and what waits for it are looked at in every run.
    expect([...new Set(steps.map(({ op }) => op))].toSorted()).toEqual(["refresh", "same", "update"]);
  });

  it("are said by nothing when the stage is taken away", async () => {
    const before = printed.size;
    const run = await pulumi("destroy", "--yes", "--refresh");
    expectDone(run);
    expect([...printed.values()].slice(before).flatMap(holds)).toEqual([]);
  });
});
