import { defineConfig } from "vitest/config";

/** `viteModuleRunner: false`: tests load a file exactly as Node and Pulumi do (native import, type stripping). */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/flux/**"],
    setupFiles: ["test/chance.ts"],
    // Limits against hanging, not measures of speed: CI has two busy cores.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    experimental: { viteModuleRunner: false },
    env: { PULUMI_ERROR_OUTPUT_STRING: "true" },
  },
});
