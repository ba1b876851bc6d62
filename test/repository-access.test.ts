/** The proof that a stage's credential may push: real git, with a stand-in for ssh that refuses in OpenSSH's and GitHub's words. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { repositoryAccess } from "../provider/repository-access.ts";
import type { CreateRequest } from "../provider/resource.ts";
import type { Properties } from "../provider/values.ts";
import { deployKeySteps, tokenSteps } from "../stacks/access/steps.ts";
import { gitRemote } from "./git-remote.ts";

const remote = gitRemote();
const folder = mkdtempSync(join(tmpdir(), "repository-access-"));

/**
 * It looks at the two files that a real one would be given, and runs git's command on the repository here. The host is
 * `known`; it lets `writer` push and `reader` read.
 */
const ssh = `#!/bin/sh
for word; do
  case $word in UserKnownHostsFile=*) hosts=\${word#*=} ;; esac
  [ "$last" = -i ] && identity=$word
  last=$word
done
case "$*" in *\\ git@known\\ *) ;; *) echo "ssh: connect to host gone port 22: Connection timed out" >&2; exit 255 ;; esac
grep -q '^known ssh-ed25519 right$' "$hosts" || { echo "Host key verification failed." >&2; exit 255; }
case $last in git-receive-pack*) push=1 ;; esac
case $(cat "$identity")$push in
  writer* | reader) ;;
  reader1) echo "ERROR: The key you are authenticating with has been marked as read only." >&2; exit 1 ;;
  *) echo "git@known: Permission denied (publickey)." >&2; exit 255 ;;
esac
eval "exec \${last%% *} '${remote.url}'"
`;

let forge: Server;
let http: string;

/** Lets everybody with the token read an empty repository, and nobody push; in the words of a forge that is not GitHub. */
function startForge(): Server {
  return createServer((request, response) => {
    const authorized = request.headers.authorization?.startsWith("Basic ");
    if (!authorized) return response.writeHead(401, { "www-authenticate": "Basic" }).end();
    const [, password = ""] = Buffer.from(request.headers.authorization?.slice(6) ?? "", "base64")
      .toString()
      .split(":");
    if (password !== "may-read") return response.writeHead(401).end(`no: ${password}`);
    if (request.url?.includes("receive-pack")) return response.writeHead(403).end("You are not allowed to push code");
    const lines = "001e# service=git-upload-pack\n0000" + "0000";
    return response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" }).end(lines);
  });
}

beforeAll(async () => {
  remote.edit({ "README.md": "hello\n" });
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "ssh"), ssh);
  chmodSync(join(folder, "bin", "ssh"), 0o755);
  vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env["PATH"]}`);
  vi.stubEnv("GIT_CONFIG_GLOBAL", "/dev/null");
  forge = startForge();
  await new Promise<void>((done) => forge.listen(0, "127.0.0.1", done));
  http = `http://127.0.0.1:${(forge.address() as AddressInfo).port}/acme/gitops.git`;
});
afterAll(() => {
  forge.close();
  remote.close();
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

const said: string[] = [];
beforeEach(() => void said.splice(0));

const request = (inputs: Properties, preview = false): CreateRequest => ({
  ...{ urn: "urn", inputs, secrets: new Set(), preview, timeout: 0, signal: new AbortController().signal },
  log: async (severity, message) => void said.push(`${severity} ${message}`),
});

const publicKey = "ssh-ed25519 AAAA shop-prod";
const byKey = (privateKey: string, more: Properties = {}): Properties => {
  const url = "ssh://git@known/acme/gitops.git";
  const knownHosts = "known ssh-ed25519 right\n";
  return { url, branch: "main", privateKey, knownHosts, steps: deployKeySteps({ url }, publicKey), ...more };
};
const byToken = (token: string): Properties => {
  const steps = tokenSteps({ bootstrap: { kind: "program" } } as unknown as Parameters<typeof tokenSteps>[0]);
  return { url: http, branch: "main", token, steps };
};

async function message(inputs: Properties): Promise<string> {
  try {
    await repositoryAccess().create(request(inputs));
    return "it may";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("RepositoryAccess", () => {
  it("ends where the key may push, and leaves nothing in the repository", async () => {
    const before = remote.git("for-each-ref");
    expect(await message(byKey("writer"))).toBe("it may");
    expect(remote.git("for-each-ref")).toBe(before);
    expect(said).toEqual([]);
  });

  it("F71 says that a deploy key is read-only, with the key to add again", async () => {
    const text = await message(byKey("reader"));
    expect(text).toMatch(/may read but not push.*\(it says: The key .* marked as read only\.\)\n/);
    expect(text).toContain(
      `with the right to write, then run \`pulumi up\` again; no server was created yet:\n  ${publicKey}`,
    );
  });

  it("F71 says that a key is not known, with the key to add", async () => {
    const text = await message(byKey("nobody"));
    expect(text).toMatch(
      /^ssh:\/\/git@known\/acme\/gitops.git does not know the stage's credential yet\nAdd the stage's/,
    );
    expect(text).toContain(`\n  ${publicKey}`);
  });

  it("F71 says that a host key is not the pinned one, and sends nobody to add a key", async () => {
    const text = await message(byKey("writer", { knownHosts: "known ssh-ed25519 wrong\n" }));
    expect(text).toMatch(/a host key that is not among the pinned ones \(repository\.knownHosts\): compare/);
    expect(text).not.toContain(publicKey);
  });

  it("F71 says that a host does not answer, and sends nobody to add a key", async () => {
    const text = await message(byKey("writer", { url: "ssh://git@gone/acme/gitops.git" }));
    expect(text).toMatch(/^ssh:\/\/gone\/acme\/gitops.git cannot be reached: check the address and the network/);
    expect(text).not.toContain(publicKey);
  });

  it("F71 says that a token may read but not push, where the host only says 403", async () => {
    const text = await message(byToken("may-read"));
    expect(text).toMatch(/may read but not push/);
    expect(text).toContain('The token needs to read and to push ("Contents: read and write"): pulumi config set');
  });

  it("F71 says that a token is not accepted, without the token", async () => {
    const text = await message(byToken("wrong-token"));
    expect(text).toMatch(/does not know the stage's credential yet/);
    expect(text).not.toContain("wrong-token");
  });

  it("asks nobody in a preview, and again only for another credential", async () => {
    const access = repositoryAccess();
    await access.create(request(byKey("nobody"), true));
    const old = { id: "", oldInputs: byKey("nobody"), oldOutputs: {} };
    await access.update?.({ ...request(byKey("nobody", { steps: "others" })), ...old });
    await expect(access.update?.({ ...request(byKey("reader")), ...old })).rejects.toThrow("may read but not push");
  });
});
