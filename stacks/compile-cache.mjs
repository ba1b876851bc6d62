/**
 * For an entry point's first import; what it has to help has to be imported dynamically after it. Plain JavaScript, as the
 * entry points are: to strip types from as much as one file Node starts a compiler, 60 ms of each process.
 */
import module from "node:module";
import { join } from "node:path";

// Not in Node's own choice, a folder in /tmp that another user of the machine may have made first. Where this one cannot be
// written Node goes on without. NODE_COMPILE_CACHE wins, and NODE_DISABLE_COMPILE_CACHE too.
module.enableCompileCache?.(join(import.meta.dirname, "../node_modules/.cache/compile"));
