/** The plugin of the package `gitops`: the engine starts it, reads its port from standard output and speaks gRPC to it. */
import { pki } from "./pki.ts";
import { serve } from "./protocol.ts";
import { tree } from "./tree.ts";

const files = tree();
const [engine] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));

const served = await serve(
  {
    name: "gitops",
    version: "0.1.0",
    configure: files.configure,
    // Type tokens are in every stack's state: they are never renamed.
    resources: { "gitops:index:Tree": files.resource, "gitops:index:Pki": pki() },
  },
  engine ? { engine } : {},
);
process.stdout.write(`${served.port}\n`);

// Ctrl-C reaches the whole group; the engine sends Cancel, and a push under way is let finish.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => process.exit(0));

// An engine that panics or is killed never says goodbye, and a plugin without one would stay for ever.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, 1000).unref();
