import { defineConfig } from "vitest/config";

/** One file after the other: each has an API server and controllers of its own, and CI has two cores. */
export default defineConfig({
  test: {
    include: ["test/flux/**/*.test.ts"],
    fileParallelism: false,
    // Limits against hanging. Builds are done before; `until` gives up earlier, and says what it waited for.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    experimental: { viteModuleRunner: false },
  },
});
