import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/**
 * The package `yaml`, for what needs lines, comments or words for a mistake. Not by an import: it has 70 files, and a run without
 * a mistake reads no YAML but what js-yaml reads (read.ts) and writes all of it itself (write.ts).
 */
export const yamlPackage = (): typeof import("yaml") => require("yaml");
