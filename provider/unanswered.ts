import { type Failure, isLasting, wayOut } from "../stacks/access/failure.ts";
import type { Found } from "./waiting.ts";

/** Where a look got no answer from the API: it waits for that first. */
export class Unanswered extends Error {
  readonly found: Found<never>;

  constructor(failure: Failure) {
    super("the API did not answer");
    const rest = { wayOut: wayOut(failure), lasting: isLasting(failure) };
    this.found = { kind: "waiting", seen: `the API: ${failure.seen}`, ...rest };
  }
}
