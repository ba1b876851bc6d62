/**
 * What the program's process reads first of all, before Pulumi's SDK (`nodeargs` in Pulumi.yaml). Plain JavaScript: an old
 * Node has to be able to read it.
 */
import "./compile-cache.mjs";

if (!process.features.typescript) {
  console.error(`This project needs Node 22.18 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

await import("./lean-imports.mjs");
await import("./lean-sdk.ts");
