/** docs/messages.md against the code, in both directions. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { read } from "./documents.ts";
import { sayings } from "./sayings.ts";

const root = join(import.meta.dirname, "..");
const sources = ["stacks", "provider", "commands", "sandbox"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  )
  .filter((file) => /\.(ts|sh)$/.test(file))
  .map(read)
  .join("\n");

const cells = [...read("docs/messages.md").matchAll(/^\| (`.+?`) \| /gm)].map(([, cell = ""]) => cell);
const messages = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message));
/** What stands around the names and numbers. */
const partsOf = (message: string) =>
  message
    .split("…")
    .map((each) => each.trim())
    .filter(Boolean);

/** Where everything that is said is said to people who run a stage. */
const speaking = [
  ...[
    "downgrades",
    "exposed",
    "followed",
    "git",
    "git-access",
    "git-failure",
    "merge",
    "ownership",
    "paths",
    "publish",
  ].map((name) => `stacks/publish/${name}.ts`),
  ...["failure", "in-cluster", "stage-state", "steps"].map((name) => `stacks/access/${name}.ts`),
  ...["k3s-version", "out-of-reach", "replacements", "stranded", "token-change", "user-data", "way-out"].map(
    (name) => `stacks/cluster/${name}.ts`,
  ),
  ...["clock", "hetzner", "other-state", "read", "targets"].map((name) => `stacks/preflight/${name}.ts`),
  ...["load", "size"].map((name) => `stacks/config/${name}.ts`),
  ...readdirSync(join(root, "provider"))
    .filter((name) => name.endsWith(".ts") && !/^(service|protocol|resource|gitops|main)\.ts$/.test(name))
    .map((name) => `provider/${name}`),
];

/** A way out that follows a message, a half of one, or what only a programmer can read. */
const following = [
  /^(…: )?(put the line back|hold or pin|nothing was pushed|restore it|create it, or)/,
  /^another push hangs there|^a Secret that is not encrypted$|^ssh -o /,
  /^(k3s has not started|Is the address|k3s made authorities|The endpoint is|Compare the clocks|The server trusts)/,
  /^(Somebody changed who|Usually etcd|The (node|server)'s console|The cloud controller|Look: |Does the host|… flux boot)/,
  /^(its line in generations|a generation only rises|Set a valid token|Nothing was deleted; |Bring that server back)/,
  /^(The servers' journal|The history of the repository|at …, with the right|A deploy key that is there|Or let the)/,
  /would go as it is, with its pods|^kubectl -n kube-system delete secret|^more, no run starts |^\(kustomizations\)|^ *pulumi config set|^…: this update makes one until|^, all of them are back|^; status.hetzner.com/,
  /^(`pulumi up` goes on from here|…\. Bring back first|…\. More says kubectl|a pod of an earlier run ends|Put … back to …)/,
  /^(use 1 to 40 lowercase|is no input here|the stage … is configured, but was not resolved)/,
];

describe("a message in docs/messages.md", () => {
  it("is one of many", () => expect(messages.length).toBeGreaterThan(100));

  it.each(messages)("is the program's: %s", (message) => {
    expect(partsOf(message).filter((part) => !sources.includes(part))).toEqual([]);
  });
});

const isTold = (saying: string) => messages.some((message) => partsOf(message).every((part) => saying.includes(part)));

describe("everything that is said to who runs a stage", () => {
  it.each(speaking)("is in docs/messages.md: %s", (file) => {
    const untold = sayings(read(file)).filter((saying) => !isTold(saying));
    expect(untold.filter((saying) => !following.some((form) => form.test(saying)))).toEqual([]);
  });

  it("is read from the code: the sentences of its files", () => {
    expect(speaking.flatMap((file) => sayings(read(file))).length).toBeGreaterThan(100);
  });
});

describe("what a first server says of flux bootstrap", () => {
  const script = read("stacks/cluster/node/flux.sh");
  const ways = [...script.matchAll(/way="([^"]+)"/g)].map(([, way = ""]) => way.replaceAll(/\$\([^)]*\)/g, "…"));

  it("is found", () => expect(ways.length).toBeGreaterThan(5));

  it.each(ways)("is in docs/messages.md: %s", (way) => expect(isTold(way)).toBe(true));

  it("is said for as long as the document has it", () => {
    expect(read("stacks/cluster/node/bootstrap.sh")).toMatch(/\bflux\) echo 7200 ;;/);
    expect(read("docs/messages.md")).toContain("It tries again for two hours, and then from the start");
  });
});
