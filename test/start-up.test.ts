import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const url = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href);

let cache: string;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), "k3s-stages-"));
});
afterAll(() => rmSync(cache, { recursive: true }));

/** Every file that a process of its own had loaded when the code was through, Node's parts included. */
function loadedBy(code: string, folder = cache): readonly string[] {
  const script = `
    import { registerHooks } from "node:module";
    const files = [];
    registerHooks({ load: (url, context, next) => (files.push(url), next(url, context)) });
    ${code}
    console.log(JSON.stringify([...files, ...process.moduleLoadList]));
    process.exit(0);`;
  const env = { ...process.env, NODE_COMPILE_CACHE: folder };
  const ran = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8", env });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout.split("\n").at(-2) ?? "");
}

const packages = (files: readonly string[], names: readonly string[]): readonly string[] =>
  names.filter((name) => files.some((file) => file.includes(`/node_modules/${name}/`)));

const preload = `await import(${url("stacks/preload.mjs")});`;

/** The SDK's files that a program's process begins with (cmd/run/index.js and run.js), and the one that the program imports. */
const sdk = `const { createRequire } = await import("node:module");
  const require = createRequire(${url("main.mjs")});
  const part = (file) => require("@pulumi/pulumi/" + file);
  require("source-map-support/register");
  await part("runtime/closure/v8Hooks.js").isInitializedAsync();
  part("cmd/run/tracing.js").newSpan("run").setAttribute("of", "nobody");
  const pulumi = part("index.js");`;

const heavy = [
  "@npmcli/arborist",
  "typescript",
  "sigstore",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation-grpc",
  "execa",
  "source-map",
  "@opentelemetry/api",
  "semver",
  "js-yaml",
];

