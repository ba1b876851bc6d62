import { defineConfig } from "vitest/config";

/** `viteModuleRunner: false`: tests load a file exactly as Node and Pulumi do (native import, type stripping). */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    experimental: { viteModuleRunner: false },
    env: { PULUMI_ERROR_OUTPUT_STRING: "true" },
  },
});
