/** Where the plugin starts. */
import "../stacks/compile-cache.mjs";

await import("./main.ts");
