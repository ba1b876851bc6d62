/**
 * Pulumi starts here. Node keeps what it stripped of types and compiled; without that it takes a third of a preview, and
 * imports that are not dynamic would come before it.
 */
import "./stacks/compile-cache.ts";

// Pulumi's SDK installs a reader of source maps that is asked for every line of every resource's stack, a sixth of a preview.
// Node strips types in place: lines are where they were.
Reflect.deleteProperty(Error, "prepareStackTrace");

export default (await import("./index.ts")).default;
