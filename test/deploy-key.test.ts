import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deployKey } from "../provider/deploy-key.ts";
import { githubDeployKey } from "../provider/github-deploy-key.ts";
import type { CreateRequest } from "../provider/resource.ts";
import type { Properties } from "../provider/values.ts";
import { dummyGitHubToken, type GitHub, startGitHub } from "../sandbox/github/server.ts";
import { knownHosts } from "../stacks/config/known-hosts.ts";
import type { ProjectKeys } from "../stacks/config/schema/schema.ts";

const request = (inputs: Properties): CreateRequest => ({
  ...{ urn: "urn", inputs, secrets: new Set(), preview: false, timeout: 0, signal: new AbortController().signal },
  log: async () => undefined,
});

const made = async () => {
  const { id, outputs } = await deployKey().create(request({ comment: "project-dev", generation: 1 }));
  return {
    id,
    publicKey: String(outputs["publicKey"]),
    privateKey: outputs["privateKey"] as { readonly value: string },
  };
};

describe("a deploy key", () => {
  it("is an ed25519 pair in OpenSSH's form: both halves belong together", async () => {
    const { publicKey, privateKey, id } = await made();
    expect(publicKey).toMatch(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43} project-dev$/);
    const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
    expect(id).toBe(`SHA256:${createHash("sha256").update(blob).digest("base64").replace("=", "")}`);
    const lines = privateKey.value.trim().split("\n");
    expect([lines[0], lines.at(-1)]).toEqual([
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "-----END OPENSSH PRIVATE KEY-----",
    ]);
    const all = Buffer.from(lines.slice(1, -1).join(""), "base64");
    const [point, at] = [blob.subarray(19), all.lastIndexOf(blob.subarray(19))];
    const [d, x] = [all.subarray(at - 32, at).toString("base64url"), point.toString("base64url")];
    const key = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", d, x }, format: "jwk" });
    const open = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    expect(verify(null, Buffer.from("text"), open, sign(null, Buffer.from("text"), key))).toBe(true);
  });

  it("is replaced by another generation, and by nothing else", async () => {
    const diff = (now: Properties) =>
      deployKey().diff?.({
        ...request(now),
        id: "",
        oldInputs: { comment: "a", generation: 1 },
        oldOutputs: {},
        ignoreChanges: [],
      });
    expect(await diff({ comment: "b", generation: 1 })).toEqual({ changes: { comment: "UPDATE" } });
    expect(await diff({ comment: "a", generation: 2 })).toEqual({ changes: { generation: "UPDATE_REPLACE" } });
  });
});

describe("a deploy key of a cluster that nobody reaches", () => {
  const check = (inputs: Properties, oldInputs: Properties) =>
    deployKey().check?.({ ...request(inputs), oldInputs, secrets: new Set() });

  it("is not replaced, because the cluster would keep the one that the host forgets", async () => {
    const found = await check({ comment: "a", generation: 2, reached: false }, { comment: "a", generation: 1 });
    expect(found?.failures).toEqual([{ property: "generation", reason: expect.stringContaining("rotate.deployKey") }]);
  });

  it("is made with any generation, and stays where nothing is asked for", async () => {
    const own = { comment: "a", generation: 2 };
    for (const old of [{}, own])
      expect(await check({ ...own, reached: false }, old)).toEqual({ inputs: own, failures: [] });
  });
});

describe("its registration at GitHub", () => {
  let github: GitHub;
  beforeAll(async () => {
    github = await startGitHub();
    process.env["GITHUB_API_URL"] = github.url;
  });
  afterAll(async () => {
    delete process.env["GITHUB_API_URL"];
    await github.close();
  });

  const inputs = (key: string, token = dummyGitHubToken): Properties => {
    return { owner: "acme", repository: "gitops", title: "project-dev", key, token };
  };

  it("writes, takes over after a lost state, and deletes without minding that it is gone", async () => {
    const { publicKey } = await made();
    const { id } = await githubDeployKey().create(request(inputs(publicKey)));
    expect(github.keys()).toMatchObject([{ repository: "acme/gitops", read_only: false }]);
    expect((await githubDeployKey().create(request(inputs(publicKey)))).id).toBe(id);
    const existing = { ...request(inputs(publicKey)), id, outputs: {} };
    for (const _ of [1, 2]) await githubDeployKey().delete?.(existing);
    expect(github.keys()).toEqual([]);
    expect(await githubDeployKey().read?.(existing)).toBeUndefined();
  });

  it("says which token it needs where GitHub refuses this one", async () => {
    const { publicKey } = await made();
    const refused = githubDeployKey().create(request(inputs(publicKey, "another")));
    await expect(refused).rejects.toThrow(/401 \(Bad credentials\).*pulumi config set --secret githubToken/);
  });
});

describe("GitHub, when it refuses a deploy key,", () => {
  type Said = readonly [status: number, body: string];

  /** A STAND-IN for GitHub that says one thing. */
  async function saying([status, body]: Said): Promise<string> {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    process.env["GITHUB_API_URL"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const inputs = { owner: "acme", repository: "gitops", title: "x", key: "ssh-ed25519 AAAA", token: "hunter2" };
    try {
      return await Promise.resolve(githubDeployKey().create(request(inputs))).then(
        () => "accepted",
        (error: Error) => `${error.name}: ${error.message}`,
      );
    } finally {
      delete process.env["GITHUB_API_URL"];
      await new Promise((resolve) => server.close(resolve));
    }
  }

  const message = (text: string) => JSON.stringify({ message: text });

  it.each<[string, Said, RegExp]>([
    ["an ended token", [401, message("Bad credentials")], /401 \(Bad credentials\).*has expired\. Set another/],
    ["its rate limit", [403, message("API rate limit exceeded for user ID 1.")], /: wait some minutes, then run/],
    ["its second limit", [403, message("You have exceeded a secondary rate limit")], /: wait some minutes, then run/],
    ["too many requests", [429, "slow down"], /answers 429.*: wait some minutes, then run/],
    [
      "a token without the right",
      [403, message("Resource not accessible by personal access token")],
      /Administration: read and write/,
    ],
    ["a repository that is not there", [404, message("Not Found")], /Administration: read and write/],
    [
      "an archived repository",
      [403, message("Repository was archived so is read-only.")],
      /was archived so is read-only.*archived/,
    ],
    ["an outage", [503, "<html>Unicorn!</html>"], /answers 503 for acme\/gitops: see githubstatus\.com/],
    ["a page of somebody between", [200, "<html>log in to the hotel</html>"], /answers 200/],
    ["a page instead of a key", [201, ""], /answers 201/],
  ])("says so in a sentence: %s (F80)", async (_, said, words) => {
    const sentence = await saying(said);
    expect(sentence).toMatch(words);
    expect(sentence).toMatch(/^UserError: [^\n]*$/);
    expect(sentence).not.toContain("hunter2");
  });
});

describe("GitHub's host keys", () => {
  it("have the fingerprints that GitHub publishes", () => {
    const lines = knownHosts({ url: "ssh://git@github.com/acme/gitops" } as ProjectKeys["repository"]);
    const prints = lines.map((line) =>
      createHash("sha256")
        .update(Buffer.from(line.split(" ")[2] ?? "", "base64"))
        .digest("base64")
        .replace(/=+$/, ""),
    );
    expect(prints).toEqual([
      "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
      "p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
      "uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
    ]);
  });
});
