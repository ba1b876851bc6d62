import { defineConfig } from "vitest/config";

/** Two files at a time: each has API servers and controllers of its own, and waits for them more than it computes. */
export default defineConfig({
  test: {
    include: ["test/flux/**/*.test.ts"],
    maxWorkers: 2,
    // Limits against hanging. Builds are done before; `until` gives up earlier, and says what it waited for.
    testTimeout: 600_000,
    hookTimeout: 1_500_000,
    experimental: { viteModuleRunner: false },
  },
});
