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

const sdk = `await import(${url("node_modules/@pulumi/pulumi/index.js")})`;

describe("what a start loads", () => {
  it("is the SDK without what serialises functions", () => {
    const heavy = ["@npmcli/arborist", "typescript", "sigstore"];
    expect(packages(loadedBy(sdk), heavy)).toEqual(heavy);
    const lean = loadedBy(`await import(${url("stacks/lean-sdk.ts")}); ${sdk}`);
    expect(packages(lean, heavy)).toEqual([]);
    expect(packages(lean, ["@pulumi/pulumi"])).toEqual(["@pulumi/pulumi"]);
  });

  it("serialises a function all the same when a program asks for it", () => {
    const code = `await import(${url("stacks/lean-sdk.ts")});
      const { default: pulumi } = ${sdk};
      const { text } = await pulumi.runtime.serializeFunction(() => "as before");
      if (!text.includes('return () => "as before"')) throw new Error(text);`;
    expect(packages(loadedBy(code), ["typescript"])).toEqual(["typescript"]);
  });

  it("is no parser in a plugin that only looks whether anything has changed", () => {
    const parsers = ["yaml", "zod", "semver"];
    const start = `const { gitops } = await import(${url("provider/gitops.ts")}); const provider = gitops();`;
    expect(packages(loadedBy(start), parsers)).toEqual([]);
    expect(packages(loadedBy(`${start} await provider.prepare();`), parsers)).toEqual(parsers);
  });

  it("is no compiler once Node has kept what it stripped of types", () => {
    const start = `await import(${url("stacks/compile-cache.mjs")}); await import(${url("provider/gitops.ts")});`;
    const strips = (files: readonly string[]) => files.some((file) => file.includes("deps/amaro"));
    const empty = join(cache, "of-its-own");
    expect([loadedBy(start, empty), loadedBy(start, empty)].map(strips)).toEqual([true, false]);
  });
});
