/** What must never reach Git: refused by its path, in every commit that would go out, before anything is sent (F79). */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { secretValues } from "../stacks/config/stage-secrets.ts";
import { exposedSecret, finderOf } from "../stacks/publish/exposed.ts";
import { openRemote, type Remote } from "../stacks/publish/git.ts";
import { plan } from "../stacks/publish/merge.ts";
import { publish } from "../stacks/publish/publish.ts";
import { publishable } from "../stacks/publish/tree.ts";
import { gitRemote } from "./git-remote.ts";

/** Of nobody, put together here so that no scanner of this repository takes them for real. */
const secrets: readonly (readonly [what: string, text: string])[] = [
  ["a private key", `key: |\n  -----BEGIN ${"OPENSSH"} PRIVATE KEY-----\n  b3Bl\n`],
  ["a private key", `-----BEGIN ${"EC"} PRIVATE KEY-----\n`],
  ["a private key", `-----BEGIN ${"PGP"} PRIVATE KEY BLOCK-----\n`],
  ["an age key", `# public key: age1x\nAGE-SECRET-KEY-1${"Q".repeat(58)}\n`],
  ["a GitHub token", `token: ghp_${"a".repeat(36)}\n`],
  ["a GitHub token", `token: "github_pat_${"1".repeat(22)}_${"b".repeat(59)}"\n`],
  ["a GitLab token", `token: glpat-${"c".repeat(20)}\n`],
  ["a Slack token", `token: xoxb-${"1".repeat(24)}\n`],
  ["a Secret that is not encrypted", "apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n"],
  ["a Secret that is not encrypted", "a: 1\n---\nkind: Secret\ndata: { password: aHVudGVyMg== }\n"],
  ["a Secret that is not encrypted", "kind: List\nitems:\n  - kind: Secret\n    data:\n      password: aHVudGVyMg==\n"],
  ["a Secret that is not encrypted", '{ "kind": "Secret", "stringData": { "password": "hunter2" } }\n'],
  [
    "a Secret that is not encrypted",
    "patches:\n  - patch: |-\n      kind: Secret\n      stringData:\n        password: hunter2\n",
  ],
];

/** What looks like one and is none. */
const harmless: readonly string[] = [
  "kind: Secret\ndata:\n  password: ENC[AES256_GCM,data:x]\nsops:\n  mac: x\n",
  "kind: Secret\nmetadata: { name: empty }\n",
  "kind: SecretStore\ndata: { password: x }\n",
  "spec:\n  valuesFrom:\n    - kind: Secret\n      name: values\n  values:\n    data: { size: 1 }\n",
  "kind: Kustomization\nspec:\n  decryption: { secretRef: { name: sops-age } }\n",
  `recipient: age1${"q".repeat(58)}\n`,
  "-----BEGIN PUBLIC KEY-----\n",
];

describe("a text", () => {
  it.each(secrets)("with %s is found out (F79)", (what, text) => expect(exposedSecret(text)).toBe(what));
  it.each(harmless)("that only looks like it is let through: %j", (text) =>
    expect(exposedSecret(text)).toBeUndefined(),
  );
});

