/** Where the plugin starts. */
import "../stacks/needed-node.mjs";
import "../stacks/compile-cache.mjs";
import "../stacks/lean-imports.mjs";

await import("./main.ts");
