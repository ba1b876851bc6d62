import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RemoteArgs } from "./git.ts";
import { GitError, gitError } from "./git-failure.ts";
import { fastImport } from "./git-format.ts";
import { gitIn } from "./git-process.ts";
import { passingFolder } from "./passing-folder.ts";

/** What a cluster has to reach the repository with. */
export type Credential =
  | { readonly kind: "key"; readonly privateKey: string; readonly knownHosts: string }
  | { readonly kind: "token"; readonly token: string };

export interface Proof {
  /** Where git went instead, by the user's own insteadOf: the credential was then not asked for by the real host. */
  readonly redirected: string | undefined;
}

/** Quoted for the shell that git gives the command to. */
const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

/** This key and these host keys alone: neither an agent nor the user's ssh configuration may lend another. */
function sshWith(folder: string, { privateKey, knownHosts }: Extract<Credential, { kind: "key" }>): string {
  const [identity, hosts] = [join(folder, "identity"), join(folder, "known_hosts")];
  writeFileSync(identity, privateKey, { mode: 0o600 });
  writeFileSync(hosts, knownHosts);
  const options = ["IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "ConnectTimeout=15"];
  const pinned = ["StrictHostKeyChecking=yes", `UserKnownHostsFile=${hosts}`, "GlobalKnownHostsFile=none"];
  const flags = [...options, ...pinned].map((option) => `-o ${quoted(option)}`);
  return ["ssh -F none", `-i ${quoted(identity)}`, ...flags].join(" ");
}

const sentences: { readonly [failure in GitError["failure"]]?: (url: string) => string } = {
  authentication: (url) => `${url} does not know the stage's credential yet`,
  "not found": (url) => `there is no repository at ${url}, or the stage's credential must not see it yet`,
  "read-only": (url) => `the stage's credential for ${url} may read but not push, and image automation has to push`,
  "host key": (url) =>
    `${url} shows a host key that is not among the pinned ones (repository.knownHosts): compare it with what the host publishes`,
};

/** In words about the stage's credential, which is not the one that this program pushes with. */
function explained(output: string, target: RemoteArgs, reads: boolean): GitError {
  const error = gitError(output, target);
  // Whoever could read is known there: a bare 403 then is about the push.
  const failure = reads && error.failure === "authentication" ? "read-only" : error.failure;
  const sentence = sentences[failure];
  const said = /\(it says: .*\)$/.exec(error.message)?.[0];
  return sentence ? new GitError(failure, [sentence(target.url), said].filter(Boolean).join(" ")) : error;
}

const probe = "refs/heads/k3s-stages-access-check";

/**
 * Asks for the heads, and asks to push without doing it: nothing is changed there.
 * @throws GitError that says what the credential cannot do
 */
export async function proveAccess(target: RemoteArgs, credential: Credential): Promise<Proof> {
  const { folder, close } = passingFolder();
  try {
    const ssh = credential.kind === "key" ? sshWith(folder, credential) : "";
    const token = credential.kind === "token" ? credential.token : undefined;
    const git = gitIn(folder, { token }, ssh);
    let reads = false;
    const run = async (args: readonly string[], input?: string) => {
      const result = await git({ args, input, signal: target.signal });
      if (!result.ok) throw explained(result.output, { ...target, token }, reads);
      return result.stdout.toString().trim();
    };
    await run(["init", "--quiet", "--bare"]);
    const real = await run(["ls-remote", "--get-url", target.url]);
    await run(["ls-remote", "--heads", "--", target.url]);
    reads = true;
    const commit = { parent: undefined, changes: [], message: "access check", seconds: 0 };
    await run(["fast-import", "--quiet"], fastImport(probe, commit));
    await run(["push", "--dry-run", "--porcelain", "--", target.url, `${probe}:${probe}`]);
    return { redirected: real === target.url ? undefined : real };
  } finally {
    close();
  }
}
