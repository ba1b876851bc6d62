/**
 * The state in a bucket, as docs/day-2.md has it: the real Pulumi with the document's own address, and an S3 store that checks
 * signatures. Hetzner, its nodes and what its Ceph refuses are stand-ins.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutOff, recover, up } from "../../sandbox/power-cut.ts";
import { type Run, said } from "../../sandbox/process/execute.ts";
import { findPulumi } from "../../sandbox/pulumi/cli.ts";
import { pulumiEnv } from "../../sandbox/pulumi/env.ts";
import { runPulumi } from "../../sandbox/pulumi/run.ts";
import { dummySecrets, initStack } from "../../sandbox/stage.ts";
import { presigned } from "../../stacks/cluster/presign.ts";
import { commands } from "../documents.ts";
import { type EngineSandbox, engineSandbox } from "../engine-sandbox.ts";
import { expectDone } from "../engine-words.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { type S3Store, startS3 } from "./harness/s3.ts";
import { ask, s3Client } from "./harness/s3-client.ts";

const login = commands.map(({ text }) => /^pulumi login "(s3:.*)"$/.exec(text)?.[1]).find(Boolean) ?? "";
const address = new URL(login);
const endpoint = address.searchParams.get("endpoint") ?? "";
const bucket = address.host;
const passphrase = "of a password manager";

const folder = temporaryFolder("s3");
const store = {
  ...{ folder: folder.path, region: address.searchParams.get("region") ?? "", host: new URL(endpoint).host },
  keys: { accessKey: "ACCESS0000KEY0000000", secretKey: "secret0key0of0the0bucket0000000000000000" },
};
let s3: S3Store;
let sandbox: EngineSandbox;
let call: ReturnType<typeof s3Client>;
let pulumi: EngineSandbox["pulumi"];
let withEnv: (more: { readonly [name: string]: string }, ...args: readonly string[]) => Promise<Run>;

beforeAll(async () => {
  s3 = await startS3(store);
  call = s3Client(store, s3, bucket);
  await call("PUT", "/");
  sandbox = await engineSandbox();
  const { layout, services } = sandbox;
  const authority = join(folder.path, "authority.pem");
  writeFileSync(authority, s3.authority);
  // Where the state is, this Pulumi knows by its login alone.
  const { PULUMI_BACKEND_URL: _, ...own } = pulumiEnv({ ...{ backend: "", home: layout.pulumiHome }, passphrase });
  const env = {
    ...{ ...own, ...services.env, HTTPS_PROXY: s3.proxy, AWS_CA_BUNDLE: authority },
    ...{ AWS_ACCESS_KEY_ID: store.keys.accessKey, AWS_SECRET_ACCESS_KEY: store.keys.secretKey },
  };
  const { pulumi: file } = await findPulumi(console.log);
  const run = { pulumi: file, cwd: layout.work };
  pulumi = (args, how) => runPulumi({ ...run, args, env, ...how });
  withEnv = (more, ...args) => runPulumi({ ...run, args, env: { ...env, ...more } });
});

afterAll(async () => {
  await sandbox?.remove();
  await s3?.close();
  folder.remove();
});

const at = () => ({ sandbox: { ...sandbox, pulumi }, stage: "dev" });
const unchanged = () => pulumi(["preview", "--stack", "dev", "--expect-no-changes"]);
const succeeded = async (run: Promise<Run>): Promise<Run> => {
  const ended = await run;
  expectDone(ended);
  return ended;
};

/** The bytes of everything that was ever in the bucket. */
function stored(path = folder.path): readonly string[] {
  return readdirSync(path).flatMap((name) => {
    const file = join(path, name);
    return statSync(file).isDirectory() ? stored(file) : [readFileSync(file, "latin1")];
  });
}

const state = "/.pulumi/stacks/k3s-stages/dev.json";
/** Newest first. */
async function versionsOf(path: string): Promise<readonly string[]> {
  const { body } = await call("GET", `/?prefix=${encodeURIComponent(path.slice(1))}&versions=`);
  const all = [...body.matchAll(/<Version>.*?<Key>(.+?)<\/Key>.*?<VersionId>(.+?)<\/VersionId>.*?<\/Version>/gs)];
  return all.filter(([, key]) => `/${key}` === path).map(([, , id = ""]) => id);
}

