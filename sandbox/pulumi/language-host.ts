/**
 * Stands in for `pulumi-language-nodejs`, which is no Go module and so cannot be built beside the CLI. It runs plain
 * Node programs, and installs what they need by npm. It does not do: Bun, other package managers, debuggers, tracing,
 * synchronous invokes (`--sync`), listing a program's dependencies or required plugins, plugins and policies written in
 * TypeScript, code generation.
 * Arguments and environment follow sdk/nodejs/cmd/pulumi-language-nodejs/main.go (constructArguments, execRuntime).
 *
 * It is copied out of the checkout and serves any program, so it imports nothing but Node: gRPC and the protocol come
 * from the `@pulumi/pulumi` of the program it was started for, or, before that is installed, of the checkout it came from.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Grpc from "@grpc/grpc-js";
import type * as Service from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/language_pb.js";
import type * as Plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as Empties from "google-protobuf/google/protobuf/empty_pb.js";

/** Read first: a CLI that is gone by the time its host has loaded the SDK counts as gone, too. */
const cli = process.ppid;

/** Where Node keeps this process's compiled code is the launcher's choice (cli.ts); the program has the user's own. */
const { PROGRAM_COMPILE_CACHE: NODE_COMPILE_CACHE, ...others } = process.env;
const inherited = { ...others, NODE_COMPILE_CACHE };

/** A `RunRequest` as protobuf's `toObject()` gives it: maps are pairs, lists end in `List`. */
export type RunRequest = Messages.RunRequest.AsObject;

/** What Node gets: `argv` after the path of `cmd/run`, and the variables that are added to the environment. */
export interface Program {
  /** For Node itself, before that path. */
  readonly node: readonly string[];
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string };
}

/** The program exits with this after it told the user what is wrong (cmd/run/run.ts): Pulumi adds nothing. */
const alreadyShown = 32;

