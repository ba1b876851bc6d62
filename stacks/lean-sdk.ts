/**
 * Before Pulumi's SDK is loaded: nine tenths of its files serve what this program never asks for. They are loaded when
 * somebody does. Nothing of it changes what the program does.
 */
import { createRequire, Module } from "node:module";

const require = createRequire(import.meta.url);
const ofSdk = createRequire(require.resolve("@pulumi/pulumi"));

type Call = (...given: readonly unknown[]) => unknown;
type Exported = { readonly [name: string]: unknown };

/** A file as the SDK names it, and what every run asks of it: answered without the file, for as long as nothing else is asked. */
interface Part {
  readonly file: string;
  readonly answers?: Exported;
  /** What it exports is more than functions, and is asked for when it is used, not when the SDK is put together. */
  readonly classes?: true;
}

const nothing: Call = () => {};

// What run.js asks of a span.
const noSpan = { setAttribute: nothing, addEvent: nothing, end: nothing };

/** OpenTelemetry, for `pulumi --tracing`, which calls `start`. */
const openTelemetry: Part = { file: "@opentelemetry/api", classes: true };
const tracing: Part = { file: "./cmd/run/tracing.js", answers: { newSpan: () => noSpan } };

// With a parent somebody traces from the beginning (cmd/run/instrumentation.js).
const isTraced = process.env["TRACEPARENT"] !== undefined;

const parts: readonly Part[] = [
  // Serialising functions brings TypeScript and npm's own resolver, 450 files; only dynamic providers and the `Function`
  // resources of serverless packages ask for it.
  { file: "./runtime/closure/serializeClosure.js" },
  { file: "./runtime/closure/codePaths.js" },
  // For the places of such functions it turns on V8's debugger and natives before the program is read: from then on each
  // script is reported, and compiled code that Node kept does not fit what is read before it.
  { file: "./runtime/closure/v8Hooks.js", answers: { isInitializedAsync: async () => {} } },
  ...(isTraced ? [] : [tracing]),
  // For the version of a compiler that types are not stripped with here, and a choice between two versions of a package.
  { file: "semver", classes: true },
  // For a package.yaml in the place of package.json.
  { file: "js-yaml", classes: true },
  // Pulumi programs that run Pulumi.
  { file: "./automation/index.js", classes: true },
];

/** Puts a module in its place that gives way to it as soon as something is asked that it has no answer to: whether it has. */
function later({ file, answers = {}, classes }: Part): () => boolean {
  const path = ofSdk.resolve(file);
  const stub = new Module(path);
  let real: Exported | undefined;
  const load = (): Exported => {
    if (require.cache[path] === stub) delete require.cache[path];
    real ??= ofSdk(path) as Exported;
    return real;
  };
  const exported = (name: string): unknown => {
    if (real) return real[name];
    if (name in answers) return answers[name];
    return classes ? load()[name] : (...given: readonly unknown[]) => (load()[name] as Call)(...given);
  };
  stub.exports = new Proxy({}, { get: (_, name) => name === "__esModule" || exported(String(name)) });
  stub.loaded = true;
  require.cache[path] = stub;
  return () => real !== undefined;
}

/** A reader of source maps is asked for every line of every resource's stack. Node strips types in place: lines are right. */
function withoutSourceMaps(): void {
  const path = ofSdk.resolve("source-map-support/register");
  const empty = new Module(path);
  empty.loaded = true;
  require.cache[path] = empty;
}

/** The SDK keeps for each of some two thousand promises where in the code it began, to name those that never end. */
function withoutOrigins(): void {
  if (process.env["PULUMI_DEBUG_PROMISE_LEAKS"]) return;
  const debuggable = ofSdk("./runtime/debuggable.js") as { debuggablePromise: Call };
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (...given) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(...given);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

type Interceptor = (options: unknown, next: Call) => unknown;

/** Each request is asked for the trace that it belongs to; until there is one, it goes out as it is. */
function withoutHeaders(): void {
  if (isTraced) return;
  const isLoaded = later(openTelemetry);
  const settings = ofSdk("./runtime/settings.js") as { grpcClientOptions: { interceptors: readonly Interceptor[] } };
  const { grpcClientOptions: options } = settings;
  options.interceptors = options.interceptors.map(
    (traced) => (how, next) => (isLoaded() ? traced(how, next) : next(how)),
  );
}

// The last two load most of the SDK.
const steps = [withoutSourceMaps, ...parts.map((part) => () => later(part)), withoutHeaders, withoutOrigins];
for (const step of steps) {
  try {
    step();
  } catch {
    // An SDK that keeps it elsewhere loads it as before.
  }
}
