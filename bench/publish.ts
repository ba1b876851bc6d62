/** Publishing into a big repository, against git itself. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type GitServer, startGit } from "../sandbox/git/server.ts";
import { fill } from "../test/big-repository.ts";
import { publisher } from "../test/flux/harness/publisher.ts";
import { type Relay, startRelay } from "../test/relay.ts";
import { pair, type Row, spread, timedPair } from "./measure.ts";
import { changes, fleetOf, stage } from "./publish-changes.ts";

const size = { files: 30_000, commits: 10_000, bytes: 500 };
const runs = 5;

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const options = { cwd: folder, encoding: "utf8", maxBuffer: 1024 ** 3 } as const;
  return (await promisify(execFile)("git", args, options)).stdout.trim();
}

/** Commits that the program would make, one upon the other, each with its objects in a pack of their own. */
async function prepared(folder: string, server: GitServer): Promise<readonly { commit: string; pack: string }[]> {
  const repository = join(folder, "floor.git");
  const program = publisher(server.url("floor.git"));
  const begin = await program.up(fleetOf(2), stage);
  const change = changes(program);
  const all = [];
  for (let count = 0, before = begin; count < 2 * (runs + 1); count += 1) {
    const commit = await change();
    const pack = join(folder, `pack-${count}`);
    const script = `printf '%s\\n' ${commit} ^${before} | git pack-objects --revs --stdout --quiet > ${pack}`;
    await promisify(execFile)("sh", ["-c", script], { cwd: repository });
    all.push({ commit, pack });
    before = commit;
  }
  await git(repository, "update-ref", "refs/heads/main", begin);
  return all;
}

/** An empty folder in which a prepared commit lies; the work is what git then does with the remote. */
async function prepare(folder: string, { commit, pack }: { commit: string; pack: string }, url: string) {
  const own = mkdtempSync(join(folder, "clone-"));
  await git(own, "init", "--quiet", "--bare");
  await promisify(execFile)("sh", ["-c", `git unpack-objects -q < ${pack}`], { cwd: own });
  return async () => {
    const refs = "+refs/heads/main:refs/publish/head";
    await git(own, "fetch", "--quiet", "--depth=1", "--filter=blob:none", "--no-tags", "--", url, refs);
    await git(own, "push", "--quiet", "--", url, `${commit}:refs/heads/main`);
  };
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const taken = (relay: Relay): number => {
  const { sent, received } = relay.taken();
  return sent + received;
};

interface Places {
  readonly folder: string;
  readonly server: GitServer;
  readonly relay: Relay;
}

async function published({ folder, server, relay }: Places) {
  const commits = [...(await prepared(folder, server))];
  const through = (name: string) => server.url(name).replace(`:${server.port}`, `:${relay.port}`);
  const change = changes(publisher(server.url("ours.git")));
  const next = async (url: string) => prepare(folder, commits.shift() ?? { commit: "", pack: "" }, url);
  const times = await pair(runs, {
    ours: () => milliseconds(change),
    floor: async () => milliseconds(await next(server.url("floor.git"))),
  });
  const counted = changes(publisher(through("ours.git")));
  const bytes = await pair(runs - 1, {
    ours: async () => {
      await counted();
      return taken(relay);
    },
    floor: async () => {
      const work = await next(through("floor.git"));
      relay.taken();
      await work();
      return taken(relay);
    },
  });
  return { times, bytes };
}

async function measure(places: Places): Promise<readonly Row[]> {
  const { folder, server } = places;
  const { times, bytes } = await published(places);
  const program = publisher(server.url("ours.git"));
  const fleet = fleetOf(2);
  await program.up(fleet, stage);
  const nothing = await timedPair(runs, {
    ours: () => program.up(fleet, stage),
    floor: () => git(folder, "ls-remote", server.url("ours.git"), "refs/heads/main"),
  });
  const what = `into ${size.files} files and ${size.commits} commits`;
  const row = ({ ours, floor }: typeof times) => ({ ours: spread(ours), floor: spread(floor) });
  const taken = await memory(server.url("ours.git"));
  return [
    { measure: `publish ${what} / git fetches and pushes a prepared commit`, unit: "ms", ...row(times), goal: 1.5 },
    { measure: "the same, over the wire", unit: "bytes", ...row(bytes) },
    { measure: "publish with nothing to do / git ls-remote", ...nothing, goal: 1.2 },
    { measure: "memory of a publish / what is allowed", unit: "MB", ...taken, goal: 1 },
  ];
}

/** Of the program's process; git's own take 33 MB (docs/performance.md). */
async function memory(url: string) {
  const run = async () => {
    const args = [join(import.meta.dirname, "publish-process.ts"), url];
    return Number((await promisify(execFile)(process.execPath, args)).stdout);
  };
  const { ours } = await pair(2, { ours: run, floor: () => 0 });
  return { ours: spread(ours), floor: spread([200]) };
}

export async function benchPublish(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "k3s-stages-bench-"));
  const server = await startGit({ root: folder });
  const relay = await startRelay(server.port);
  try {
    await server.createRepository("ours.git");
    await fill(join(folder, "ours.git"), size);
    await git(join(folder, "ours.git"), "gc", "--quiet");
    await promisify(execFile)("cp", ["-R", "ours.git", "floor.git"], { cwd: folder });
    return await measure({ folder, server, relay });
  } finally {
    await relay.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}