/** How the SDK's `cmd/run` wants to hear what the engine asked for. */
export function program(
  request: RunRequest,
  options: { readonly typescript?: boolean; readonly nodeargs?: string },
  engine: string,
): Program {
  const { info } = request;
  const flags = {
    monitor: request.monitorAddress,
    engine,
    organization: request.organization,
    project: request.project,
    "root-directory": info?.rootDirectory,
    stack: request.stack,
    pwd: info?.programDirectory || request.pwd,
    parallel: String(request.parallel),
  };
  const given = Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}`, value] : []));
  const entry = info?.entryPoint || request.program;
  // The old form of a key, `namespace:config:name`, is the one that every version of the SDK reads.
  const config = request.configMap.map(([key, value]) => [key.replace(/:(config:)?/, ":config:"), value]);
  return {
    // Without the quotes that a shell knows, which the real host reads.
    node: (options.nodeargs ?? "").split(" ").filter(Boolean),
    argv: [...given, ...(request.dryrun ? ["--dry-run"] : []), entry, ...request.argsList],
    env: {
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(config)),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.configsecretkeysList),
      ...(options.typescript === false ? {} : { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    },
  };
}

/** What the engine is told when the program has ended. */
export function outcome(
  code: number | null,
  signal: string | null,
): { readonly error: string; readonly bail: boolean } {
  if (code === 0 || code === alreadyShown) return { error: "", bail: code === alreadyShown };
  const how = signal ? `was ended by ${signal}` : `exited with non-zero exit code: ${code}`;
  return { error: `Program ${how}`, bail: false };
}

/** A program that was just made by `pulumi new` has no SDK yet; the checkout's is named in a file beside this one. */
function resolved(): string {
  const places = [process.cwd(), readFileSync(join(import.meta.dirname, "checkout"), "utf8").trim()];
  const found = places.flatMap((place) => {
    try {
      return [createRequire(join(place, "package.json")).resolve("@pulumi/pulumi")];
    } catch {
      return [];
    }
  });
  if (found[0] === undefined) throw new Error(`it is in none of ${places.join(", ")}`);
  return found[0];
}

function sdk() {
  try {
    const require = createRequire(resolved());
    return {
      grpc: require("@grpc/grpc-js") as typeof Grpc,
      service: require("@pulumi/pulumi/proto/language_grpc_pb.js") as typeof Service,
      messages: require("@pulumi/pulumi/proto/language_pb.js") as typeof Messages,
      plugin: require("@pulumi/pulumi/proto/plugin_pb.js") as typeof Plugin,
      empties: require("google-protobuf/google/protobuf/empty_pb.js") as typeof Empties,
      runPath: require.resolve("@pulumi/pulumi/cmd/run"),
    };
  } catch (error) {
    console.error(`The Pulumi SDK is not installed in ${process.cwd()}: run npm ci. (${String(error).split("\n")[0]})`);
    process.exit(1);
  }
}

type Callback<T> = (error: null, response: T) => void;

interface Refused {
  readonly error: string;
}

type Installing = Grpc.ServerWritableStream<Messages.InstallDependenciesRequest, Messages.InstallDependenciesResponse>;

/** What npm prints reaches the user as it comes. */
function install(call: Installing, messages: typeof Messages): void {
  const cwd = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
  const command = existsSync(join(cwd, "package-lock.json")) ? "ci" : "install";
  const child = spawn("npm", [command, "--no-audit", "--no-fund"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (text) => call.write(new messages.InstallDependenciesResponse().setStdout(text)));
  child.stderr.on("data", (text) => call.write(new messages.InstallDependenciesResponse().setStderr(text)));
  const fail = (why: string) => call.destroy(new Error(`npm ${command} in ${cwd} ${why}`));
  child.once("error", ({ message }) => fail(`cannot be run: ${message}`));
  child.once("close", (code) => (code === 0 ? call.end() : fail(`ended with ${code}`)));
}

/** The system refuses more than 128 KiB of configuration at once (E2BIG), and Node then throws; the real host says it so. */
function start(words: readonly string[], options: SpawnOptions): { readonly child: ChildProcess } | Refused {
  try {
    return { child: spawn(process.execPath, words, options) };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "E2BIG" ? "argument list too long" : String(error);
    return { error: `Program could not be run: fork/exec ${process.execPath}: ${why}` };
  }
}

function implementation(engine: string) {
  const { messages, plugin, empties, runPath } = sdk();
  const running = new Set<ChildProcess>();
  return {
    getPluginInfo: (_: unknown, answer: Callback<Plugin.PluginInfo>) => answer(null, new plugin.PluginInfo()),
    getRequiredPackages: (_: unknown, answer: Callback<Messages.GetRequiredPackagesResponse>) =>
      answer(null, new messages.GetRequiredPackagesResponse()),
    getProgramDependencies: (_: unknown, answer: Callback<Messages.GetProgramDependenciesResponse>) =>
      answer(null, new messages.GetProgramDependenciesResponse()),
    runtimeOptionsPrompts: (_: unknown, answer: Callback<Messages.RuntimeOptionsResponse>) =>
      answer(null, new messages.RuntimeOptionsResponse()),
    template: (_: unknown, answer: Callback<Messages.TemplateResponse>) =>
      answer(null, new messages.TemplateResponse()),
    installDependencies: (call: Installing) => install(call, messages),
    about: (_: unknown, answer: Callback<Messages.AboutResponse>) =>
      answer(null, new messages.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    run: ({ request }: { request: Messages.RunRequest }, answer: Callback<Messages.RunResponse>) => {
      const options = request.getInfo()?.getOptions()?.toJavaScript() ?? {};
      const { node, argv, env } = program(request.toObject(), options, engine);
      // Our own first line was the port; from then on what the program prints is the user's to read.
      const stdio = ["ignore", "inherit", "inherit"] as const;
      const started = start([...node, runPath, ...argv], { env: { ...inherited, ...env }, stdio: [...stdio] });
      if ("error" in started) return answer(null, new messages.RunResponse().setError(started.error));
      const { child } = started;
      running.add(child);
      child.once("exit", (code, signal) => {
        running.delete(child);
        const { error, bail } = outcome(code, signal);
        answer(null, new messages.RunResponse().setError(error).setBail(bail));
      });
    },
    cancel: (_: unknown, answer: Callback<Empties.Empty>) => {
      for (const child of running) child.kill("SIGINT");
      answer(null, new empties.Empty());
    },
  };
}

function serve(engine: string): void {
  const { grpc, service } = sdk();
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  const calls = service.LanguageRuntimeService as unknown as Grpc.ServiceDefinition;
  server.addService(calls, implementation(engine) as unknown as Grpc.UntypedServiceImplementation);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(port);
  });
  // A CLI that was killed cannot say goodbye; its host must not outlive it.
  setInterval(() => process.ppid === cli || process.exit(1), 1000).unref();
}

if (realpathSync(process.argv[1] ?? "") === import.meta.filename) serve(process.argv.at(-1) ?? "");
