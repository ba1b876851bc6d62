/**
 * Pulumi starts here. Node keeps what it stripped of types and compiled; imports that are not dynamic would come before that.
 */
import "./stacks/compile-cache.ts";

// Pulumi's SDK installs a reader of source maps that is asked for every line of every resource's stack, a sixth of the
// processor time that a preview's program took. Node strips types in place: lines are where they were.
Reflect.deleteProperty(Error, "prepareStackTrace");

export default (await import("./index.ts")).default;
