/**
 * The first server's own script with the real flux, on a real API server: what it says of a repository that does not let it,
 * what its power cuts leave, and what it commits, against what the sandbox's stand-in commits.
 */
import { cpSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { fluxUpgradeCommand } from "../../commands/flux-upgrade.ts";
import { bootstrap as standIn } from "../../sandbox/node/bootstrap.ts";
import { kustomizationText } from "../../sandbox/node/manifests.ts";
import { execute } from "../../sandbox/process/execute.ts";
import type { Fleet } from "../../stacks/config/fleet.ts";
import { officialHosts } from "../../stacks/config/releases/artefacts.ts";
import { extraComponents } from "../../stacks/gitops/flux-components.ts";
import { gitRemote } from "../git-remote.ts";
import { pins } from "../node-plan.ts";
import { seedTexts } from "../sources.ts";
import { handOver } from "./harness/bootstrap.ts";
import type { Cluster } from "./harness/cluster.ts";
import { type FirstServer, firstServer } from "./harness/first-server.ts";
import { fluxBinary } from "./harness/flux-command.ts";
import { temporaryFolder } from "./harness/folder.ts";
import type { GitHost } from "./harness/git-host.ts";
import { startGitHubHost } from "./harness/github-host.ts";
import { type KeyHost, startKeyHost } from "./harness/key-host.ts";
import { type Kubernetes, startKubernetes } from "./harness/kubernetes.ts";
import { stageOf, startWorld, type World } from "./harness/world.ts";

const pinned = pins.flux.version;
let host: KeyHost;
let world: World;
let fleet: Fleet;
const folder = "clusters/dev/flux-system";
/** Of the repository as it is when flux comes. */
let published = "";
let untouched: ReturnType<typeof gitRemote>;

beforeAll(async () => {
  host = await startKeyHost();
  world = await startWorld("bootstrap", { host });
  fleet = world.fleet();
  for (const app of stageOf(fleet, "dev").apps) await world.push(app, app.tag);
  await world.program.up(fleet, "dev");
  published = host.repository.head();
  untouched = gitRemote();
  cpSync(host.repository.url, untouched.url, { recursive: true });
});
afterAll(async () => {
  untouched?.close();
  await world?.close();
});

describe("a repository that does not let flux bootstrap", () => {
  const place = temporaryFolder("refused");
  let kubernetes: Kubernetes;
  beforeAll(async () => {
    kubernetes = await startKubernetes({ cluster: "k3s-stages-dev", folder: place.path });
    const { client } = kubernetes;
    await handOver({ client, fleet, stage: stageOf(fleet, "dev"), host, ageKey: world.age.secret });
  });
  afterAll(async () => {
    await kubernetes?.close();
    place.remove();
  });

  /** Lets the unit run until it has given up, which is after its second try; gives what the first one ended with. */
  async function givenUp(configured: Fleet = fleet, env: GitHost["env"] = {}) {
    const { kubeconfigFile } = kubernetes;
    const server = await firstServer({ fleet: configured, stage: stageOf(configured, "dev"), kubeconfigFile, env });
    server.hurry(4000);
    const { code, stderr } = await server.run();
    const { phase, state } = server.status();
    server.remove();
    expect([code, phase, state]).toEqual([1, "flux", "failed"]);
    return /^flux bootstrap: .*$/m.exec(stderr)?.[0];
  }

  afterEach(() => expect(host.repository.head()).toBe(published));

  const elsewhere = (edits: { readonly [key: string]: unknown }) => world.fleet({ "Pulumi.yaml": edits });

  it("for want of a key that it knows", async () => {
    host.let("nothing");
    expect(await givenUp()).toMatch(/^flux bootstrap: the host refuses the credential; .*: unable to authenticate/);
    host.let("push");
  });

  it("by a key that may only read", async () => {
    host.let("read");
    expect(await givenUp()).toMatch(/^flux bootstrap: the credential may not push to main; let it: .* read only\.$/);
    host.let("push");
  });

  it("by a protected branch", async () => {
    const lift = host.repository.refuse("GH006: Protected branch update failed for refs/heads/main.");
    expect(await givenUp()).toMatch(/^flux bootstrap: the credential may not push to main; let it: .* hook declined$/);
    lift();
  });

  it("because it is not there", async () => {
    const { url } = host.repository;
    renameSync(url, `${url}-away`);
    const error = await givenUp().finally(() => renameSync(`${url}-away`, url));
    expect(error).toMatch(/^flux bootstrap: no such repository, or the credential may not see it: /);
  });

  it("because its branch is not there", async () => {
    const error = await givenUp(elsewhere({ "repository.branch": "production" }));
    expect(error).toMatch(/^flux bootstrap: there is no branch production; make it: /);
  });

  it("because nobody answers there", async () => {
    const url = host.url.replace(/:\d+\//, ":1/");
    const knownHosts = host.knownHosts?.map((line) => line.replace(/:\d+ /, ":1 "));
    const error = await givenUp(elsewhere({ "repository.url": url, "repository.knownHosts": knownHosts }));
    expect(error).toMatch(/^flux bootstrap: not reached, it tries again: .* connection refused$/);
  });

  it("at GitHub, whose API does not take the token, or does not show the repository to it", async () => {
    const github = await startGitHubHost();
    const at = (url: string) => elsewhere({ "repository.url": url, "repository.bootstrap": "github" });
    const given = (credential: GitHost["credential"]) => {
      const stage = stageOf(fleet, "dev");
      return handOver({ client: kubernetes.client, fleet, stage, host: { credential }, ageKey: world.age.secret });
    };
    await given({ username: "git", password: "of-nobody" });
    const refused = await givenUp(at(github.url), github.env);
    expect(refused).toMatch(/^flux bootstrap: the host refuses the credential; .*: 401 Bad credentials/);
    await given(github.credential);
    const hidden = await givenUp(at("https://github.com/acme/hidden"), github.env);
    expect(hidden).toMatch(/^flux bootstrap: no such repository, or the credential may not see it: /);
    await given(host.credential);
    await github.close();
  });

  it("and one in which nobody published gets flux's own kustomization.yaml, as the stand-in writes it", async () => {
    const stages = [{ name: "dev", path: "clusters/other", channel: { prerelease: "develop" } }];
    const alone = world.fleet({ "Pulumi.yaml": { stages }, "Pulumi.stage.yaml": null, "Pulumi.prod.yaml": null });
    const { kubeconfigFile } = kubernetes;
    const server = await firstServer({ fleet: alone, stage: stageOf(alone, "dev"), kubeconfigFile, env: {} });
    const { stdout } = await server.run(/applying sync manifests/);
    server.remove();
    expect(stdout).toContain("applying sync manifests");
    expect(host.repository.read("clusters/other/flux-system/kustomization.yaml")).toBe(kustomizationText);
    host.repository.git("update-ref", "refs/heads/main", published);
  });
});

/**
 * Flux's own words, in its order: at each of them the power is cut, and the next run goes on. It falls a moment later, when
 * what they announce may be done, and is said in other words by the next.
 */
const cuts = [
  /cloning branch/,
  /generating component manifests/,
  /committed component manifests|component manifests are up to date/,
  /pushing component manifests|installing components/,
  /installing components/,
  /installed components/,
  /applying source secret/,
  /committed sync manifests|sync manifests are up to date/,
  /pushing sync manifests|applying sync manifests/,
];

describe("a first server whose power is cut at every step of flux bootstrap", () => {
  let dev: Cluster;
  const codes: number[] = [];
  /** As a person runs it, with the stage's kubeconfig. */
  const flux = async (...args: readonly string[]) => {
    const env = { PATH: process.env["PATH"], HOME: host.repository.folder, KUBECONFIG: dev.kubeconfigFile };
    return execute({ file: await fluxBinary(), args, env });
  };
  let last: Awaited<ReturnType<FirstServer["run"]>>;

  beforeAll(async () => {
    dev = await world.boot(fleet, "dev", async (server) => {
      for (const cut of cuts) codes.push((await server.run(cut)).code);
      last = await server.run();
      return last;
    });
  });

  it("was cut at all of them, and brings the stage up in the end", async () => {
    // Once the sync is applied Flux may be quicker than the next cut, and then there is nothing left to do.
    expect(codes.slice(0, 7)).toEqual(cuts.slice(0, 7).map(() => 137));
    expect(last.code).toBe(0);
    expect(last.stdout).toMatch(/\ndone\n$/);
    await dev.follow(host.repository.head());
    const objects = await dev.client.list({ apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization" });
    expect(objects.length).toBeGreaterThan(4);
  });

  it("has committed what one undisturbed run of the sandbox's stand-in commits, in two commits and byte for byte", async () => {
    const { url, path } = { url: fleet.repository.url, path: "clusters/dev" };
    const components = `source-controller,kustomize-controller,helm-controller,notification-controller,${extraComponents}`;
    const command = { url, branch: "main", path, version: `v${pinned}`, components: components.split(",") };
    await standIn({ command, repository: untouched.url });
    const log = (repository: ReturnType<typeof gitRemote>) =>
      repository.git("log", "--format=%an <%ae> %cn %s", "--name-status", `${published}..main`);
    expect(log(host.repository)).toBe(log(untouched));
    expect(host.repository.read(`${folder}/gotk-sync.yaml`)).toBe(untouched.read(`${folder}/gotk-sync.yaml`));
    const [real = "", made = ""] = [host.repository, untouched].map((each) =>
      each.read(`${folder}/gotk-components.yaml`),
    );
    // The stand-in has no more than Flux's namespace, and a line that says so.
    const namespace = made.replace(/^# STAND-IN.*\n/m, "");
    expect(real.slice(0, namespace.length)).toBe(namespace);
    expect(real.slice(namespace.length)).toMatch(/^---\n/);
  });

  it("pins the host keys that came with the credential, and not those that flux was shown", async () => {
    const secret = await dev.client.get({
      apiVersion: "v1",
      kind: "Secret",
      name: "flux-system",
      namespace: "flux-system",
    });
    const text = Buffer.from(secret?.["data"].known_hosts, "base64").toString();
    expect(text).toBe(`${host.knownHosts?.join("\n")}\n`);
  });

  it("changes nothing when the machine starts again, nor when another one takes its place (F68)", async () => {
    const head = host.repository.head();
    const versions = async () => {
      const all = ["Deployment apps/v1", "Secret v1", "Kustomization kustomize.toolkit.fluxcd.io/v1"].map((each) => {
        const [kind = "", apiVersion = ""] = each.split(" ");
        return dev.client.list({ apiVersion, kind, namespace: "flux-system" });
      });
      return (await Promise.all(all)).flat().map(({ metadata }) => [metadata.name, metadata["generation"]]);
    };
    const before = await versions();
    const { kubeconfigFile } = dev;
    const server = await firstServer({ fleet, stage: stageOf(fleet, "dev"), kubeconfigFile, env: host.env });
    for (const _ of ["made", "started again"]) expect((await server.run()).code).toBe(0);
    server.remove();
    expect(await versions()).toEqual(before);
    expect(host.repository.head()).toBe(head);
  });

  it("is not led elsewhere by flux, which refuses another path in the stand-in's words (F68)", async () => {
    const key = join(host.repository.folder, "identity");
    writeFileSync(key, host.credential["identity"] ?? "", { mode: 0o600 });
    const own = [
      "--silent",
      `--private-key-file=${key}`,
      `--url=${host.url}`,
      "--branch=main",
      "--path=clusters/other",
    ];
    const { code, stderr } = await flux("bootstrap", "git", ...own);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'sync path configuration ("./clusters/other") would overwrite path ("./clusters/dev") of existing Kustomization',
    );
  });

  it.each([
    ["get kustomizations", "Applied revision: main@sha1:"],
    ["reconcile kustomization flux-system --with-source", "applied revision main@sha1:"],
    ["suspend kustomization --all", "kustomization suspended"],
    ["resume kustomization --all", "kustomization resumed"],
    ["get images all --all-namespaces", "imagepolicy/blog-dev"],
    ["events --for Kustomization/flux-system", "ReconciliationSucceeded"],
  ])("answers to a person's flux %s", async (command, says) => {
    const { code, stdout, stderr } = await flux(...command.split(" "));
    expect([code, stdout + stderr]).toEqual([0, expect.stringContaining(says)]);
  });

  describe("npm run flux-upgrade with that flux", () => {
    const components = `${folder}/gotk-components.yaml`;
    const printed: string[] = [];

    async function upgrade(...args: readonly string[]): Promise<string | undefined> {
      const directory = mkdtempSync(join(host.repository.folder, "project-"));
      const files = { ...seedTexts(), "pins.json": JSON.stringify(pins) };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), `${text}`);
      // The configured address leads to the repository of this test.
      vi.stubEnv("GIT_CONFIG_COUNT", "1");
      vi.stubEnv("GIT_CONFIG_KEY_0", `url.file://${host.repository.url}.insteadOf`);
      vi.stubEnv("GIT_CONFIG_VALUE_0", "ssh://git@github.com/acme/gitops");
      const place = {
        directory,
        hosts: officialHosts,
        token: undefined,
        print: (line: string) => void printed.push(line),
      };
      await fluxUpgradeCommand(["--stage", "dev", "--flux", await fluxBinary(), ...args], place).finally(() =>
        vi.unstubAllEnvs(),
      );
      return printed.at(-1);
    }

    it("says right after the bootstrap that there is nothing to do", async () => {
      expect(await upgrade("--dry-run")).toBe(`${components} is that of Flux ${pinned} already.`);
    });

    it("brings an older Flux to what bootstrap wrote, and the cluster's own Flux applies it to itself", async () => {
      const now = host.repository.read(components);
      host.repository.edit({ [components]: now.replaceAll(`v${pinned}`, "v2.9.3") });
      await dev.follow(host.repository.head());
      const version = async () =>
        (await dev.client.get({ apiVersion: "v1", kind: "Namespace", name: "flux-system" }))?.metadata["labels"];
      expect(await version()).toMatchObject({ "app.kubernetes.io/version": "v2.9.3" });
      expect(await upgrade()).toContain(`dev: upgrade Flux from 2.9.3 to ${pinned}: `);
      expect(host.repository.read(components)).toBe(now);
      await dev.follow(host.repository.head());
      expect(await version()).toMatchObject({ "app.kubernetes.io/version": `v${pinned}` });
    });
  });

  it("goes on with another deploy key, which a raised rotate.deployKey hands over, when the first is gone", async () => {
    const credential = await host.renewed();
    const stage = stageOf(fleet, "dev");
    await handOver({ client: dev.client, fleet, stage, host: { credential }, ageKey: world.age.secret });
    host.repository.edit({ "README.md": "A person's\n" });
    await dev.follow(host.repository.head());
  });
});
