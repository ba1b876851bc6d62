/** Pulumi starts here: what makes a start fast comes first, then the program, which is index.ts. */
import "./stacks/compile-cache.mjs";

await import("./stacks/lean-sdk.ts");
await import("./stacks/early-plugin.ts");

export default (await import("./index.ts")).default;
