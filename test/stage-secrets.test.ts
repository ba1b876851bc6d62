/** What a stage has to be told in secret: what is missing is said at once, and no message has a value. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dummySecrets } from "../sandbox/stage.ts";
import { clusterSecrets, namespacesOf } from "../stacks/access/cluster-secrets.ts";
import type { Fleet, Stage } from "../stacks/config/fleet.ts";
import { resolve } from "../stacks/config/resolve.ts";
import { openSecrets, secretProblems, stageNeeds } from "../stacks/config/stage-secrets.ts";
import { type Edits, seedSources } from "./sources.ts";

function prod(edits: Edits): { readonly fleet: Fleet; readonly stage: Stage } {
  const fleet = resolve(seedSources(edits));
  const stage = fleet.stages.find(({ name }) => name === "prod");
  if (!stage) throw new Error("there is no prod");
  return { fleet, stage };
}

const snapshots = { endpoint: "fsn1.your-objectstorage.com", bucket: "etcd", region: "fsn1" };
const all = prod({
  "Pulumi.yaml": { "apps.blog.pullSecret": "registry", "apps.other-app.pullSecret": "registry" },
  "Pulumi.prod.yaml": { "cluster.snapshots": snapshots },
});
const needs = stageNeeds(all.fleet, all.stage);

describe("the secrets of a stage", () => {
  it("are asked for all at once, each by the line that sets it", () => {
    const lines = secretProblems(needs, {}, "prod").map((line) => line.split("   # ")[0]?.trim());
    expect(lines).toEqual([
      "pulumi config set --stack prod --secret hcloud:token",
      "pulumi config set --stack prod --secret k3s-stages:clusterToken",
      "pulumi config set --stack prod --secret k3s-stages:ageKey",
      "pulumi config set --stack prod --secret --path 'k3s-stages:pullSecrets.registry'",
      "pulumi config set --stack prod --secret --path 'k3s-stages:s3.accessKey'",
      "pulumi config set --stack prod --secret --path 'k3s-stages:s3.secretKey'",
    ]);
  });

  it.each([
    ["hcloud:token", "short-and-secret", "it has 16 characters, and Hetzner's tokens have 64"],
    ["hcloud:token", `${"x".repeat(64)}\n`, "it has white space in it"],
    ["k3s-stages:clusterToken", "nobody", "it has 6 characters"],
    ["k3s-stages:ageKey", "age1publichalfofakey", "it is no AGE-SECRET-KEY-1"],
    ["k3s-stages:pullSecrets.registry", "user:password", 'it is no JSON with "auths"'],
    ["k3s-stages:s3.secretKey", "secret with a space", "it has white space in it"],
  ])("are refused by their form, without being said: %s", (key, value, words) => {
    const good = Object.fromEntries(needs.map((need) => [need.key, sample(need.key)]));
    expect(secretProblems(needs, good, "prod")).toEqual([]);
    const [line = "", ...rest] = secretProblems(needs, { ...good, [key]: value }, "prod");
    expect(line).toContain(words);
    expect([rest, line.includes(value.trim())]).toEqual([[], false]);
  });

  it("are a person's own token and key with comments around it, as age-keygen writes it", () => {
    const written = `# created: 2026-01-01\n# public key: age1x\n${dummySecrets["ageKey"]}\n`;
    const need = needs.filter(({ key }) => key === "k3s-stages:ageKey");
    expect(secretProblems(need, { "k3s-stages:ageKey": written }, "prod")).toEqual([]);
    expect(secretProblems(need, { "k3s-stages:ageKey": `${written}\n${written}` }, "prod")).toEqual([]);
    for (const wrong of [`${written}hunter2\n`, "# created: 2026-01-01\n", ""])
      expect(secretProblems(need, { "k3s-stages:ageKey": wrong }, "prod").join()).toContain(
        "it is no AGE-SECRET-KEY-1",
      );
  });

  it("each become a Kubernetes Secret by the same name, once in every namespace that asks", () => {
    const secrets = clusterSecrets(all.fleet, all.stage, { network: "k3s-stages-prod", write: false });
    expect(secrets.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      "kube-system/hcloud",
      "kube-system/k3s-etcd-snapshot-s3-config",
      "flux-system/sops-age",
      "blog/registry",
      "other-app/registry",
    ]);
    expect(namespacesOf(secrets)).toEqual(["blog", "flux-system", "other-app"]);
    expect(JSON.stringify(secrets)).not.toMatch(/AGE-SECRET|auths/);
  });
});

describe("the credential that image automation pushes with", () => {
  const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
  const app = { secret: "gitops-writer", provider: "github", url: "https://github.com/acme/gitops" };
  const by = (write: object) => prod({ "Pulumi.yaml": { "repository.write": write } });
  const asked = ({ fleet, stage }: typeof all, given: { readonly [part: string]: string }) => {
    const own = stageNeeds(fleet, stage).filter(({ group }) => group === "write");
    const values = Object.entries(given).map(([part, value]) => [`k3s-stages:write.${part}`, value]);
    return secretProblems(own, Object.fromEntries(values), "prod");
  };
  const handed = ({ fleet, stage }: typeof all) =>
    clusterSecrets(fleet, stage, { network: "n", write: true }).find(({ name }) => name === "gitops-writer");

  it("is not asked for, and where it is set all of it is", () => {
    expect(asked(all, {})).toEqual([]);
    for (const write of [{ secret: "gitops-writer" }, app]) expect(asked(by(write), {})).toEqual([]);
    expect(asked(by(app), { githubAppID: "1" }).map((line) => line.split("'")[1])).toEqual([
      "k3s-stages:write.githubAppInstallationID",
      "k3s-stages:write.githubAppPrivateKey",
    ]);
    expect(asked(by({ secret: "gitops-writer" }), { identity: "ssh-ed25519 AAAA" })).toEqual([
      expect.stringMatching(/--path 'k3s-stages:write\.identity' {3}# it is no private key/),
    ]);
    expect(asked(by({ secret: "gitops-writer" }), { identity: key })).toEqual([]);
  });

  it("becomes the Secret that Flux reads: a key with the host's own, a token with a name, an App", () => {
    const part = (name: string) => ({ kind: "part", secret: "write", part: name });
    expect(handed(by({ secret: "gitops-writer" }))).toMatchObject({
      namespace: "flux-system",
      data: { identity: part("identity"), known_hosts: { text: expect.stringMatching(/^github\.com ssh-ed25519 /) } },
    });
    const token = { secret: "gitops-writer", url: "https://github.com/acme/gitops" };
    expect(handed(by(token))?.data).toEqual({ password: part("password"), username: { kind: "text", text: "git" } });
    expect(Object.keys(handed(by(app))?.data ?? {})).toEqual([
      "githubAppID",
      "githubAppInstallationID",
      "githubAppPrivateKey",
    ]);
  });
});

function sample(key: string): string {
  if (key.endsWith("oken")) return "t".repeat(64);
  if (key.endsWith("ageKey")) return dummySecrets["ageKey"] ?? "";
  return key.includes("pullSecrets") ? '{"auths":{}}' : "word";
}

describe("a secret in clear in a stack file", () => {
  const open = (text: string) => openSecrets(parse(text), "k3s-stages", "prod");

  it("is refused, without being said, by the line that sets another one", () => {
    const text = `
hcloud:token: in-the-clear
k3s-stages:githubToken: { secure: v1:abc }
k3s-stages:pullSecrets:
  registry: in-the-clear
  other: { secure: v1:def }
k3s-stages:s3: { accessKey: in-the-clear, secretKey: { secure: v1:ghi } }
k3s-stages:cluster: { location: fsn1 }
`;
    const end = "   # it stands there in clear: make a new one";
    expect(open(text)).toEqual([
      `  pulumi config set --stack prod --secret hcloud:token${end}`,
      `  pulumi config set --stack prod --secret --path 'k3s-stages:pullSecrets.registry'${end}`,
      `  pulumi config set --stack prod --secret --path 'k3s-stages:s3.accessKey'${end}`,
    ]);
  });

  it("is nothing that Pulumi encrypted as a whole", () => {
    expect(open("k3s-stages:pullSecrets: { secure: v1:abc }\nk3s-stages:ageKey: { secure: v1:abc }")).toEqual([]);
  });
});
