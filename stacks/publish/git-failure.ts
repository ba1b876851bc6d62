import { PublishError } from "./problem.ts";

/** What went wrong between here and the remote, by who has to do something about it. */
export type GitFailure =
  | "git missing"
  | "disk full"
  | "host key"
  | "read-only"
  | "refused"
  | "authentication"
  | "not found"
  | "unreachable"
  | "too large"
  | "other";

export class GitError extends PublishError {
  readonly failure: GitFailure;

  constructor(failure: GitFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export interface Target {
  readonly url: string;
  readonly branch: string;
  /** Never in a message, even if a server repeats it. */
  readonly token?: string | undefined;
}

type Cause = readonly [RegExp, GitFailure, (url: string, branch: string) => string];

/** First match wins: a server that refuses a push also hangs up, which by itself would look like a lost connection. */
const causes: readonly Cause[] = [
  [
    /too much output/,
    "too large",
    (url) => `${url} answers with more than half a gigabyte of names or texts: is it the right repository?`,
  ],
  [/AbortError/, "other", (url) => `cancelled while talking to ${url}`],
  [/ENOENT.*git|git.*ENOENT/, "git missing", () => "git is not installed: install git 2.30 or newer"],
  [
    /No space left on device|[Dd]isk quota exceeded/,
    "disk full",
    (url) => `no space left while exchanging commits with ${url}: free some on the side that says so`,
  ],
  [
    /Host key verification failed|HOST IDENTIFICATION HAS CHANGED/,
    "host key",
    (url) =>
      `the host key of ${url} is not known here or has changed: check it, then add it to known_hosts (ssh-keyscan)`,
  ],
  [
    /was archived/,
    "refused",
    (url) => `${url} is archived, so nobody may push: take that back at its host, or configure another repository`,
  ],
  [
    /read[ -]only|Write access to repository not granted|Permission to \S+ denied to/i,
    "read-only",
    (url) =>
      `the credential for ${url} may read but not push: use a deploy key with write access, or a token with "contents: write"`,
  ],
  [
    /without `workflows?` (scope|permission)/,
    "refused",
    (url) =>
      `the token for ${url} may not push a workflow, which pull requests need: give it the right to write workflows, or push over ssh`,
  ],
  [
    /\[remote rejected\]|hook declined|protected branch/,
    "refused",
    (url, branch) =>
      `${url} refuses the push to ${branch}: let this credential bypass the rule, or configure another branch`,
  ],
  [
    /Authentication failed|could not read (Username|Password)|terminal prompts disabled|Permission denied|error: 40[13]\b|Access denied/i,
    "authentication",
    (url) => `${url} does not accept the credential: set gitops:token for https, or load the SSH key that may push`,
  ],
  [
    /not found|does not appear to be a git repository|error: 404\b|does not exist/i,
    "not found",
    (url) =>
      `there is no repository at ${url}, or the credential must not see it: check the address, or create it (it may be empty)`,
  ],
  [
    /Could not resolve|[Cc]ould ?n[o']t connect|Failed to connect|Connection (refused|timed out|reset|closed)|timed? ?out|No route to host|unreachable|hung up|early EOF|unexpected disconnect|RPC failed|error: 5\d\d\b|unable to access/,
    "unreachable",
    (url) => `${url} cannot be reached: check the address and the network, then run again`,
  ],
];

/** Without userinfo in addresses and without the token. */
export function redacted(text: string, token?: string): string {
  const plain = text.replaceAll(/\/\/[^@/\s]+@/g, "//");
  return token ? plain.replaceAll(token, "[token]") : plain;
}

/** The server's own words: `remote:` lines, and what git puts in brackets behind a refusal. */
function serverWords(output: string): string {
  const remote = [...output.matchAll(/^(?:remote|ERROR): *(.*\S)/gm)].map(([, words]) => words ?? "");
  const refusal = [...output.matchAll(/\[remote rejected\].*?\(([^)]*)\)/g)].map(([, words]) => words ?? "");
  return [...new Set([...remote, ...refusal])].join("; ");
}

/** One sentence with the way out, from what git printed. */
export function gitError(output: string, { url, branch, token }: Target): GitError {
  const said = redacted(output, token);
  const [, failure, sentence] = causes.find(([form]) => form.test(said)) ?? [];
  const words = serverWords(said);
  const where = redacted(url, token);
  if (failure && sentence)
    return new GitError(failure, `${sentence(where, branch)}${words ? ` (it says: ${words})` : ""}`);
  const last = said.split("\n").filter((line) => line.trim() !== "");
  return new GitError("other", `git failed at ${where}: ${last.slice(-3).join("; ")}`);
}

/** Somebody else was first; the push was not wrong, only late. */
export function isLostRace(output: string): boolean {
  return /\[rejected\]|cannot lock ref|failed to update ref|incorrect old value|reference already exists/.test(output);
}
