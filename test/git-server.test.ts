import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cgiEnv, cgiHead } from "../sandbox/git/cgi.ts";
import { type GitServer, startGit } from "../sandbox/git/server.ts";

const root = mkdtempSync(join(tmpdir(), "git-server-"));
let server: GitServer;
beforeAll(async () => {
  server = await startGit({ root: join(root, "bare") });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

const author = ["-c", "user.name=A person", "-c", "user.email=person@example.com"];
const env = { PATH: process.env["PATH"], GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
const execute = promisify(execFile);
const git = async (...args: string[]) => (await execute("git", [...author, ...args], { env })).stdout.trim();

let made = 0;
const newFolder = () => {
  made += 1;
  return join(root, `clone-${made}`);
};

async function clone(name: string): Promise<string> {
  const folder = newFolder();
  await git("clone", "--quiet", server.url(name), folder);
  return folder;
}

async function commit(folder: string, file: string, content: string | Buffer): Promise<string> {
  writeFileSync(join(folder, file), content);
  await git("-C", folder, "add", file);
  await git("-C", folder, "commit", "--quiet", "-m", `add ${file}`);
  return git("-C", folder, "rev-parse", "HEAD");
}

async function repositoryWithCommit(name: string): Promise<string> {
  await server.createRepository(name);
  const folder = await clone(name);
  await commit(folder, "README.md", "hello\n");
  await git("-C", folder, "push", "--quiet", "origin", "HEAD:main");
  return folder;
}

it("gives a clone what was pushed, with main as the branch", async () => {
  const first = await repositoryWithCommit("round-trip.git");
  const second = await clone("round-trip.git");
  expect(await git("-C", second, "rev-parse", "HEAD")).toBe(await git("-C", first, "rev-parse", "HEAD"));
  expect(await git("-C", second, "branch", "--show-current")).toBe("main");
});

it("takes a pack that git sends in chunks", async () => {
  const folder = await repositoryWithCommit("large.git");
  const pushed = await commit(folder, "large.bin", randomBytes(3 << 20));
  await git("-C", folder, "push", "--quiet", "origin", "HEAD:main");
  expect(await git("ls-remote", server.url("large.git"), "main")).toBe(`${pushed}\trefs/heads/main`);
});

it("reads a gzipped request", async () => {
  const folder = await repositoryWithCommit("gzip.git");
  const head = await git("-C", folder, "rev-parse", "HEAD");
  const want = `0032want ${head}\n00000009done\n`;
  const response = await fetch(`${server.url("gzip.git")}/git-upload-pack`, {
    method: "POST",
    headers: { "content-type": "application/x-git-upload-pack-request", "content-encoding": "gzip" },
    body: gzipSync(want),
  });
  expect(response.headers.get("content-type")).toBe("application/x-git-upload-pack-result");
  expect(Buffer.from(await response.arrayBuffer()).toString("latin1")).toContain("PACK");
});

it("refuses to rewrite history, even by force", async () => {
  const folder = await repositoryWithCommit("history.git");
  const before = await git("ls-remote", server.url("history.git"), "main");
  await git("-C", folder, "commit", "--quiet", "--amend", "-m", "another past");
  await expect(git("-C", folder, "push", "--force", "origin", "HEAD:main")).rejects.toThrow("non-fast-forward");
  expect(await git("ls-remote", server.url("history.git"), "main")).toBe(before);
});

it("lets one of two pushes at once through, and the other one after a rebase", async () => {
  const one = await repositoryWithCommit("race.git");
  const two = await clone("race.git");
  await Promise.all([commit(one, "one", "1"), commit(two, "two", "2")]);
  const push = (folder: string) => git("-C", folder, "push", "--quiet", "origin", "HEAD:main");
  const results = await Promise.allSettled([push(one), push(two)]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const late = results[0].status === "rejected" ? one : two;
  await git("-C", late, "pull", "--quiet", "--rebase", "origin", "main");
  await push(late);
  expect((await git("-C", late, "ls-tree", "--name-only", "origin/main")).split("\n")).toEqual([
    "README.md",
    "one",
    "two",
  ]);
});

it("leaves a repository that is there as it is", async () => {
  const folder = await repositoryWithCommit("kept.git");
  await server.createRepository("kept.git");
  expect(await git("ls-remote", server.url("kept.git"), "main")).toContain(
    await git("-C", folder, "rev-parse", "HEAD"),
  );
});

it("answers 404 for a repository that does not exist", async () => {
  expect((await fetch(`${server.url("none.git")}/info/refs`)).status).toBe(404);
});

it("serves and makes nothing outside of its folder, and survives asking for it", async () => {
  const made = await repositoryWithCommit("inside.git");
  for (const path of ["..%2fclone-1/.git/info/refs", "%zz/info/refs", "/?"]) {
    expect((await fetch(server.url(path))).ok).toBe(false);
  }
  await expect(server.createRepository("../outside.git")).rejects.toThrow("not a repository's name");
  expect(await git("ls-remote", server.url("inside.git"), "main")).toContain(
    await git("-C", made, "rev-parse", "HEAD"),
  );
});

it("closes although a client stopped in the middle of a push", async () => {
  const other = await startGit({ root: join(root, "other") });
  await other.createRepository("half.git");
  const head = "POST /half.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n";
  const client = connect(other.port, "127.0.0.1").on("error", () => undefined);
  client.write(`${head}Content-Type: application/x-git-receive-pack-request\r\n\r\n0000`);
  await once(client, "data");
  await expect(other.close()).resolves.toBeUndefined();
  client.destroy();
});

it("passes the protocol version on to git, and no member that the client did not send", () => {
  const headers = { "git-protocol": "version=2", "content-length": "7" };
  expect(cgiEnv({ method: "POST", url: "/a.git/git-upload-pack?x=1", headers }, "/root")).toEqual({
    GIT_PROJECT_ROOT: "/root",
    GIT_HTTP_EXPORT_ALL: "1",
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: "POST",
    PATH_INFO: "/a.git/git-upload-pack",
    QUERY_STRING: "x=1",
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_LENGTH: "7",
    GIT_PROTOCOL: "version=2",
  });
});

it("waits for all of the head, and gives the rest of the chunk to the body", () => {
  expect(cgiHead(Buffer.from("Status: 403 Forbidden\r\nExpi"))).toBeUndefined();
  const head = cgiHead(Buffer.from("Status: 403 Forbidden\r\nExpires: 0\r\n\r\n\r\nbody"));
  expect(head).toEqual({ status: 403, headers: { Expires: "0" }, rest: Buffer.from("\r\nbody") });
});
