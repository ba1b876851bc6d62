/**
 * A STAND-IN for GitHub's commit statuses behind `gh api`, as a program: it lists open pull requests and statuses from JSON
 * files, by REST and by the one GraphQL query that is asked, and appends what is posted. It has no pages, no rights and no
 * limits; any other call is an error.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Status {
  readonly sha: string;
  readonly context: string;
  readonly state: string;
  readonly description: string;
  readonly createdAt: string;
}

export interface OpenPull {
  readonly number: number;
  readonly head: { readonly sha: string };
}

function kept<T>(folder: string, name: string): readonly T[] {
  const file = join(folder, name);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
}

export const readStatuses = (folder: string): readonly Status[] => kept(folder, "statuses.json");
export const writeStatuses = (folder: string, statuses: readonly Status[]): void =>
  writeFileSync(join(folder, "statuses.json"), JSON.stringify(statuses));
export const writeOpenPulls = (folder: string, pulls: readonly OpenPull[]): void =>
  writeFileSync(join(folder, "open-pulls.json"), JSON.stringify(pulls));

/** The last one of each name, as GitHub tells of a commit. */
function latest(folder: string, sha: string): readonly Status[] {
  const own = readStatuses(folder).filter((each) => each.sha === sha);
  return [...new Map(own.map((each) => [each.context, each])).values()];
}

function history(folder: string, url: string, since: string): unknown {
  const log = execFileSync("git", ["-C", url, "log", "--format=%H %cI", "main"], { encoding: "utf8" });
  const commits = log
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const recent = commits.filter(([, at = ""]) => Date.parse(at) >= Date.parse(since));
  const nodes = recent.map(([sha = "", at = ""]) => {
    const contexts = latest(folder, sha).map(({ context, state, createdAt }) => {
      return { context, state: state.toUpperCase(), createdAt };
    });
    const committedDate = `${new Date(at).toISOString().slice(0, 19)}Z`;
    return { committedDate, status: contexts.length > 0 ? { contexts } : null };
  });
  return { data: { repository: { ref: { target: { history: { nodes } } } } } };
}

function fields(args: readonly string[]): { readonly [name: string]: string } {
  const raw = args.flatMap((arg, index) => (args[index - 1] === "--raw-field" ? [arg] : []));
  return Object.fromEntries(raw.map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]));
}

/** @throws Error in GitHub's words */
function answer(args: readonly string[], folder: string, url: string): unknown {
  const line = args.join(" ");
  if (line === "auth setup-git") return undefined;
  if (process.env["FAKE_GH_REFUSES"]) throw new Error(`gh: ${process.env["FAKE_GH_REFUSES"]}`);
  if (/^api --paginate repos\/\S+\/pulls\?state=open&base=main&per_page=100$/.test(line)) {
    return kept<OpenPull>(folder, "open-pulls.json");
  }
  if (line.startsWith("api graphql --paginate ")) return history(folder, url, fields(args)["since"] ?? "");
  const [, asked] = /^api repos\/\S+\/commits\/([0-9a-f]{40})\/status\?per_page=100$/.exec(line) ?? [];
  if (asked) return { statuses: latest(folder, asked) };
  const [, sha] = /^api --silent --method POST repos\/\S+\/statuses\/([0-9a-f]{40}) /.exec(line) ?? [];
  if (!sha) throw new Error(`this stand-in does not know: gh ${line}`);
  const { context = "", state = "", description = "" } = fields(args);
  const createdAt = new Date().toISOString();
  writeStatuses(folder, [...readStatuses(folder), { sha, context, state, description, createdAt }]);
  return undefined;
}

if (import.meta.main) {
  try {
    const { FAKE_GH_FOLDER: folder = "", FAKE_GH_REMOTE: url = "" } = process.env;
    const found = answer(process.argv.slice(2), folder, url);
    if (found !== undefined) process.stdout.write(JSON.stringify(found));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
