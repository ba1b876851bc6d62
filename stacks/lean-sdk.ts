/**
 * Before Pulumi's SDK is loaded: three quarters of its files serve what this program never asks for. They are loaded when
 * somebody does. Nothing of it changes what the program does.
 */
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);

type Call = (...given: readonly unknown[]) => unknown;
type Exported = { readonly [name: string]: unknown };

/** A file of the SDK, and what every run asks of it: answered without the file, for as long as nothing else is asked. */
interface Part {
  readonly file: string;
  readonly answers?: { readonly [name: string]: Call };
  /** What it exports is more than functions, and is asked for when it is used, not when the SDK is put together. */
  readonly classes?: true;
}

// The span that OpenTelemetry itself gives where nobody traces.
const noSpan: Call = () =>
  createRequire(require.resolve("@pulumi/pulumi"))("@opentelemetry/api").trace.getTracer("none").startSpan("none");

const parts: readonly Part[] = [
  // Serialising functions brings TypeScript and npm's own resolver, 450 files; only dynamic providers and the `Function`
  // resources of serverless packages ask for it.
  { file: "runtime/closure/serializeClosure.js" },
  { file: "runtime/closure/codePaths.js" },
  // For the places of such functions it turns on V8's debugger and natives before the program is read: from then on each
  // script is reported, and compiled code that Node kept does not fit what is read before it.
  { file: "runtime/closure/v8Hooks.js", answers: { isInitializedAsync: async () => {} } },
  // OpenTelemetry's exporters, for `pulumi --tracing`, which calls `start`. With a parent somebody traces from the beginning
  // (cmd/run/instrumentation.js).
  ...(process.env["TRACEPARENT"] ? [] : [{ file: "cmd/run/tracing.js", answers: { newSpan: noSpan } }]),
  // Pulumi programs that run Pulumi.
  { file: "automation/index.js", classes: true },
];

/** Puts a module in its place that gives way to it as soon as something is asked that it has no answer to. */
function later({ file, answers = {}, classes }: Part): void {
  const path = require.resolve(`@pulumi/pulumi/${file}`);
  const stub = new Module(path);
  let real: Exported | undefined;
  const load = (): Exported => {
    if (require.cache[path] === stub) delete require.cache[path];
    real ??= require(path) as Exported;
    return real;
  };
  const exported = (name: string): unknown => {
    if (real || classes) return load()[name];
    return answers[name] ?? ((...given: readonly unknown[]) => (load()[name] as Call)(...given));
  };
  stub.exports = new Proxy({}, { get: (_, name) => name === "__esModule" || exported(String(name)) });
  stub.loaded = true;
  require.cache[path] = stub;
}

/** A reader of source maps is asked for every line of every resource's stack. Node strips types in place: lines are right. */
function withoutSourceMaps(): void {
  const path = createRequire(require.resolve("@pulumi/pulumi")).resolve("source-map-support/register");
  const nothing = new Module(path);
  nothing.loaded = true;
  require.cache[path] = nothing;
}

const steps = [withoutSourceMaps, ...parts.map((part) => () => later(part))];
for (const step of steps) {
  try {
    step();
  } catch {
    // An SDK that keeps it elsewhere loads it as before.
  }
}
