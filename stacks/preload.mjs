/** What the program's process reads first of all, before Pulumi's SDK (`nodeargs` in Pulumi.yaml). */
import "./needed-node.mjs";
import "./compile-cache.mjs";
import "./lean-imports.mjs";

await import("./lean-sdk.ts");
