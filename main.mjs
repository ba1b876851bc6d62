/** Pulumi starts here, after stacks/preload.mjs: the plugin, which takes a while to start, then the program, which is index.ts. */
await import("./stacks/early-plugin.ts");

export default (await import("./index.ts")).default;
