/** Before any test: what tests draw by chance. CI answers for a change and not for a draw; elsewhere each run draws anew. */
import { randomInt } from "node:crypto";
import fc from "fast-check";

const onCi = process.env["CI"] === "true";

/** Of whatever draws without fast-check; a test prints it. */
export const seed = onCi ? 20_261_127 : randomInt(1, 1e9);

/** fast-check prints the seed of a property that fails. */
if (onCi) fc.configureGlobal({ seed });
