import { once } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRemote, type Remote } from "../stacks/publish/git.ts";
import { gitError } from "../stacks/publish/git-failure.ts";
import { readHead } from "../stacks/publish/head.ts";
import { plan, type release } from "../stacks/publish/merge.ts";
import { publish } from "../stacks/publish/publish.ts";
import { setMarked } from "../stacks/tree/setters.ts";
import { gitRemote } from "./git-remote.ts";

let repo: ReturnType<typeof gitRemote>;
let open: { close: () => void }[] = [];
beforeEach(() => {
  repo = gitRemote();
  open = [repo];
});
afterEach(() => {
  for (const one of open) one.close();
});

async function remoteOf(url = repo.url, branch = "main"): Promise<Remote> {
  const remote = openRemote({ url, branch });
  open.push(remote);
  return remote;
}

const image = (tag: string, replicas = 1) =>
  `replicas: ${replicas}\nimage: ghcr.io/acme/blog:${tag} # {"$imagepolicy": "blog:blog-prod"}\n`;
const patch = "apps/blog/prod/patch.yaml";
const base = "apps/blog/base/service.yaml";
const bump = (tag: string) => (text: string) =>
  setMarked(text, "blog:blog-prod", { name: "ghcr.io/acme/blog", tag, digest: undefined });

const desired = (files: { readonly [path: string]: string }) => new Map(Object.entries(files));
const prod = { stage: "prod", path: "clusters/production", placeholders: [] };

function publication(files: { readonly [path: string]: string }, stage = prod) {
  return {
    target: { stage: stage.stage, clusters: [stage.path], paths: Object.keys(files) },
    plan: (head: Parameters<typeof release>[0]["head"]) => plan({ ...stage, desired: desired(files), head }),
  };
}

/** The remote, with something that happens right before the first push arrives. */
const interrupted = (remote: Remote, happens: () => void): Remote => {
  let waiting = true;
  return {
    ...remote,
    push: async (commit) => {
      if (waiting) happens();
      waiting = false;
      return remote.push(commit);
    },
  };
};

