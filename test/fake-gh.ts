/**
 * A STAND-IN for GitHub's pull requests behind `gh api`, as a program: it opens, lists and edits them in a JSON file, closes
 * them with their branch and keeps comments. It knows no merge, no rights and no token; any other call is an error.
 */
import { execFileSync, execSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Pull {
  readonly number: number;
  readonly owner: string;
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly comments: readonly string[];
  /** Of the branch, as long as the pull request is open. */
  readonly sha: string;
  readonly state: "open" | "closed";
}

type Fields = { readonly [name: string]: string };

const file = (folder: string) => join(folder, "pulls.json");

const shaOf = (url: string, branch: string): string => {
  const format = ["for-each-ref", "--format=%(objectname)", `refs/heads/${branch}`];
  return execFileSync("git", ["-C", url, ...format], { encoding: "utf8" }).trim();
};

export const writePulls = (folder: string, pulls: readonly Pull[]): void =>
  writeFileSync(file(folder), JSON.stringify(pulls));

/** Brings them up to date first: an open one follows its branch, and closes with it for good. */
export function readPulls(folder: string, url: string): readonly Pull[] {
  if (!existsSync(file(folder))) return [];
  const pulls: readonly Pull[] = JSON.parse(readFileSync(file(folder), "utf8"));
  const current = pulls.map((pull): Pull => {
    const sha = shaOf(url, pull.head);
    if (pull.state === "closed") return pull;
    return sha === "" ? { ...pull, state: "closed" } : { ...pull, sha };
  });
  writePulls(folder, current);
  return current;
}

function fieldsOf(args: readonly string[]): Fields {
  const raw = args.flatMap((arg, index) => (args[index - 1] === "--raw-field" ? [arg] : []));
  return Object.fromEntries(
    raw.map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]),
  );
}

/** Newest first, as GitHub lists them; the one filter that the workflow uses for --jq is answered in its form. */
function list(pulls: readonly Pull[], query: URLSearchParams): string {
  const [owner, head] = query.get("head")?.split(":") ?? [];
  const base = query.get("base");
  const found = pulls.filter((pull) => pull.owner === owner && pull.head === head && pull.base === base).at(-1);
  return found ? `${found.number}\t${found.state}\t${found.sha}\n` : "";
}

function post(pulls: readonly Pull[], { title = "", body = "", head = "", base = "" }: Fields): readonly Pull[] {
  const owner = process.env["GITHUB_REPOSITORY_OWNER"] ?? "";
  const duplicate = pulls.some((pull) => pull.state === "open" && pull.owner === owner && pull.head === head);
  if (duplicate) throw new Error(`A pull request already exists for ${owner}:${head}.`);
  const number = pulls.length + 1;
  return [...pulls, { number, owner, head, base, title, body, comments: [], sha: "", state: "open" }];
}

function written(pulls: readonly Pull[], args: readonly string[]): readonly Pull[] {
  const [, method = "", path = ""] = /--method (\S+) repos\/\S+\/((?:pulls|issues)\S*)/.exec(args.join(" ")) ?? [];
  const number = Number(/\d+/.exec(path)?.[0]);
  const fields = fieldsOf(args);
  const edit = (change: (pull: Pull) => Partial<Pull>) =>
    pulls.map((pull) => (pull.number === number ? { ...pull, ...change(pull) } : pull));
  if (method === "POST" && path === "pulls") return post(pulls, fields);
  if (method === "PATCH" && path === `pulls/${number}`) return edit(() => fields);
  if (method === "POST" && path === `issues/${number}/comments`) {
    if (process.env["FAKE_GH_MEANWHILE"]) execSync(process.env["FAKE_GH_MEANWHILE"]);
    return edit(({ comments }) => ({ comments: [...comments, fields["body"] ?? ""] }));
  }
  throw new Error(`this stand-in does not know: gh ${args.join(" ")}`);
}

/** @throws Error in GitHub's words */
function gh(args: readonly string[], folder: string, url: string): void {
  if (args.join(" ") === "auth setup-git") return;
  const pulls = readPulls(folder, url);
  const query = /^repos\/\S+\/pulls\?(.*)$/.exec(args[1] ?? "");
  if (args[0] === "api" && query) {
    process.stdout.write(list(pulls, new URLSearchParams(query[1])));
    return;
  }
  if (process.env["FAKE_GH_REFUSES"]) throw new Error(`gh: ${process.env["FAKE_GH_REFUSES"]}`);
  writePulls(folder, written(pulls, args));
}

if (import.meta.main) {
  try {
    gh(process.argv.slice(2), process.env["FAKE_GH_FOLDER"] ?? "", process.env["FAKE_GH_REMOTE"] ?? "");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