describe("what a start loads", () => {
  it("is the SDK without what this program never asks for", () => {
    const whole = loadedBy(sdk);
    expect(packages(whole, heavy)).toEqual(heavy);
    const lean = loadedBy(preload + sdk);
    expect(packages(lean, heavy)).toEqual([]);
    expect(packages(lean, ["@pulumi/pulumi"])).toEqual(["@pulumi/pulumi"]);
    const bare = `const [interceptor] = part("runtime/settings.js").grpcClientOptions.interceptors;
      if (interceptor({}, () => "bare") !== "bare") throw new Error("not bare");`;
    expect(packages(loadedBy(preload + sdk + bare), heavy)).toEqual([]);
    expect(lean.length).toBeLessThan(whole.length / 2);
  });

  const asked: readonly (readonly [what: string, code: string, loads: string])[] = [
    [
      "serialises a function",
      `const { text } = await pulumi.runtime.serializeFunction(() => "as before");
       if (!text.includes('return () => "as before"')) throw new Error(text);`,
      "typescript",
    ],
    [
      "traces",
      `part("cmd/run/tracing.js").start("http://127.0.0.1:1/api/v2/spans");
       const span = part("cmd/run/tracing.js").newSpan("seen");
       if (!span.isRecording()) throw new Error("not recorded");
       const [interceptor] = part("runtime/settings.js").grpcClientOptions.interceptors;
       if (interceptor({}, () => "bare") === "bare") throw new Error("without its trace");`,
      "@opentelemetry/exporter-zipkin",
    ],
    [
      "runs Pulumi by a program",
      `const { LocalWorkspace } = pulumi.automation;
       if (typeof LocalWorkspace.create !== "function") throw new Error(String(LocalWorkspace));`,
      "execa",
    ],
    [
      "chooses between two versions of a package",
      `const { parse } = require("semver");
       if (parse("1.2.3").minor !== 2) throw new Error(String(parse));`,
      "semver",
    ],
  ];
  it.each(asked)("%s all the same when it is asked to", (_, code, loads) => {
    expect(packages(loadedBy(preload + sdk + code), [loads])).toEqual([loads]);
  });

  it("names promises that never end, and on demand where they began", () => {
    const leaks = (wanted: string) => `
      ${wanted}
      ${preload}${sdk}
      const { debuggablePromise, leakedPromises } = part("runtime/debuggable.js");
      const before = leakedPromises()[0].size;
      void debuggablePromise(new Promise(() => {}), "never");
      const [leak] = leakedPromises()[0];
      console.log(JSON.stringify([before, leak._debugCtx, / at /.test(leak._debugStackTrace), Error.stackTraceLimit]));
      process.exit(0);`;
    const said = (code: string) =>
      JSON.parse(spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" }).stdout);
    expect(said(leaks(""))).toEqual([0, "never", false, 10]);
    expect(said(leaks('process.env.PULUMI_DEBUG_PROMISE_LEAKS = "1";'))).toEqual([0, "never", true, 10]);
  });

  it("is English alone of a mistake's words, and our own files found where they say", () => {
    const program = `${preload} await import(${url("stacks/config/files.ts")});`;
    const loaded = loadedBy(program);
    expect(loaded.filter((file) => file.includes("/zod/v4/locales/")).map((file) => file.split("/").at(-1))).toEqual([
      "en.js",
    ]);
    expect(loaded).toContain(pathToFileURL(join(root, "stacks/config/resolve.ts")).href);
    const wrong = `${preload} const { z } = await import("zod"); console.log(z.string().safeParse(1).error.issues[0].message);`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", wrong], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stdout).toBe("Invalid input: expected string, received number\n");
  });

  it("reads and writes YAML without the package for its mistakes", () => {
    const code = `${preload} const { readFleet } = await import(${url("stacks/config/files.ts")});
      const { nodeFiles } = await import(${url("stacks/cluster/node-files.ts")});
      readFleet(${JSON.stringify(root)});`;
    expect(packages(loadedBy(code), ["yaml", "zod"])).toEqual(["zod"]);
  });

  it("is no fetch for what Hetzner is asked", () => {
    const loaded = loadedBy(`${preload} await import(${url("stacks/preflight/hetzner.ts")});`);
    expect(loaded.filter((file) => /undici/.test(file))).toEqual([]);
    expect(loadedBy('await import("node:http");').some((file) => /undici/.test(file))).toBe(true);
  });

  it("leaves a trace that the engine has begun as it is", () => {
    const traced = `process.env.TRACEPARENT = "00-${"1".repeat(32)}-${"2".repeat(16)}-01";`;
    expect(packages(loadedBy(traced + preload + sdk), ["@opentelemetry/exporter-zipkin"])).toHaveLength(1);
  });

  it("tells an old Node's user which one is needed", () => {
    const starts = [["--import", join(root, "stacks/preload.mjs"), "--eval", "0"], [join(root, "provider/start.mjs")]];
    for (const start of starts) {
      const old = ["--no-experimental-strip-types", ...start];
      const { status, stderr } = spawnSync(process.execPath, old, { encoding: "utf8" });
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: `This project needs Node 22.18 or newer; this is ${process.versions.node}.\n`,
      });
    }
  });

  it("is no parser in a plugin that only looks at the remote, and nothing of other resources", () => {
    const parsers = ["yaml", "zod", "semver"];
    const start = `const { gitops } = await import(${url("provider/gitops.ts")}); const provider = gitops();`;
    expect(packages(loadedBy(`${start} await import(${url("provider/tree/read.ts")});`), parsers)).toEqual([]);
    expect(packages(loadedBy(`${start} await provider.prepare();`), parsers)).toEqual(parsers);
    const others = ["", "await provider.prepare();"].map((then) =>
      loadedBy(start + then).some((file) => file.endsWith("/provider/others.ts")),
    );
    expect(others).toEqual([false, true]);
  });

  it("is no compiler once Node has kept what it stripped of types", () => {
    const start = `await import(${url("stacks/compile-cache.mjs")}); await import(${url("provider/gitops.ts")});`;
    const strips = (files: readonly string[]) => files.some((file) => file.includes("deps/amaro"));
    const empty = join(cache, "of-its-own");
    expect([loadedBy(start, empty), loadedBy(start, empty)].map(strips)).toEqual([true, false]);
  });
});
