/**
 * For the program's first import: of Pulumi's SDK it takes what a program without dynamic providers does not need, half of
 * what the SDK loads. Nothing of it changes what the program does.
 */
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);

// Serialising functions brings TypeScript and npm's own resolver, 450 files; only dynamic providers and the `Function`
// resources of serverless packages ask for it. All that they export is functions (runtime/index.ts).
const closures = ["@pulumi/pulumi/runtime/closure/serializeClosure.js", "@pulumi/pulumi/runtime/closure/codePaths.js"];

type Functions = { readonly [name: string]: (...given: readonly unknown[]) => unknown };

/** Puts a module in place whose functions load the real one when they are called. */
function later(path: string): void {
  const stub = new Module(path);
  const call = (name: string, given: readonly unknown[]) => {
    if (require.cache[path] === stub) delete require.cache[path];
    return (require(path) as Functions)[name]?.(...given);
  };
  const exported = (name: string) => (name === "__esModule" ? true : (...given: unknown[]) => call(name, given));
  stub.exports = new Proxy({}, { get: (_, name) => exported(String(name)) });
  stub.loaded = true;
  require.cache[path] = stub;
}

for (const closure of closures) {
  try {
    later(require.resolve(closure));
  } catch {
    // An SDK that keeps it elsewhere loads it as before.
  }
}

// The SDK installs a reader of source maps that is asked for every line of every resource's stack, a sixth of the
// processor time that a preview's program took. Node strips types in place: lines are where they were.
Reflect.deleteProperty(Error, "prepareStackTrace");
