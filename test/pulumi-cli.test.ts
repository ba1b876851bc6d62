import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SandboxError } from "../sandbox/error.ts";
import { buildProgress } from "../sandbox/go/build.ts";
import { makeOnce } from "../sandbox/go/once.ts";
import { findPulumi, installedCli, placeLanguageHost } from "../sandbox/pulumi/cli.ts";
import { processEnv, pulumiEnv } from "../sandbox/pulumi/env.ts";
import { cliVersion } from "../sandbox/pulumi/install.ts";
import { outcome, program, type RunRequest } from "../sandbox/pulumi/language-host.ts";
import { runPulumi } from "../sandbox/pulumi/run.ts";

const root = mkdtempSync(join(tmpdir(), "pulumi-cli-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function freshFolder(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

describe("which CLI is used", () => {
  const search = { path: "/a:/b", cache: "/cache" };
  const official = `/cache/pulumi-v${cliVersion}-official/bin/pulumi`;
  const built = `/cache/pulumi-v${cliVersion}/pulumi`;
  const chosen = (...files: string[]) => installedCli(search, (file) => files.includes(file));

  it("takes the one on PATH before any cached one", () => {
    const files = ["/b/pulumi", "/a/pulumi-language-nodejs", official, built];
    expect(chosen(...files)).toEqual({ pulumi: "/b/pulumi", origin: "PATH" });
  });

  it("passes over one on PATH that has no language host for Node", () => {
    expect(chosen("/a/pulumi", built)).toEqual({ pulumi: built, origin: "built from source" });
  });

  it("prefers the official one of two cached ones", () => {
    expect(chosen(official, built)).toEqual({ pulumi: official, origin: "official installer" });
  });

  it("finds none where there is none", () => expect(chosen()).toBeUndefined());

  it("pins the module to the version it reports", () => {
    const mod = readFileSync(join(import.meta.dirname, "../sandbox/pulumi/cli/go.mod"), "utf8");
    expect(mod).toContain(`github.com/pulumi/pulumi/pkg/v3 v${cliVersion} `);
  });
});

it("counts modules and packages of a Go build, and nothing else", () => {
  const { onLine, text } = buildProgress();
  for (const line of [
    "go: downloading gocloud.dev v0.37.0",
    "internal/abi",
    "gocloud.dev/blob",
    "# gocloud.dev/blob",
    "x.go:1:2: bad",
  ])
    onLine(line);
  expect(text()).toBe("1 modules fetched, 2 packages compiled");
});

describe("environment", () => {
  const env = pulumiEnv({ backend: "/s/backend", home: "/s/home", passphrase: "p" });

  it("keeps state and home in the given folders", () => {
    expect(env).toMatchObject({ PULUMI_BACKEND_URL: "file:///s/backend", PULUMI_HOME: "/s/home" });
  });

  it("hides the user's Pulumi, Hetzner, Kubernetes and git settings, and our own scripts' cache", () => {
    const inherited = {
      PULUMI_ACCESS_TOKEN: "t",
      HCLOUD_TOKEN: "t",
      KUBECONFIG: "/k",
      GIT_DIR: "/g",
      NODE_COMPILE_CACHE: "/n",
      LANG: "C",
      PATH: "/bin",
    };
    const merged = processEnv(inherited, env);
    expect(Object.keys(merged).toSorted()).toEqual(
      ["LANG", "NO_PROXY", "PATH", "no_proxy", ...Object.keys(env)].toSorted(),
    );
  });

  it("reaches loopback without the user's proxy, and keeps the user's own exceptions", () => {
    expect(processEnv({ NO_PROXY: "intern" }, {})).toMatchObject({
      no_proxy: "intern,127.0.0.0/8,127.0.0.1,localhost",
    });
  });

  it("lets what is given win over what is inherited", () => {
    expect(processEnv({ LANG: "C", HCLOUD_ENDPOINT: "real" }, { HCLOUD_ENDPOINT: "emulator" })["HCLOUD_ENDPOINT"]).toBe(
      "emulator",
    );
  });
});

describe("a folder made once", () => {
  const never = () => expect.unreachable("nobody else is making it");

  it("is made by one of two that want it at the same time, and both find it complete", async () => {
    const folder = join(freshFolder("two"), "it");
    let makers = 0;
    let waiters = 0;
    const fill = async (draft: string) => {
      makers += 1;
      await new Promise((resolve) => setImmediate(resolve));
      writeFileSync(join(draft, "file"), "complete");
    };
    const onWait = () => {
      waiters += 1;
    };
    await Promise.all([makeOnce({ folder, fill, onWait }), makeOnce({ folder, fill, onWait })]);
    expect({ makers, waiters, file: readFileSync(join(folder, "file"), "utf8") }).toEqual({
      makers: 1,
      waiters: 1,
      file: "complete",
    });
  });

  it("leaves nothing behind when making it fails", async () => {
    const parent = freshFolder("fails");
    const fill = async (draft: string) => {
      writeFileSync(join(draft, "half"), "");
      throw new Error("interrupted");
    };
    await expect(makeOnce({ folder: join(parent, "it"), fill, onWait: never })).rejects.toThrow("interrupted");
    expect(readdirSync(parent)).toEqual([]);
  });

  it("is made anew from nothing where a killed process left a draft", async () => {
    const parent = freshFolder("stale");
    const draft = freshFolder("stale/it.draft");
    writeFileSync(join(draft, "half"), "");
    utimesSync(draft, new Date(0), new Date(0));
    await makeOnce({
      folder: join(parent, "it"),
      fill: async (into) => writeFileSync(join(into, "whole"), ""),
      onWait: never,
    });
    expect(readdirSync(parent)).toEqual(["it"]);
    expect(readdirSync(join(parent, "it"))).toEqual(["whole"]);
  });
});

describe("language host", () => {
  const request: RunRequest = {
    project: "shop",
    stack: "dev",
    pwd: "/old",
    program: "/old/main",
    argsList: ["one"],
    configMap: [
      ["shop:region", "eu"],
      ["hcloud:token", "t"],
    ],
    dryrun: true,
    parallel: 8,
    monitorAddress: "127.0.0.1:1",
    querymode: false,
    configsecretkeysList: ["hcloud:token"],
    organization: "organization",
    info: { rootDirectory: "/p", programDirectory: "/p/src", entryPoint: "." },
    loaderTarget: "",
    attachDebugger: false,
    mapperTarget: "",
  };

  it("passes what the engine asked for as the SDK's arguments, with the entry point and the program's own last", () => {
    const { argv } = program(request, {}, "127.0.0.1:2");
    expect(argv.join(" ")).toBe(
      "--monitor 127.0.0.1:1 --engine 127.0.0.1:2 --organization organization --project shop --root-directory /p" +
        " --stack dev --pwd /p/src --parallel 8 --dry-run . one",
    );
  });

  it("passes configuration through the environment, never as arguments", () => {
    const { env, argv } = program(request, {}, "127.0.0.1:2");
    expect(JSON.parse(env["PULUMI_CONFIG"] ?? "")).toEqual({ "shop:config:region": "eu", "hcloud:config:token": "t" });
    expect(env["PULUMI_CONFIG_SECRET_KEYS"]).toBe('["hcloud:token"]');
    expect(argv).not.toContain("t");
  });

  it("gives Node what the project says of it, before everything else", () => {
    const { node } = program(request, { nodeargs: "--import ./stacks/preload.mjs" }, "");
    expect(node).toEqual(["--import", "./stacks/preload.mjs"]);
    expect(program(request, {}, "").node).toEqual([]);
  });

  it("leaves TypeScript to Node only when the project says so", () => {
    expect(program(request, {}, "")["env"]["PULUMI_NODEJS_TYPESCRIPT"]).toBe("true");
    expect(program(request, { typescript: false }, "")["env"]).not.toHaveProperty("PULUMI_NODEJS_TYPESCRIPT");
  });

  it("adds nothing to an error that the program has shown already", () => {
    expect(outcome(0, null)).toEqual({ error: "", bail: false });
    expect(outcome(32, null)).toEqual({ error: "", bail: true });
    expect(outcome(7, null)).toEqual({ error: "Program exited with non-zero exit code: 7", bail: false });
    expect(outcome(null, "SIGKILL")).toEqual({ error: "Program was ended by SIGKILL", bail: false });
  });

  it("is refreshed beside the CLI, and keeps no other file there", () => {
    const folder = freshFolder("host");
    writeFileSync(join(folder, "language-host.ts"), "older");
    placeLanguageHost(folder);
    expect(readFileSync(join(folder, "language-host.ts"), "utf8")).toContain("LanguageRuntimeService");
    expect(readdirSync(folder)).toEqual(["checkout", "language-host.ts", "package.json", "pulumi-language-nodejs"]);
  });

  it("keeps its own compiled code, and leaves the program's where the user has it", () => {
    const folder = freshFolder("cache of a host");
    placeLanguageHost(folder);
    const fake = freshFolder("node");
    const says = '#!/bin/sh\necho "$NODE_COMPILE_CACHE $PROGRAM_COMPILE_CACHE"\n';
    writeFileSync(join(fake, "node"), says, { mode: 0o755 });
    const PATH = [fake, process.env["PATH"]].join(delimiter);
    const env = { PATH, NODE_COMPILE_CACHE: "/of/the/user" };
    const said = execFileSync(join(folder, "pulumi-language-nodejs"), { encoding: "utf8", env });
    expect(said).toBe(`${join(folder, "compile")} /of/the/user\n`);
  });
});

describe("a run", () => {
  const shell = (script: string, rest: object = {}) =>
    runPulumi({ pulumi: "/bin/sh", cwd: root, args: ["-c", script], env: {}, ...rest });

  it("gives code, both streams, and each line as it comes", async () => {
    const lines: string[] = [];
    const run = await shell("echo out; echo err >&2; exit 3", { onLine: (line: string) => lines.push(line) });
    expect(run).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
    expect(lines.toSorted()).toEqual(["err", "out"]);
  });

  it("is interrupted softly, so that it can bring its state in order", async () => {
    const abort = new AbortController();
    const script = 'trap "echo state written; exit 130" INT; echo ready; while :; do sleep 0.05; done';
    const run = await shell(script, {
      signal: abort.signal,
      onLine: (line: string) => line === "ready" && abort.abort(),
    });
    expect(run).toMatchObject({ code: 130, stdout: "ready\nstate written\n" });
  });

  it("does not start when it was aborted before", async () => {
    await expect(shell("echo started", { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  });
});

describe("the real CLI", () => {
  it("brings a program up and then finds nothing to change", { timeout: 600_000 }, async ({ skip }) => {
    const [cwd, backend, home] = [freshFolder("program"), freshFolder("backend"), freshFolder("home")];
    symlinkSync(join(import.meta.dirname, "../node_modules"), join(cwd, "node_modules"));
    writeFileSync(join(cwd, "package.json"), '{ "type": "module", "main": "index.ts" }');
    writeFileSync(join(cwd, "Pulumi.yaml"), "name: tiny\nruntime: { name: nodejs, options: { typescript: false } }\n");
    const source = [
      'import { Config, RunError, getStack } from "@pulumi/pulumi";',
      "const config: Config = new Config();",
      'export default async () => ({ greeting: "hello " + config.require("name") + " of " + getStack() });',
      'if (config.get("fail")) throw new RunError("it failed as told");',
    ];
    writeFileSync(join(cwd, "index.ts"), source.join("\n"));
    // Where none is installed and none can be made, a laptop does without; CI does not.
    const { pulumi } = await findPulumi(console.log).catch((error: unknown) => {
      if (process.env["CI"] || !(error instanceof SandboxError)) throw error;
      return skip(error.message);
    });
    const env = pulumiEnv({ backend, home, passphrase: "test" });
    const run = (...args: string[]) => runPulumi({ pulumi, cwd, args, env });

    expect(await run("stack", "init", "dev")).toMatchObject({ code: 0 });
    expect(await run("up", "--yes", "-c", "name=world")).toMatchObject({ code: 0 });
    expect(await run("preview", "--diff", "--expect-no-changes")).toMatchObject({ code: 0 });
    expect((await run("stack", "output", "greeting")).stdout).toBe("hello world of dev\n");
    const failed = await run("preview", "-c", "fail=true");
    expect(failed.code).not.toBe(0);
    expect(failed.stdout).toContain("error: it failed as told");
    expect(failed.stdout).not.toContain("exited with non-zero");
    // Linux takes no variable of more than 128 KiB, and Pulumi hands the configuration over in one.
    const settings = readFileSync(join(cwd, "Pulumi.dev.yaml"), "utf8");
    const large = settings.replace("config:\n", `config:\n  tiny:large: ${"x".repeat(131_072)}\n`);
    writeFileSync(join(cwd, "Pulumi.dev.yaml"), large);
    expect(await run("preview")).toMatchObject({ stdout: expect.stringContaining("argument list too long") });
  });
});