describe("the state of a stage in a bucket", () => {
  it("is where the document's address says, with the bucket's versions on", async () => {
    const on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    expect((await call("PUT", "/?versioning=", on)).status).toBe(200);
    await succeeded(pulumi(["login", login]));
    await initStack(at().sandbox, "dev");
    expect((await succeeded(pulumi(["whoami", "--verbose"]))).stdout).toContain(`s3://${bucket}`);
    expect((await call("GET", state)).status).toBe(200);
  });

  it("takes no upload that a Ceph may refuse, unless Pulumi is told to send such", async () => {
    expect([s3.uploads.taken > 0, s3.uploads.refused]).toEqual([true, 0]);
    const run = await withEnv({ AWS_REQUEST_CHECKSUM_CALCULATION: "when_supported" }, "stack", "init", "other");
    expect([run.code === 0, said(run)]).toEqual([false, expect.stringContaining("XAmzContentSHA256Mismatch")]);
  });

  it("is kept from a second `up` while one runs, which hears who holds it, where and since when", async () => {
    let second: Run | undefined;
    const meanwhile = async () => {
      second = await up(at());
    };
    expect(await cutOff(at(), { write: 6, moment: "after", meanwhile })).toBe("POST /servers");
    expect(second?.code).not.toBe(0);
    expect(second && said(second)).toMatch(
      /`pulumi cancel`\.\n\s+s3:\/\/\S+\/\.pulumi\/locks\/\S+\.json\S*: created by \S+@\S+ \(pid \d+\) at \d{4}-/,
    );
  });

  it("stays locked after a kill, and goes on by the documented steps", async () => {
    const refused = await up(at());
    expect([refused.code === 0, said(refused)]).toEqual([false, expect.stringContaining("`pulumi cancel`")]);
    const { steps, last } = await recover(at());
    expectDone(last);
    expect(steps[0]).toBe("cancel");
    await succeeded(unchanged());
  });

  it("has no secret that can be read, and none for another passphrase", async () => {
    const secrets = [...Object.values(dummySecrets), "PRIVATE KEY", "::server:"];
    const all = stored();
    expect(all.length).toBeGreaterThan(10);
    expect(secrets.filter((secret) => all.some((text) => text.includes(secret)))).toEqual([]);
    const run = await withEnv({ PULUMI_CONFIG_PASSPHRASE: "another" }, "preview", "--stack", "dev");
    expect([run.code === 0, said(run)]).toEqual([false, expect.stringContaining("incorrect passphrase")]);
  });

  it("is refused where another folder of the bucket has none of the stage's keys", async () => {
    const other = { PULUMI_BACKEND_URL: login.replace(bucket, `${bucket}/other`) };
    await succeeded(withEnv(other, "stack", "init", "dev"));
    const secrets = Object.entries(dummySecrets).flatMap(([key, value]) => ["--secret", `${key}=${value}`]);
    await succeeded(withEnv(other, "config", "set-all", "--stack", "dev", ...secrets));
    const run = await withEnv(other, "preview", "--stack", "dev");
    expect([run.code === 0, said(run)]).toEqual([false, expect.stringContaining("this state has none of its keys")]);
  });

  it("comes back from an export, and from a version of the bucket", async () => {
    const file = join(folder.path, "dev.json");
    await succeeded(pulumi(["stack", "export", "--stack", "dev", "--file", file]));
    await succeeded(pulumi(["stack", "import", "--stack", "dev", "--file", file]));
    await succeeded(unchanged());
    const [newest = ""] = await versionsOf(state);
    await call("PUT", state, "{}");
    expect((await unchanged()).code).not.toBe(0);
    const { body } = await call("GET", `${state}?versionId=${newest}`);
    await call("PUT", state, body);
    await succeeded(unchanged());
  });

  it("is gone with the stack", async () => {
    await succeeded(pulumi(["destroy", "--yes", "--stack", "dev"]));
    await succeeded(pulumi(["stack", "rm", "dev", "--yes"]));
    expect((await call("GET", state)).status).toBe(404);
  });
});

describe("the address of a snapshot", () => {
  const key = "prod/etcd-snapshot (1) +ä.zip";
  const object = { endpoint, bucket, region: store.region, key };
  const get = (url: string) => ask(s3, { method: "GET", url: new URL(url) });
  const signed = (more: { readonly secretKey?: string; readonly age?: number } = {}) => {
    const { secretKey = store.keys.secretKey, age = 0 } = more;
    const keys = { ...store.keys, secretKey };
    return presigned(object, keys, { now: new Date(Date.now() - age * 1000), seconds: 600 });
  };

  it("gives it to whoever has no keys", async () => {
    expect((await call("PUT", new URL(signed()).pathname, "snapshot")).status).toBe(200);
    expect(await get(signed())).toEqual({ status: 200, body: "snapshot" });
  });

  it.each([
    ["by another key", () => signed({ secretKey: "another" }), "SignatureDoesNotMatch"],
    ["too late", () => signed({ age: 700 }), "expired"],
    ["for another object", () => signed().replace("prod/", "dev/"), "SignatureDoesNotMatch"],
    [
      "for longer than it was signed for",
      () => signed().replace("Expires=600", "Expires=900"),
      "SignatureDoesNotMatch",
    ],
  ])("is refused %s", async (_, url, words) => {
    const { status, body } = await get(url());
    expect([status, body]).toEqual([403, expect.stringContaining(words)]);
  });
});