describe("publishing", () => {
  it("starts an empty repository (F80)", async () => {
    const commit = await publish(await remoteOf(), publication({ [patch]: image("v0.0.1") }));
    expect(repo.head()).toBe(commit);
    expect(repo.files()).toEqual([patch, "clusters/production/.owned.json"]);
    expect(repo.read(patch)).toBe(image("v0.0.1"));
  });

  it("makes one commit that says what and why, and none when there is nothing to change (rule 39)", async () => {
    repo.edit({ "README.md": "ours\n" });
    const remote = await remoteOf();
    const commit = await publish(remote, publication({ [patch]: image("v0.0.1"), [base]: "a: 1\n" }));
    expect(await publish(remote, publication({ [patch]: image("v0.0.1"), [base]: "a: 1\n" }))).toBe(commit);
    expect(repo.git("log", "-1", "--format=%B%an", "main")).toBe(
      `prod: add what is configured (2 new)\n\ncreate ${base}: new\ncreate ${patch}: new\nk3s-stages`,
    );
    expect(repo.commits()).toHaveLength(2);
    expect(repo.read("README.md")).toBe("ours\n");
  });

  it("leaves links, modes and bytes of people's files as they are (F77)", async () => {
    repo.edit({ "notes.txt": "a\r\nb" });
    const before = repo.git("rev-parse", "main:notes.txt");
    await publish(await remoteOf(), publication({ [patch]: image("v1") }));
    expect(repo.git("rev-parse", "main:notes.txt")).toBe(before);
  });

  it("keeps a tag that Flux pushes between our fetch and our push, and the history stays linear (rules 19, 39) (F72)", async () => {
    await publish(await remoteOf(), publication({ [patch]: image("v1") }));
    const remote = interrupted(await remoteOf(), () => repo.edit({ [patch]: bump("v2") }));
    await publish(remote, publication({ [patch]: image("v1", 3) }));
    expect(repo.read(patch)).toBe(image("v2", 3));
    expect(repo.git("rev-list", "--merges", "main")).toBe("");
    expect(repo.commits()).toHaveLength(3);
  });

  it("gives up in words when the branch gets a commit before every push, with all of them kept (F72)", async () => {
    await publish(await remoteOf(), publication({ [patch]: image("v1") }));
    const remote = await remoteOf();
    let tag = 1;
    const busy: Remote = {
      ...remote,
      push: async (commit) => {
        repo.edit({ [patch]: bump(`v${++tag}`) });
        return remote.push(commit);
      },
    };
    await expect(publish(busy, { ...publication({ [patch]: image("v1", 3) }), patience: 700 })).rejects.toThrow(
      "the branch got a new commit before every push for 0.7 s: run again when it rests",
    );
    expect(repo.read(patch)).toBe(image(`v${tag}`));
    await publish(remote, publication({ [patch]: image("v1", 3) }));
    expect(repo.read(patch)).toBe(image(`v${tag}`, 3));
    expect(repo.git("rev-list", "--merges", "main")).toBe("");
    expect(repo.commits()).toHaveLength(tag + 1);
  });

  it("says that a lock is in the way when nobody commits and nothing gets in, and goes on without it (F78)", async () => {
    await publish(await remoteOf(), publication({ [patch]: image("v1") }));
    const lock = join(repo.url, "refs/heads/main.lock");
    writeFileSync(lock, "");
    const remote = await remoteOf();
    const change = publication({ [patch]: image("v1", 3) });
    await expect(publish(remote, { ...change, patience: 300 })).rejects.toThrow(
      /lets nobody write to the branch, for 0\.3 s, though it does not move: .* left a lock/,
    );
    rmSync(lock);
    await publish(remote, change);
    expect(repo.read(patch)).toBe(image("v1", 3));
  });

  it("fetches the branch where the tip that was asked for is not to be had any more", async () => {
    repo.edit({ "README.md": "1\n" });
    const tip = repo.git("rev-parse", "main");
    const remote = await remoteOf();
    expect((await remote.fetch(tip)).commit).toBe(tip);
    repo.edit({ "README.md": "2\n" });
    expect((await (await remoteOf()).fetch("1".repeat(40))).commit).toBe(await remote.tip());
  });

  it("stops when Flux's own line got another marker, which only a person can judge (F73)", async () => {
    await publish(await remoteOf(), publication({ [patch]: image("v1") }));
    const remote = await remoteOf();
    const change = publication({ [patch]: image("v1", 3) });
    const seen = await readHead(remote, await remote.fetch(), change.target);
    const renamed = (text: string) => text.replace("blog:blog-prod", "blog:renamed").replace(":v1 ", ":v2 ");
    const raced = interrupted(remote, () => repo.edit({ [patch]: renamed }));
    await expect(publish(raced, { ...change, seen })).rejects.toThrow(new RegExp(`${patch}(:2)?: |: ${patch}`));
    expect(repo.read(patch)).toBe(renamed(image("v1")));
  });

  it.each([
    ["before it has read anything", "exit 1"],
    ["when it has all of it", "cat >/dev/null; exit 1"],
    ["in the middle", 'kill -9 "$PPID"'],
  ])("a server that hangs up on the push %s changes nothing, and the next run converges (F75)", async (_, script) => {
    repo.edit({ "README.md": "ours\n" });
    const hook = join(repo.url, "hooks", "pre-receive");
    writeFileSync(hook, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const change = publication({ [patch]: image("v1") });
    await expect(publish(await remoteOf(), change)).rejects.toMatchObject({ name: "PublishError" });
    expect(repo.files()).toEqual(["README.md"]);
    rmSync(hook);
    await publish(await remoteOf(), change);
    expect(repo.read(patch)).toBe(image("v1"));
    expect(repo.commits()).toHaveLength(2);
  });

  it("goes on from a rewritten history, by the files that it finds there (F75)", async () => {
    await publish(await remoteOf(), publication({ [patch]: image("v1"), [base]: "a: 1\n" }));
    repo.edit({ [patch]: bump("v2"), "README.md": "ours\n" });
    const remote = await remoteOf();
    await remote.fetch();
    const anew = repo.git("commit-tree", "main^{tree}", "-m", "squashed");
    repo.git("update-ref", "refs/heads/main", anew);
    await publish(remote, publication({ [patch]: image("v1", 3), [base]: "a: 1\n" }));
    expect(repo.read(patch)).toBe(image("v2", 3));
    expect(repo.read("README.md")).toBe("ours\n");
    expect(repo.commits()).toHaveLength(2);
  });

  it("publishes into a repository that is itself a shallow clone (F75)", async () => {
    for (const text of ["1\n", "2\n", "3\n"]) repo.edit({ "README.md": text });
    const shallow = join(repo.folder, "shallow.git");
    repo.git("clone", "--quiet", "--bare", "--depth=1", `file://${repo.url}`, shallow);
    const remote = await remoteOf(shallow);
    await publish(remote, publication({ [patch]: image("v1") }));
    const snapshot = await remote.fetch();
    expect([...snapshot.entries.keys()]).toEqual(["README.md", patch, "clusters/production/.owned.json"]);
  });

  it("lets two stages publish at once (rule 39) (F74)", async () => {
    const stage = { ...prod, stage: "stage", path: "clusters/stage" };
    const other = await remoteOf();
    await Promise.all([
      publish(await remoteOf(), publication({ [base]: "a: 1\n", "apps/blog/prod/a.yaml": "a: 1\n" })),
      publish(other, publication({ [base]: "a: 1\n", "apps/blog/stage/a.yaml": "a: 1\n" }, stage)),
    ]);
    expect(repo.files()).toEqual([
      base,
      "apps/blog/prod/a.yaml",
      "apps/blog/stage/a.yaml",
      "clusters/production/.owned.json",
      "clusters/stage/.owned.json",
    ]);
    expect(repo.commits()).toHaveLength(2);
  });

  it("stops when a person changed a file of the plan meanwhile, and pushes nothing (F73)", async () => {
    await publish(await remoteOf(), publication({ [patch]: image("v1") }));
    const remote = await remoteOf();
    const change = publication({ [patch]: image("v1", 3) });
    const seen = await readHead(remote, await remote.fetch(), change.target);
    const theirs = interrupted(remote, () => repo.edit({ [patch]: image("v1", 2) }));
    await expect(publish(theirs, { ...change, seen })).rejects.toThrow(
      `changed by someone else while this update ran: ${patch} (nothing was pushed; run the preview again)`,
    );
    expect(repo.read(patch)).toBe(image("v1", 2));
  });

  it("refuses a file that people own, and pushes nothing", async () => {
    repo.edit({ [base]: "mine: true\n" });
    const head = repo.head();
    await expect(publish(await remoteOf(), publication({ [base]: "a: 1\n" }))).rejects.toThrow(
      `${base}: exists already`,
    );
    expect(repo.head()).toBe(head);
  });

  it("shows the words of a server that refuses the push (F75)", async () => {
    repo.edit({ "README.md": "ours\n" });
    repo.refuse("main is protected: open a pull request");
    await expect(publish(await remoteOf(), publication({ [base]: "a: 1\n" }))).rejects.toThrow(
      /refuses the push to main: .*\(it says: main is protected: open a pull request; pre-receive hook declined\)/,
    );
    expect(repo.commits()).toEqual(["by someone"]);
  });

  it("follows the user's insteadOf", async () => {
    const config = {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.${repo.url}.insteadOf`,
      GIT_CONFIG_VALUE_0: "ssh://git@git.example.com/acme/gitops",
    };
    Object.assign(process.env, config);
    try {
      await publish(await remoteOf("ssh://git@git.example.com/acme/gitops"), publication({ [base]: "a: 1\n" }));
    } finally {
      for (const name of Object.keys(config)) delete process.env[name];
    }
    expect(repo.files()).toContain(base);
  });

  it("says which branches there are when the configured one is missing (F80)", async () => {
    repo.edit({ "README.md": "ours\n" }, "trunk");
    await expect((await remoteOf()).fetch()).rejects.toThrow(
      `has no branch main: create it, or configure one of: trunk`,
    );
  });

  it("says that a remote cannot be reached (F75)", async () => {
    const remote = await remoteOf("http://127.0.0.1:9/acme/gitops");
    await expect(remote.fetch()).rejects.toMatchObject({ failure: "unreachable" });
  });

  it("hands the token to the server that asks for it, and to nobody's eyes", async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer(({ headers: { authorization } }, response) => {
      seen.push(authorization);
      response.writeHead(authorization ? 404 : 401, { "www-authenticate": "Basic" }).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    open.push({ close: () => server.close() });
    const { port } = server.address() as AddressInfo;
    const remote = openRemote({ url: `http://127.0.0.1:${port}/acme/gitops`, branch: "main", token: "s3cr3t" });
    open.push(remote);
    const error = await remote.fetch().catch((reason: Error) => reason);
    expect(seen).toEqual([undefined, `Basic ${Buffer.from("x-access-token:s3cr3t").toString("base64")}`]);
    expect(error).toMatchObject({ failure: "not found", message: expect.not.stringContaining("s3cr3t") });
  });

  it("says that there is no repository (F80)", async () => {
    const remote = await remoteOf(join(repo.folder, "nothing.git"));
    await expect(remote.fetch()).rejects.toMatchObject({ failure: "not found" });
  });

  it("removes its private repository", async () => {
    const { TMPDIR } = process.env;
    process.env["TMPDIR"] = repo.folder;
    const present = () => readdirSync(repo.folder).filter((name) => name.startsWith("gitops-"));
    try {
      const remote = openRemote({ url: repo.url, branch: "main" });
      expect(present()).toHaveLength(1);
      remote.close();
      expect(present()).toEqual([]);
    } finally {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    }
  });
});

describe("what git prints becomes one sentence", () => {
  it.each([
    [
      "ssh: Could not resolve hostname git.example.com: Name or service not known\nfatal: Could not read from remote repository.",
      "unreachable",
    ],
    ["fatal: unable to access 'https://x/': Failed to connect to x port 443: Connection refused", "unreachable"],
    ["timed out", "unreachable"],
    ["git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.", "authentication"],
    ["fatal: could not read Username for 'https://github.com': terminal prompts disabled", "authentication"],
    [
      "remote: Invalid username or token.\nfatal: Authentication failed for 'https://github.com/acme/gitops/'",
      "authentication",
    ],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 403", "authentication"],
    ["ERROR: Repository not found.\nfatal: Could not read from remote repository.", "not found"],
    ["remote: Repository not found.\nfatal: repository 'https://github.com/acme/x/' not found", "not found"],
    [
      "ERROR: The key you are authenticating with has been marked as read only.\nfatal: Could not read from remote repository.",
      "read-only",
    ],
    [
      "remote: Permission to acme/gitops.git denied to acme.\nfatal: unable to access 'https://x/': The requested URL returned error: 403",
      "read-only",
    ],
    [
      "remote: error: GH006: Protected branch update failed for refs/heads/main.\n!\tx:refs/heads/main\t[remote rejected] (protected branch hook declined)",
      "refused",
    ],
    [
      "! [remote rejected] main -> main (refusing to allow a GitHub App to create or update workflow `.github/workflows/flux-pull-requests.yaml` without `workflows` permission)",
      "refused",
    ],
    [
      "ERROR: This repository was archived so it is read-only.\nfatal: Could not read from remote repository.",
      "refused",
    ],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 429", "unreachable"],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 503", "unreachable"],
    ["Host key verification failed.\nfatal: Could not read from remote repository.", "host key"],
    ["fatal: write error: No space left on device", "disk full"],
    ["Error: spawn git ENOENT", "git missing"],
    ["fatal: something new", "other"],
  ])("%j: %s (F80)", (output, failure) => {
    expect(gitError(output, { url: "https://github.com/acme/gitops", branch: "main" }).failure).toBe(failure);
  });

  it("says which right a token lacks that may not push a workflow (F80)", () => {
    const output =
      "! [remote rejected] main -> main (refusing to allow a Personal Access Token to create or update workflow `x` without `workflow` scope)";
    const { message } = gitError(output, { url: "https://github.com/acme/gitops", branch: "main" });
    expect(message).toContain("give it the right to write workflows, or push over ssh");
  });

  it("shows neither the token nor the userinfo of an address", () => {
    const target = { url: "https://me:hunter2@git.example.com/x", branch: "main", token: "s3cr3t" };
    const { message } = gitError(
      "remote: no s3cr3t here\nfatal: unable to access 'https://me:hunter2@git.example.com/x'",
      target,
    );
    expect(message).toContain("git.example.com/x");
    expect(message).not.toMatch(/hunter2|s3cr3t/);
  });
});
