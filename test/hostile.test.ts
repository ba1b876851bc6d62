/** Registries and git remotes that mean harm: a clear error, in bounded time and memory, and nothing done elsewhere. */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../stacks/config/error.ts";
import { sourcesOf } from "../stacks/config/sources.ts";
import { selectTag } from "../stacks/gitops/select.ts";
import { openRemote } from "../stacks/publish/git.ts";
import { gitError } from "../stacks/publish/git-failure.ts";
import { readHead } from "../stacks/publish/head.ts";
import { plan } from "../stacks/publish/merge.ts";
import { publish } from "../stacks/publish/publish.ts";
import { registryTags } from "../stacks/registry/tags.ts";
import { printable } from "../stacks/terminal/printable.ts";
import { gitRemote } from "./git-remote.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
const red = "\u001b[31mred\u001b[0m\u0007\u009b2J\r";

let open: { close: () => unknown }[] = [];
beforeEach(() => {
  open = [];
});
afterEach(async () => {
  for (const one of open) await one.close();
});

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const failure = async (work: Promise<unknown>): Promise<Error> => {
  const found = await work.then(
    () => new Error("it succeeded"),
    (error: Error) => error,
  );
  expect(found.message).not.toMatch(control);
  return found;
};

describe("what others wrote, on a terminal,", () => {
  it("moves no cursor, hides nothing and turns nothing around", () => {
    expect(printable(`a\n\tb${red}\u202ec`)).toBe("a\n\tb\\u001b[31mred\\u001b[0m\\u0007\\u009b2J\\u000d\\u202ec");
  });

  it("is a server's refusal, a path or the name of a stage as it would be typed", async () => {
    const said = gitError(`remote: ${red}\n! [remote rejected] (hook declined)`, { url: "https://x", branch: "main" });
    expect(said.message).toContain("it says: \\u001b[31mred");
    expect(said.message).not.toMatch(control);
    const repo = gitRemote();
    open.push(repo);
    repo.edit({ "clusters/prod/.owned.json": JSON.stringify({ version: 1, stage: red, files: [] }) });
    const remote = openRemote({ url: repo.url, branch: "main" });
    open.push(remote);
    const args = { stage: "prod", path: "clusters/prod", placeholders: [], desired: new Map([["a.yaml", "a: 1\n"]]) };
    const target = { stage: "prod", clusters: [args.path], paths: [...args.desired.keys()] };
    const refused = await failure(publish(remote, { target, plan: (head) => plan({ ...args, head }) }));
    expect(refused.message).toMatch(/belongs to stage \\u001b\[31mred/);
  });
});

describe("YAML that grows or nests without bounds", () => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array.from({ length: 9 }, () => of).join(", ")}]`;
  const names = [..."abcdefghij"];
  const bomb = `${names.map((name, index) => level(name, index === 0 ? "x" : `*${names[index - 1]}`)).join("\n")}\n`;
  const deep = `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`;

  it.each([
    ["aliases of aliases", bomb],
    ["twenty thousand brackets", deep],
  ])("is one sentence in the configuration: %s", (_, text) => {
    const read = () => sourcesOf({ "Pulumi.yaml": "name: k3s-stages\n", "Pulumi.dev.yaml": text });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/^Pulumi\.dev\.yaml(:1)? is not valid YAML: /);
  });

  it("is a conflict with its path in a file that Flux writes to, and nothing is followed", () => {
    const line = 'image: x:v1 # {"$imagepolicy": "blog:blog"}\n';
    const owned = JSON.stringify({ version: 1, stage: "prod", files: ["a.yaml"] });
    const file = { kind: "file", id: "1" } as const;
    const planned = (text: string) =>
      plan({
        ...{ stage: "prod", path: "clusters/prod", placeholders: [], desired: new Map([["a.yaml", line]]) },
        head: {
          commit: "1".repeat(40),
          entries: new Map([
            ["a.yaml", file],
            ["clusters/prod/.owned.json", file],
          ]),
          texts: new Map([
            ["a.yaml", text + line],
            ["clusters/prod/.owned.json", owned],
          ]),
        },
      });
    const message = expect.stringContaining("is no valid YAML, so the tags in it cannot be kept");
    expect(planned(deep)).toMatchObject({ kind: "conflict", problems: [{ path: "a.yaml", message }] });
    expect(planned(bomb)).toMatchObject({ kind: "commit" });
  });
});

describe("a registry", () => {
  const list = (registry: string, more: object = {}) => registryTags({ registry, name: "acme/blog", ...more });
  const tags = (names: readonly string[]) => JSON.stringify({ name: "acme/blog", tags: names });

  it("may list a million tags, of which the best is found", async () => {
    const names = Array.from({ length: 1_000_000 }, (_, index) => `v1.0.${index}`);
    const url = await served((_, response) => response.end(tags(names)));
    const found = await list(url);
    expect(found).toHaveLength(1_000_000);
    const policy = { pattern: "^v(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$", range: ">=0.0.0" };
    expect(selectTag({ ...policy, pattern: policy.pattern.replaceAll("*", "{0,14}") }, found)).toMatchObject({
      tag: "v1.0.999999",
    });
  });

  it("may send tags of 128 characters against a filter that repeats what it repeats", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `v${"1".repeat(124)}${index % 10}x`);
    const url = await served((_, response) => response.end(tags(names)));
    expect(selectTag({ pattern: "^v([0-9]+)+-([0-9]+)*$", range: ">=0.0.0-0" }, await list(url))).toMatchObject({
      kind: "none",
    });
  });

  it.each([
    ["a tag that would move a cursor", [`v1${red}`], /lists "v1\\u001b\[31mred.*, which can be no tag$/],
    ["a tag that is a path", ["../../etc/passwd"], /which can be no tag$/],
    ["a tag of 129 characters", ["a".repeat(129)], /lists "a{40}", which can be no tag$/],
  ])("is refused with %s", async (_, names, words) => {
    const url = await served((_request, response) => response.end(tags(names)));
    expect((await failure(list(url))).message).toMatch(words);
  });

  it("is refused with words that would move a cursor", async () => {
    const url = await served((_, response) => response.writeHead(500).end(red));
    expect((await failure(list(url))).message).toContain("answered 500: \\u001b[31mred");
  });

  it("that drips is given up at the deadline, and one that never ends its answer at the limit of bytes", async () => {
    const dripping = await served((_, response) => {
      const timer = setInterval(() => response.write("["), 20);
      response.on("close", () => clearInterval(timer));
    });
    expect((await failure(list(dripping, { limits: { time: 400 } }))).message).toContain("took longer than 0.4 s");
    const endless = await served((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    expect((await failure(list(endless))).message).toContain("sends more than 64000000 bytes of tags");
  });

  it("leads nobody to a file, and no credential to another host", async () => {
    const file = await served((_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end());
    expect((await failure(list(file))).message).toContain("cannot be reached");
    const seen: (string | undefined)[] = [];
    const thief = await served(({ headers }, response) => {
      seen.push(headers.authorization);
      response.end(tags(["v1.0.0"]));
    });
    const registry = await served(({ headers }, response) => {
      if (headers.authorization) response.writeHead(307, { location: `${thief}/v2/` }).end();
      else response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    });
    await list(registry, { credentials: { username: "robot", password: "hunter2" } });
    expect(seen).toEqual([undefined]);
  });
});

describe("a git remote", () => {
  const remoteAt = async (url: string, patience?: number) => {
    const remote = openRemote({ url, branch: "main", ...(patience ? { patience } : {}) });
    open.push(remote);
    return remote;
  };

  it("that never answers is given up (F75)", async () => {
    const url = await served(() => undefined);
    const found = await failure((await remoteAt(`${url}/x`, 500)).fetch());
    expect(found.message).toMatch(/cannot be reached: check the address and the network/);
  });

  it("that sends what is no git, without an end, is given up (F75)", async () => {
    const url = await served((_, response) => {
      response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" });
      const timer = setInterval(() => response.write("0032x".repeat(10_000)), 5);
      response.on("close", () => clearInterval(timer));
    });
    await failure((await remoteAt(`${url}/x`, 3000)).fetch());
  });

  it("may have 50,000 branches of which none is ours: some are named", async () => {
    const repo = gitRemote();
    open.push(repo);
    repo.edit({ "a.txt": "a\n" }, "trunk");
    const commit = repo.head("trunk");
    const refs = Array.from({ length: 50_000 }, (_, index) => `${commit} refs/heads/b${index}`);
    writeFileSync(
      join(repo.url, "packed-refs"),
      `# pack-refs with: peeled fully-peeled sorted \n${refs.toSorted().join("\n")}\n`,
    );
    const found = await failure((await remoteAt(repo.url)).fetch());
    expect(found.message.length).toBeLessThan(500);
    expect(found.message).toMatch(/has no branch main: create it, or configure one of: b0, b1, b10,/);
  });

  /** Files that a person, or somebody who means harm, may have put there. */
  function odd() {
    const repo = gitRemote();
    open.push(repo);
    const outside = mkdtempSync(join(tmpdir(), "outside-"));
    open.push({ close: () => rmSync(outside, { recursive: true }) });
    const clone = join(repo.folder, "odd");
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", clone, "-c", "user.name=A person", "-c", "user.email=person@example.com", ...args]);
    execFileSync("git", ["clone", "--quiet", repo.url, clone], { stdio: "pipe" });
    mkdirSync(join(clone, "apps/blog"), { recursive: true });
    symlinkSync(outside, join(clone, "apps/blog/prod"));
    symlinkSync("/etc/passwd", join(clone, "passwd.yaml"));
    writeFileSync(join(clone, "new\nline.yaml"), "a: 1\n");
    writeFileSync(join(clone, `${red.replaceAll("/", "")}.yaml`), "a: 1\n");
    writeFileSync(join(clone, "$(touch pwned).yaml"), "a: 1\n");
    writeFileSync(join(clone, "'; touch pwned; '.yaml"), "a: 1\n");
    writeFileSync(join(clone, "-n.yaml"), "a: 1\n");
    writeFileSync(join(clone, "large.bin"), Buffer.alloc(30_000_000, "x"));
    git("add", "--all");
    git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},vendor/module`);
    git("commit", "--quiet", "--message", "odd");
    git("push", "--quiet", "origin", "HEAD:main");
    return { repo, outside };
  }

  it("with links that lead outside, submodules, huge files and names that mean harm keeps them all (F77)", async () => {
    const { repo, outside } = odd();
    const before = repo.git("ls-tree", "-r", "-z", "main");
    const remote = await remoteAt(repo.url);
    const desired = new Map([["apps/shop/prod/a.yaml", "a: 1\n"]]);
    const args = { stage: "prod", path: "clusters/prod", placeholders: [], desired };
    const target = { stage: "prod", clusters: [args.path], paths: [...desired.keys()] };
    await publish(remote, { target, plan: (head) => plan({ ...args, head }) });
    const after = repo.git("ls-tree", "-r", "-z", "main").split("\0");
    expect(before.split("\0").filter((line) => !after.includes(line))).toEqual([]);
    expect(after).toHaveLength(before.split("\0").length + 2);
    expect(readdirSync(outside)).toEqual([]);
    const within = new Map([["apps/blog/prod/a.yaml", "a: 1\n"]]);
    const through = publish(remote, {
      target: { ...target, paths: [...within.keys()] },
      plan: (head) => plan({ ...args, desired: within, head }),
    });
    expect((await failure(through)).message).toContain("apps/blog/prod is a symlink in the repository");
    expect(readdirSync(outside)).toEqual([]);
  });

  it("is read by name, never by a shell, and its links are not followed", async () => {
    const { repo } = odd();
    const remote = await remoteAt(repo.url);
    const snapshot = await remote.fetch();
    const texts = await remote.texts(
      snapshot,
      [...snapshot.entries.keys()].filter((path) => path.endsWith(".yaml")),
    );
    expect([...texts.keys()]).toContain("new\nline.yaml");
    expect([...texts.keys()]).not.toContain("passwd.yaml");
    expect(new Set(texts.values())).toEqual(new Set(["a: 1\n"]));
    const target = { stage: "prod", clusters: ["clusters/prod"], paths: [] };
    expect((await readHead(remote, snapshot, target)).texts.size).toBe(0);
    expect(existsSync("pwned")).toBe(false);
  });

  it("is looked at for taking over without a control character on the terminal", async () => {
    const { repo } = odd();
    const args = ["commands/node.mjs", "commands/adopt.ts", "--repo", repo.url];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stdout + stderr).toContain(repo.url);
    expect(stdout + stderr).not.toMatch(control);
    expect(existsSync("pwned")).toBe(false);
  });
});
