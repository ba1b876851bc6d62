/** The publishing process is killed before and after each of its git commands, and in the middle of its push. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fenced } from "../stacks/publish/fence.ts";
import { openRemote } from "../stacks/publish/git.ts";
import { plan } from "../stacks/publish/merge.ts";
import { publish } from "../stacks/publish/publish.ts";
import { setMarked } from "../stacks/tree/setters.ts";
import { gitRemote } from "./git-remote.ts";

const patch = "apps/blog/prod/patch.yaml";
const text = (tag: string, replicas: number) =>
  `replicas: ${replicas}\nimage: ghcr.io/acme/blog:${tag} # {"$imagepolicy": "blog:blog-prod"}\n`;
const stage = { stage: "prod", path: "clusters/production", placeholders: [] };
const desired = (replicas: number) =>
  new Map([
    [patch, text("v1", replicas)],
    ["apps/blog/base/a.yaml", "a: 1\n"],
  ]);

const run = (script: string) => `#!/bin/sh\n${script}`;
function program(file: string, script: string): void {
  writeFileSync(file, run(script));
  chmodSync(file, 0o755);
}

let repo: ReturnType<typeof gitRemote>;
/** The repository as it was before the publish that is killed: published once, and Flux has moved the tag. */
let template: string;
let tools: string;
let temporary: string;

async function published(replicas: number): Promise<void> {
  const remote = openRemote({ url: repo.url, branch: "main" });
  const target = { stage: "prod", clusters: [stage.path], paths: [...desired(replicas).keys()] };
  await publish(remote, { target, plan: (head) => plan({ ...stage, desired: desired(replicas), head }) });
  remote.close();
}

beforeAll(async () => {
  repo = gitRemote();
  [template, tools, temporary] = ["template.git", "tools", "temporary"].map((name) => join(repo.folder, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [tools, temporary]) mkdirSync(folder);
  repo.edit({ "README.md": "ours\r\n" });
  await published(1);
  repo.edit({
    [patch]: (live) => setMarked(live, "blog:blog-prod", { name: "ghcr.io/acme/blog", tag: "v2", digest: undefined }),
  });
  cpSync(repo.url, template, { recursive: true });
  const real = execFileSync("which", ["git"], { encoding: "utf8" }).trim();
  program(
    join(tools, "git"),
    `echo "$PPID" >"$STATE/publisher"; running="$STATE/command-$$"; : >"$running"; trap 'rm "$running"' EXIT
n=$(($(cat "$STATE/count") + 1)); echo "$n" >"$STATE/count"
[ "$n $WHEN" = "$AT before" ] && { kill -9 "$PPID"; exit 1; }
"${real}" "$@"; code=$?
[ "$n $WHEN" = "$AT after" ] && kill -9 "$PPID"
exit $code
`,
  );
});
afterAll(() => repo?.close());

interface Kill {
  readonly at?: number;
  readonly when?: "before" | "after";
  /** Of the server, in the middle of a push. */
  readonly hook?: "pre-receive" | "update" | "post-receive";
}

/** Starts from the template and publishes in a process of its own; gives the signal that ended it, and how many commands ran. */
async function publishing({ at = 0, when = "before", hook }: Kill) {
  rmSync(repo.url, { recursive: true });
  cpSync(template, repo.url, { recursive: true });
  if (hook) program(join(repo.url, "hooks", hook), `cat >/dev/null; kill -9 "$(cat "$STATE/publisher")"\n`);
  writeFileSync(join(repo.folder, "count"), "0");
  const files = Object.fromEntries([...desired(3)].map(([path, each]) => [path, fenced(each)]));
  const inputs = { stage: "prod", url: repo.url, branch: "main", path: stage.path, files, placeholders: [] };
  const env = { ...process.env, PATH: `${tools}:${process.env["PATH"]}`, TMPDIR: temporary, STATE: repo.folder };
  const child = spawn(process.execPath, [join(import.meta.dirname, "publish-once.ts"), JSON.stringify(inputs)], {
    env: { ...env, AT: `${at}`, WHEN: when },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code, signal] = await once(child, "exit");
  return { code, signal, commands: Number(readFileSync(join(repo.folder, "count"), "utf8")) };
}

/** An orphaned push ends on its own, and no sooner than its server's part; what it locked is free then. */
async function settled(): Promise<void> {
  const within = (folder: string) => {
    try {
      return readdirSync(folder, { recursive: true, encoding: "utf8" });
    } catch (error) {
      // A folder that goes while it is listed, as the one of a push that was not taken does.
      return [`${error}.lock`];
    }
  };
  const busy = () => [
    ...within(repo.url).filter((path) => path.endsWith(".lock")),
    ...readdirSync(repo.folder).filter((name) => name.startsWith("command-")),
  ];
  for (let count = 0; busy().length > 0 && count < 1200; count++)
    await new Promise((resolve) => setTimeout(resolve, 25));
  expect(busy()).toEqual([]);
}

async function expectConverged(): Promise<void> {
  for (const hook of readdirSync(join(repo.url, "hooks")).filter((name) => !name.endsWith(".sample")))
    rmSync(join(repo.url, "hooks", hook));
  await settled();
  await published(3);
  expect(repo.read(patch)).toBe(text("v2", 3));
  expect(repo.read("README.md")).toBe("ours\r\n");
  expect(repo.files()).toEqual(["README.md", "apps/blog/base/a.yaml", patch, "clusters/production/.owned.json"]);
  expect(repo.commits()).toHaveLength(4);
  expect(repo.git("rev-list", "--merges", "main")).toBe("");
  expect(repo.git("for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
  expect(repo.git("fsck", "--full", "--strict", "--no-dangling")).toBe("");
}

describe("a publish that is killed", () => {
  it("before or after any of its git commands is done by the next one, and nothing is lost (F78)", async () => {
    const { code, commands } = await publishing({});
    expect(code).toBe(0);
    await expectConverged();
    expect(commands).toBeGreaterThan(6);
    const ended: unknown[] = [];
    for (let at = 1; at <= commands; at++) {
      for (const when of ["before", "after"] as const) {
        ended.push((await publishing({ at, when })).signal);
        await expectConverged();
      }
    }
    expect(new Set(ended)).toEqual(new Set(["SIGKILL"]));
  }, 300_000);

  it.each(["pre-receive", "update", "post-receive"] as const)(
    "in its push, in the server's %s hook, too (F78)",
    async (hook) => {
      expect((await publishing({ hook })).signal).toBe("SIGKILL");
      await expectConverged();
    },
  );

  it("leaves a folder, which goes when nobody can be using it any more", async () => {
    const left = readdirSync(temporary).filter((name) => name.startsWith("gitops-"));
    expect(left.length).toBeGreaterThan(0);
    const [old = "", young = ""] = left.map((name) => join(temporary, name));
    utimesSync(old, 0, 0);
    const own = join(temporary, `gitops-${process.pid}-alive`);
    mkdirSync(own);
    utimesSync(own, 0, 0);
    const { TMPDIR } = process.env;
    process.env["TMPDIR"] = temporary;
    try {
      openRemote({ url: repo.url, branch: "main" }).close();
      // It looks for such folders once what it was opened for has begun.
      await setImmediate();
    } finally {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    }
    expect([old, young, own].map((folder) => existsSync(folder))).toEqual([false, true, true]);
  });
});