describe("a secret that the run was given", () => {
  const token = "cluster".padEnd(64, "0");
  const config = {
    "hcloud:token": "short",
    "shop:clusterToken": token,
    "shop:s3": { accessKey: "AKIAEXAMPLE", secretKey: "one/two/three" },
    "shop:pullSecrets": {
      one: '{"auths":{"ghcr.io":{"username":"robot","password":"registry-password"}}}',
      two: `{ "auths": { "x.example.com": { "auth": "${Buffer.from("robot:another-password").toString("base64")}" } } }`,
    },
    "shop:write": { identity: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END\n" },
    "shop:cluster": { location: "not a secret" },
  };
  const known = secretValues(config, "shop");

  it.each([
    ["shop:clusterToken", `env:\n  - name: TOKEN\n    value: ${token}\n`],
    ["shop:clusterToken", `value: ${Buffer.from(token).toString("base64")}\n`],
    ["shop:s3.secretKey", "url: https://x:one/two/three@store\n"],
    ["shop:pullSecrets.one", "imageCredentials:\n  password: registry-password\n"],
    ["shop:pullSecrets.two", "imageCredentials:\n  password: another-password\n"],
    ["shop:write.identity", "key: |\n    b3BlbnNzaC1rZXktdjEAAAAA\n"],
  ])("%s is found in a file that would be published (F79)", (key, text) => expect(finderOf(known)(text)).toBe(key));

  it("is refused by the path of each file, and never said (F79)", () => {
    const files = { "a.yaml": `a: ${token}\n`, "b.yaml": "b: not a secret\n", "c.yaml": "c: one/two/three\n" };
    const refused = () => publishable({ files }, known);
    expect(refused).toThrow(
      /^a\.yaml: holds the value of the secret shop:clusterToken, .*\nc\.yaml: holds .*shop:s3\.secretKey/,
    );
    expect(refused).not.toThrow(new RegExp(`${token}|one/two`));
  });

  it("is no word of a few letters, which stands in many texts", () => {
    expect(finderOf(known)("a short text")).toBeUndefined();
  });
});

describe("a publish", () => {
  let repo: ReturnType<typeof gitRemote>;
  let remote: Remote;
  beforeEach(async () => {
    repo = gitRemote();
    repo.edit({ "README.md": "ours\n" });
    remote = openRemote({ url: repo.url, branch: "main" });
  });
  afterEach(() => {
    remote.close();
    repo.close();
  });

  const publication = (text: () => string) => {
    const stage = { stage: "prod", path: "clusters/prod", placeholders: [] };
    const desired = () =>
      new Map([
        ["apps/blog/a.yaml", "a: 1\n"],
        ["apps/blog/b.yaml", text()],
      ]);
    return {
      target: { stage: "prod", clusters: [stage.path], paths: ["apps/blog/a.yaml", "apps/blog/b.yaml"] },
      plan: (head: Parameters<typeof plan>[0]["head"]) => plan({ ...stage, desired: desired(), head }),
    };
  };
  const objects = () => repo.git("count-objects", "-v");

  it.each(secrets)("that would carry %s is refused by its path, and nothing is sent (F79)", async (what, text) => {
    const before = [repo.head(), objects()];
    const push = () => Promise.reject(new Error("it was pushed"));
    await expect(
      publish(
        { ...remote, push },
        publication(() => text),
      ),
    ).rejects.toThrow(`apps/blog/b.yaml: holds ${what}, and Git keeps it for ever`);
    await expect(
      publish(
        remote,
        publication(() => text),
      ),
    ).rejects.toThrow(what);
    expect([repo.head(), objects()]).toEqual(before);
  });

  it("that lost its race is looked at again: no later commit carries one either (F79)", async () => {
    let attempt = 0;
    const raced: Remote = {
      ...remote,
      push: async (commit) => {
        if (attempt++ === 0) repo.edit({ "README.md": "theirs\n" });
        return remote.push(commit);
      },
    };
    const text = () => (attempt === 0 ? "b: 1\n" : `token: ghp_${"a".repeat(36)}\n`);
    await expect(publish(raced, publication(text))).rejects.toThrow("apps/blog/b.yaml: holds a GitHub token");
    expect(repo.commits()).toEqual(["by someone", "by someone"]);
    expect(repo.files()).toEqual(["README.md"]);
  });

  it("sends one commit, built on the remote's own head: there is no earlier one to hide something in (F79)", async () => {
    const sent: string[] = [];
    const watched: Remote = {
      ...remote,
      push: (commit) => {
        sent.push(commit);
        return remote.push(commit);
      },
    };
    const before = repo.head();
    await publish(
      watched,
      publication(() => "b: 1\n"),
    );
    expect(sent).toHaveLength(1);
    expect(repo.git("rev-list", `${before}..main`)).toBe(sent[0]);
  });
});
