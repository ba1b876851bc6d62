/** The documents' commands, run one after the other as a person would: real Pulumi, kubectl and git, Hetzner and the API stand-ins. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, said } from "../sandbox/process/execute.ts";
import { findPulumi } from "../sandbox/pulumi/cli.ts";
import { processEnv, pulumiEnv } from "../sandbox/pulumi/env.ts";
import { dummySecrets } from "../sandbox/stage.ts";
import { commands, fileOf, needsMachines } from "./documents.ts";
import { type EngineSandbox, engineSandbox } from "./engine-sandbox.ts";
import { minute } from "./engine-words.ts";

const root = join(import.meta.dirname, "..");

interface Step {
  /** As a document has it; `prod` is any stage there, and dev here. */
  readonly text: string;
  /** What stands behind it: an answer that a person gives, or a place that the document leaves open. */
  readonly more?: string;
  readonly input?: string;
  readonly code?: number;
  readonly says?: string;
}

const secret = (key: string): string => dummySecrets[key] ?? "";
const yes = { more: "--yes" };
const firstTags = "--port 8080 --tag dev=v0.1.0-develop.1 --tag stage=v0.1.0-stage.1 --tag prod=v0.1.0";
const offline = { more: "--dry-run=client -o yaml" };

const session: readonly Step[] = [
  { text: "pulumi login" },
  { text: "pulumi stack init dev" },
  { text: "pulumi config set --secret hcloud:token --stack dev", input: secret("hcloud:token") },
  { text: "pulumi config set --secret clusterToken --stack dev", input: secret("clusterToken") },
  { text: "pulumi config set --secret ageKey --stack dev", input: secret("ageKey") },
  { text: "pulumi config set --secret githubToken --stack dev", input: secret("githubToken") },
  { text: "git ls-remote ssh://git@github.com/acme/gitops" },
  { text: "npm run render -- --stage dev --out /tmp/dev", says: "files of dev for Flux" },
  { text: "npm run explain -- ghcr.io/acme/blog:v1.9.33", says: "prod: blog takes it" },
  { text: "npm run preflight -- --stage prod", says: "a month at Hetzner" },
  { text: "npm run preview -- --stage prod --exit-code", code: 3, says: "to create" },
  { text: "pulumi preview --stack dev --diff", says: "apps/blog/dev/deployment-patch.yaml" },
  { text: "pulumi up --stack dev", ...yes },
  { text: "pulumi stack output ingressAddress --stack dev", says: "127." },
  { text: "pulumi stack output kubeconfig --stack dev --show-secrets > dev.kubeconfig" },
  { text: "kubectl get nodes", says: "k3s-stages-dev-server-1" },
  { text: "kubectl -n flux-system get kustomizations", says: "image-updater" },
  { text: "kubectl -n flux-system get gitrepositories,kustomizations,pods", says: "kustomization.kustomize.toolkit" },
  { text: "kubectl -n kube-system get configmap k3s-stages-status -o yaml", says: "phase" },
  { text: "npm run matrix", says: "v1.9.32-develop.2" },
  { text: "npm run matrix -- --html matrix.html", more: "--offline", says: "the matrix as a page" },
  { text: "npm run matrix -- --json", more: "--offline", says: '"stage": "dev"' },
  { text: "npm run matrix -- --repo ../gitops --tags tags.json", more: "--offline", says: "v1.9.33-develop.1" },
  { text: "npm run explain -- ghcr.io/acme/blog:v1.9.33 --repo", more: "../gitops", code: 1, says: "after v1.9.33" },
  { text: "npm run adopt -- --repo", more: "../gitops --out ../adopted", says: "blog" },
  { text: "npm run new-app", more: `-- --name shop --image ghcr.io/acme/shop ${firstTags}`, says: "Pulumi.stage.yaml" },
  {
    text: "npm run new-app -- --file",
    more: `--name cart --image ghcr.io/acme/cart ${firstTags}`,
    says: "apps/cart.yaml",
  },
  { text: "npm run schema", says: "docs/configuration.md" },
  { text: "npm run new-stage -- --name qa --after dev", says: "Pulumi.qa.yaml" },
  { text: "pulumi stack export --stack prod --file prod.json" },
  { text: "pulumi stack import --file prod.json" },
  { text: "pulumi config set --path 'k3s-stages:cluster.protect' false --stack prod" },
  { text: "pulumi config set --stack dev --secret --path 'k3s-stages:pullSecrets.registry'", input: '{"auths":{}}' },
  { text: "pulumi config set --stack dev --secret k3s-stages:ageKey", input: secret("ageKey") },
  { text: "pulumi config set --stack dev --secret --path 'k3s-stages:ageKeys.blog-age'", input: secret("ageKey") },
  { text: "pulumi config set --secret gitops:token --stack dev", input: "token" },
  { text: "ssh-keygen -t ed25519 -N '' -C writer -f writer" },
  { text: "pulumi config set --stack prod --secret --path 'k3s-stages:write.identity'", input: "key" },
  { text: "pulumi config set --stack prod --secret --path 'k3s-stages:write.githubAppID' 123" },
  { text: "pulumi config set --stack prod --secret --path 'k3s-stages:write.githubAppInstallationID' 456" },
  { text: "pulumi config set --stack prod --secret --path 'k3s-stages:write.githubAppPrivateKey'", input: "key" },
  {
    text: "kubectl -n flux-system create secret generic webhook-token --from-literal=token=$(openssl rand -hex 20)",
    ...offline,
    says: "token:",
  },
  { text: "npm run destroy -- --stage dev", ...yes, says: "Nothing of dev is left" },
  { text: "pulumi stack rm dev", ...yes },
];

