/** The plugin of the package `gitops`: the engine starts it, reads its port from standard output and speaks gRPC to it. */

// Read first: an engine that is gone by the time the port is printed counts as gone, too.
const parent = process.ppid;
const [engine] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));

const [{ gitops }, { serve }] = await Promise.all([import("./gitops.ts"), import("./protocol.ts")]);
const served = await serve(gitops(), engine ? { engine } : {});
// The engine ends a plugin by SIGINT to a process group of its own and waits 5 s for it (sdk/go/common/util/cmdutil/term.go);
// a user's Ctrl-C does not arrive here, it becomes Cancel.
for (const signal of ["SIGINT", "SIGTERM", "SIGBREAK"] as const) process.on(signal, () => process.exit(0));

// An engine that panics or is killed never says goodbye, and a plugin without one would stay for ever.
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, 1000).unref();

// Last: from here on the engine counts on all of the above.
process.stdout.write(`${served.port}\n`);
