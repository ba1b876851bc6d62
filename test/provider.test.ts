import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gitops } from "../provider/gitops.ts";
import { serve } from "../provider/protocol.ts";
import { type Properties, secret, unknown } from "../provider/values.ts";
import { fenced, unfenced } from "../stacks/publish/fence.ts";
import { setMarked } from "../stacks/tree/setters.ts";
import { gitRemote } from "./git-remote.ts";
import { providerClient } from "./provider-client.ts";

const patch = "apps/blog/prod/patch.yaml";
const base = "apps/blog/base/service.yaml";
const components = "clusters/production/flux-system/gotk-components.yaml";
const owned = "clusters/production/.owned.json";
const image = (tag: string, replicas = 1) =>
  `replicas: ${replicas}\nimage: ghcr.io/acme/blog:${tag} # {"$imagepolicy": "blog:blog-prod"}\n`;
const bump = (tag: string) => (text: string) =>
  setMarked(text, "blog:blog-prod", { name: "ghcr.io/acme/blog", tag, digest: undefined });

let repo: ReturnType<typeof gitRemote>;
let logged: string[];
let closing: (() => unknown)[];
beforeEach(() => {
  repo = gitRemote();
  logged = [];
  closing = [repo.close];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

/** Stands in for the engine's log service only; it keeps what it was told. */
async function engineLog(): Promise<string> {
  const server = new grpc.Server();
  const log: grpc.handleUnaryCall<engineProto.LogRequest, empties.Empty> = (call, callback) => {
    const severity = Object.entries(engineProto.LogSeverity).find(
      ([, number]) => number === call.request.getSeverity(),
    );
    logged.push(`${severity?.[0]} ${call.request.getMessage()}`);
    callback(null, new empties.Empty());
  };
  server.addService(engineRpc.EngineService, { log });
  const port = await new Promise<number>((resolve) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, found) => resolve(found)),
  );
  closing.push(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

async function plugin() {
  const provider = gitops();
  const served = await serve(provider);
  const client = providerClient(served.port, "urn:pulumi:prod::project::gitops:index:Tree::prod");
  closing.push(served.close, () => provider.configure?.({}), client.close);
  await client.handshake(await engineLog());
  return client;
}

type Texts = { readonly [path: string]: string };
const args = (files: Texts, more: Properties = {}): Properties => ({
  stage: "prod",
  url: repo.url,
  branch: "main",
  path: "clusters/production",
  placeholders: [components],
  files: Object.fromEntries(Object.entries(files).map(([path, text]) => [path, fenced(text)])),
  ...more,
});
const filesOf = ({ files }: Properties) =>
  Object.fromEntries(Object.entries(files as Texts).map(([path, text]) => [path, unfenced(text)]));

/** What the engine does in one `up`, in a run of its own: refresh, check, diff, then create or update. */
async function up(news: Properties, state?: Properties) {
  const client = await plugin();
  await client.configure({});
  const olds = state && (await client.read("prod", state)).inputs;
  const { inputs, failures } = await client.check(news, olds);
  if (failures.length > 0) return { inputs, failures, changes: {}, client };
  const { changes } = olds ? await client.diff("prod", olds, inputs) : { changes: { new: "ADD" } };
  if (!olds) await client.create(inputs);
  else if (Object.keys(changes).length > 0) await client.update("prod", olds, { news: inputs });
  return { inputs, failures, changes, client };
}

const two = { [patch]: image("v0.0.1"), [base]: "port: 80\n" };

describe("gitops:index:Tree", () => {
  it("creates the stage's files, its manifest and the places for bootstrap in one commit", async () => {
    const client = await plugin();
    const { inputs } = await client.check(args(two));
    expect(await client.create(inputs, true)).toMatchObject({
      id: "prod",
      outputs: { commit: unknown },
      refresh: true,
    });
    expect(repo.git("branch", "--list")).toBe("");
    const { outputs } = await client.create(inputs);
    expect(outputs).toEqual({ commit: repo.head(), __exact: repo.head() });
    expect(repo.files()).toEqual([base, patch, owned, components]);
    expect(repo.commits()).toHaveLength(1);
  });

  it("shows in Check exactly what the commit holds", async () => {
    await up(args(two));
    repo.edit({ [patch]: bump("v2") });
    const { inputs } = await up(args({ ...two, [patch]: image("v0.0.1", 3) }));
    for (const [path, text] of Object.entries(filesOf(inputs))) expect(repo.read(path)).toBe(text);
  });

  it("has nothing to do the second time", async () => {
    const { inputs } = await up(args(two));
    expect((await up(args(two), inputs)).changes).toEqual({});
    expect(repo.commits()).toHaveLength(1);
  });

  it("sees no change in a tag that Flux wrote", async () => {
    const { inputs } = await up(args(two));
    repo.edit({ [patch]: bump("v2") });
    expect((await up(args(two), inputs)).changes).toEqual({});
  });

  it("shows a change per file, additions and removals included", async () => {
    const { inputs } = await up(args(two));
    const news = args({ [patch]: image("v0.0.1", 3), "new.yaml": "a: 1\n" });
    expect((await up(news, inputs)).changes).toEqual({
      [`files["${patch}"]`]: "UPDATE",
      [`files["${base}"]`]: "DELETE",
      'files["new.yaml"]': "ADD",
      [`files["${owned}"]`]: "UPDATE",
    });
    expect(repo.files()).toEqual([patch, owned, components, "new.yaml"]);
    expect((await up(news, inputs)).changes).toEqual({});
  });

  it("shows drift without being asked to refresh, and undoes it", async () => {
    const { inputs } = await up(args(two));
    repo.edit({ [base]: "port: 8080\n", [components]: undefined });
    const { changes } = await up(args(two), inputs);
    expect(changes).toEqual({ [`files["${base}"]`]: "UPDATE", placeholders: "UPDATE" });
    expect(repo.read(base)).toBe("port: 80\n");
    expect(repo.commits()[0]).toBe("prod: undo edits of configured files (1 new, 1 changed)");
  });

  // The trap of pulumi.md §3.4: a Read that masks the live tag loses its base when the file drifts as well.
  it("keeps the tag of a file that drifted and was bumped", async () => {
    const { inputs } = await up(args(two));
    repo.edit({ [patch]: image("v2", 9) });
    await up(args(two), inputs);
    expect(repo.read(patch)).toBe(image("v2", 1));
  });

  it("takes an existing repository over after the state was lost", async () => {
    await up(args(two));
    repo.edit({ [patch]: bump("v2"), "README.md": "ours\n" });
    const head = repo.head();
    await up(args(two));
    expect(repo.head()).toBe(head);
    expect(logged).toContain(
      "INFO 2 of 2 files are in the repository already and stay as they are; their tags are kept",
    );
  });

  it("warns that an edited first tag changes nothing, with the file, the live tag and the configured one", async () => {
    const { inputs } = await up(args(two));
    repo.edit({ [patch]: bump("v2") });
    expect((await up(args({ ...two, [patch]: image("v1.5.0") }), inputs)).changes).toEqual({});
    expect(logged).toEqual([
      `WARNING ${patch}: the tag belongs to Flux and stays :v2; the configured :v1.5.0 was only its first value (to run another one, pin it)`,
    ]);
  });

  it("runs a pinned tag from its own commit on, and says that it is a lower one", async () => {
    const { inputs } = await up(args(two));
    repo.edit({ [patch]: bump("v1.9.32") });
    const pinned = image("v1.9.31").replace("$imagepolicy", "$pinned");
    const { changes, inputs: after } = await up(args({ ...two, [patch]: pinned }), inputs);
    expect(changes).toEqual({ [`files["${patch}"]`]: "UPDATE" });
    expect(repo.read(patch)).toBe(pinned);
    expect(logged).toEqual([`WARNING ${patch}: the pin goes back from v1.9.32 to v1.9.31`]);
    await up(args(two), after);
    expect(repo.read(patch)).toBe(image("v1.9.31"));
  });

  it("refuses a policy that no longer takes what runs, unless a lower version is allowed to follow it", async () => {
    const file = "clusters/production/infrastructure/image-updater/blog/image-policy.yaml";
    const policy = (range: string, allowed = "v1.0.0") =>
      `apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata:\n  name: blog-prod\n  namespace: blog\n  annotations:\n    k3s-stages/allow-downgrade: ${allowed}\nspec:\n  imageRepositoryRef:\n    name: blog\n  policy:\n    semver:\n      range: '${range}'\n`;
    const warned = () => logged.filter((line) => line.startsWith("WARNING"));
    const { inputs } = await up(args({ ...two, [file]: policy(">=0.0.0") }));
    repo.edit({ [patch]: bump("v2.0.0") });
    expect((await up(args({ ...two, [file]: policy("<3.0.0") }), inputs)).failures).toEqual([]);
    expect((await up(args({ ...two, [file]: policy("<2.0.0") }), inputs)).failures).toEqual([
      { property: "", reason: expect.stringContaining(`${file}: blog-prod runs v2.0.0, which its policy would no`) },
    ]);
    expect(warned()).toEqual([]);
    await up(args({ ...two, [file]: policy("<2.0.0", "v2.0.0") }), inputs);
    expect(warned()).toEqual([
      `WARNING ${file}: v2.0.0, which runs, is none of its tags; Flux replaces it by the newest that is, a lower version too, as allowDowngrade has it`,
    ]);
    repo.edit({ [patch]: bump("v1.9.0") });
    await up(args({ ...two, [file]: policy("<2.0.0", "v2.0.0") }), inputs);
    expect(logged.slice(-1)).toEqual([
      `INFO ${file}: allowDowngrade names v2.0.0, which does not run: its line can go`,
    ]);
  });

  it("leaves a shared base to the stages that still use it when one is destroyed", async () => {
    const { inputs } = await up(args(two));
    const dev = { stage: "dev", path: "clusters/dev", placeholders: [] };
    await up(args({ [base]: "port: 80\n" }, dev));
    const client = await plugin();
    await client.remove("prod", inputs);
    expect(repo.files()).toEqual([base, "clusters/dev/.owned.json"]);
  });

  it("names the stages that a change of a shared file reaches", async () => {
    const { inputs } = await up(args(two));
    await up(args({ [base]: "port: 80\n" }, { stage: "dev", path: "clusters/dev", placeholders: [] }));
    logged.length = 0;
    await up(args({ ...two, [base]: "port: 81\n" }), inputs);
    expect(logged).toEqual([`WARNING ${base} is shared: this change reaches dev as well, at once`]);
  });

  it("moves to another branch with the tags that ran, and deletes nothing in the old one", async () => {
    const { inputs } = await up(args(two));
    repo.edit({ [patch]: bump("v2") });
    const files = repo.files();
    repo.git("branch", "next", repo.git("commit-tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "-m", "empty"));
    const { changes } = await up(args(two, { branch: "next" }), inputs);
    expect(changes).toEqual({ branch: "UPDATE" });
    expect(repo.read(patch, "next")).toBe(image("v2"));
    expect(repo.files("main")).toEqual(files);
  });

  it("refuses a secret by its path, before anything is fetched (F79)", async () => {
    const { failures } = await (await plugin()).check(
      args({}, { url: "http://127.0.0.1:9/x", files: { [patch]: secret("x") } }),
    );
    const reason = expect.stringContaining(`${patch}: a secret value may not be published`);
    expect(failures).toEqual([{ property: "", reason }]);
  });

  it("reports every conflict with its path and leaves the remote alone", async () => {
    repo.edit({ [base]: "mine: 1\n", [patch]: "mine: 2\n" });
    const head = repo.head();
    const { failures } = await up(args(two));
    expect(failures.map(({ reason }) => reason.split(":")[0])).toEqual([base, patch]);
    expect(repo.head()).toBe(head);
  });

  it("plans nothing while the address is unknown", async () => {
    const news = args(two, { url: unknown });
    expect((await (await plugin()).check(news)).inputs).toEqual(news);
  });

  it("stops when a person changed a planned file between check and update (F73)", async () => {
    const { inputs } = await up(args(two));
    const client = await plugin();
    const olds = (await client.read("prod", inputs)).inputs;
    const { inputs: news } = await client.check(args({ ...two, [base]: "port: 81\n" }), olds);
    repo.edit({ [base]: "port: 8080\n" });
    await expect(client.update("prod", olds, { news })).rejects.toMatchObject({
      details: `changed by someone else while this update ran: ${base} (nothing was pushed; run the preview again)`,
    });
    expect(repo.read(base)).toBe("port: 8080\n");
  });

  it("does not take an unreachable remote for a deleted tree", async () => {
    const { inputs } = await up(args(two));
    const gone = { ...inputs, url: "http://127.0.0.1:9/acme/gitops" };
    const client = await plugin();
    expect(await client.read("prod", gone)).toMatchObject({ id: "prod", inputs: gone });
    expect(logged.at(-1)).toMatch(/^WARNING what the state remembers is shown, because .*cannot be reached/);
    await expect(client.check(gone, gone)).rejects.toMatchObject({
      details: expect.stringMatching(/cannot be reached: check the address/),
    });
    await expect(client.remove("prod", gone)).rejects.toMatchObject({
      details: expect.stringMatching(/cannot be reached/),
    });
  });

  it("shows an emptied repository as files to add", async () => {
    const { inputs } = await up(args({ [base]: "port: 80\n" }, { placeholders: [] }));
    repo.git("update-ref", "-d", "refs/heads/main");
    const { changes } = await up(args({ [base]: "port: 80\n" }, { placeholders: [] }), inputs);
    expect(changes).toEqual({ [`files["${base}"]`]: "ADD", [`files["${owned}"]`]: "ADD" });
    expect(repo.files()).toEqual([base, owned]);
  });
});

describe("the plugin's process", () => {
  const main = join(import.meta.dirname, "..", "provider", "start.mjs");
  const started = async (command: string, ...words: string[]) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    closing.push(() => {
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        // The whole group has ended, as it should.
      }
    });
    const [port] = await once(child.stdout, "data");
    expect(Number(port)).toBeGreaterThan(0);
    return { child, ended: once(child.stdout, "close") };
  };

  it("prints its port and ends at once when the engine interrupts it", async () => {
    const { child } = await started(process.execPath, main);
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("does not outlive the engine", async () => {
    const { child, ended } = await started("sh", "-c", `"${process.execPath}" "${main}" & wait`);
    child.kill("SIGKILL");
    await ended;
  });
});