/** What is not run in that session, and why not. A word in a sentence, such as `pulumi up`, begins one that is. */
const otherwise: readonly (readonly [commands: RegExp, reason: string])[] = [
  [/^npm (ci|start|test|run test:(flux|file)|i cdk8s)\b/, "CI's own steps; cdk8s was there once"],
  [/^npm run (bench|sweep|fix)\b/, "minutes, or it writes into the checkout; documents.test.ts names its suite"],
  [/^npm run (pins|flux-upgrade)\b/, "downloads releases: against a server of theirs in a suite of its own"],
  [/^npm run sandbox\b/, "in the checkout's own sandbox, which npm start makes: sandbox-words.test.ts"],
  [/^pulumi new$/, "on the real CLI in template.test.ts"],
  [/^pulumi (import\b|cancel |refresh --clear)/, "sweep.test.ts runs them after a kill, with what a preview names"],
  [/^pulumi up --refresh/, "engine-faults.test.ts, after an `up` that failed half way"],
  [/^(pulumi preview --json|npm run preview .*--events -)$/, "engine-workflows.test.ts"],
  [/^pulumi destroy$/, "npm run destroy runs it"],
  [/^pulumi login "s3:/, "flux/state-bucket.test.ts, at a store that speaks S3"],
  [/^pulumi login file:/, "its address is the session's PULUMI_BACKEND_URL"],
  [/^kubectl (delete|describe|get helmreleases|-n \S+ get (receiver|plans))\b/, "flux/documents.test.ts"],
  [/^kubectl kustomize$/, "kustomize.test.ts runs it on every folder"],
  [needsMachines, "needs a node; documents.test.ts asks kubectl for its words"],
  [/^(flux|sops)\b/, "on a real API server with real controllers: flux/bootstrap.test.ts, flux/delivery.test.ts"],
  [/^k3s\b/, "on a node"],
  [/^git (rm|clone|remote)\b/, "in a person's own checkout"],
];

const anyStage = (text: string): string => text.replaceAll(/\bprod\b(?!\.json|=)/g, "dev");
const isRun = (text: string): boolean => session.some((step) => anyStage(step.text).startsWith(anyStage(text)));

describe("every command in a document", () => {
  it("is run here, or is known not to be", () => {
    const left = commands.filter(({ text }) => !isRun(text) && !otherwise.some(([form]) => form.test(text)));
    expect(left).toEqual([]);
  });

  it("is in a document, when it is run here", () => {
    const told = commands.map(({ text }) => text);
    expect(session.map(({ text }) => text).filter((text) => !told.includes(text))).toEqual([]);
  });

  it("is one, when it is said not to be run", () => {
    const idle = otherwise.filter(([form]) => !commands.some(({ text }) => form.test(text) && !isRun(text)));
    expect(idle).toEqual([]);
  });
});

let sandbox: EngineSandbox;
let env: NodeJS.ProcessEnv;

/** Pulumi runs in the sandbox's copy of the project, from wherever it is called. */
async function programs(folder: string): Promise<void> {
  mkdirSync(folder);
  const { pulumi } = await findPulumi(() => {});
  const script = `#!/bin/sh\ncd '${sandbox.layout.work}' && exec '${pulumi}' "$@"\n`;
  writeFileSync(join(folder, "pulumi"), script, { mode: 0o755 });
}

/** What the documents take for granted: a clone of the repository, a list of tags, keys of a person's. */
function surroundings({ layout, services }: EngineSandbox): void {
  symlinkSync(join(root, "commands"), join(layout.work, "commands"));
  symlinkSync(join(layout.root, "git/gitops.git"), join(layout.root, "gitops"));
  const tags = { "ghcr.io/acme/blog": ["v1.9.32-develop.2", "v1.9.33-develop.1"] };
  writeFileSync(join(layout.work, "tags.json"), JSON.stringify(tags));
  mkdirSync(join(layout.work, "docs"));
  for (const file of ["known_hosts", "app.pem"]) writeFileSync(join(layout.work, file), "text\n");
  expect(services.repository).toContain("gitops");
}

beforeAll(async () => {
  sandbox = await engineSandbox();
  const { layout, services } = sandbox;
  const bin = join(layout.root, "bin");
  await programs(bin);
  surroundings(sandbox);
  const own = pulumiEnv({ backend: layout.backend, home: layout.pulumiHome, passphrase: "sandbox" });
  const account = {
    HCLOUD_TOKEN: secret("hcloud:token"),
    KUBECONFIG: join(layout.work, "dev.kubeconfig"),
    KUBECACHEDIR: join(layout.root, "kubectl"),
  };
  const inherited = processEnv(process.env, { ...own, ...services.env, ...account });
  env = { ...inherited, PATH: [bin, inherited["PATH"]].join(delimiter) };
}, 10 * minute);
afterAll(() => sandbox?.remove());

const has = (program: string): boolean => {
  try {
    execFileSync(program, ["help"], { stdio: "ignore" });
    return true;
  } catch {
    return process.env["CI"] === "true";
  }
};
const isHere = { kubectl: has("kubectl") };
const ours = (text: string): string =>
  text.replaceAll(/npm run (\S+)(?: --)?/g, (_, script: string) => `node ${fileOf(script)}`);

describe("a stage's life by the documents", () => {
  it.each(session.filter(({ text }) => isHere.kubectl || !text.startsWith("kubectl")))(
    "$text",
    async ({ text, more = "", input = "", code = 0, says = "" }) => {
      const script = ours(anyStage(`${text} ${more}`)).replace("/tmp/dev", join(sandbox.layout.root, "rendered"));
      const run = await execute({
        ...{ file: "bash", args: ["-c", `set -o pipefail; ${script}`], cwd: sandbox.layout.work, env, input },
      });
      expect(run.code, said(run)).toBe(code);
      expect(run.stdout).toContain(says);
    },
    5 * minute,
  );
});
