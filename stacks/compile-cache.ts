/** For an entry point's first import; what it has to help has to be imported dynamically after it. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Not in Node's own choice, a folder in /tmp that another user of the machine may have made first. Where this one cannot be
// written Node goes on without. NODE_COMPILE_CACHE wins, and NODE_DISABLE_COMPILE_CACHE too.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/compile"));
