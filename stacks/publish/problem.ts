import { printable } from "../terminal/printable.ts";

/** Why nothing may be published: where in the repository, and what to do about it. */
export interface Problem {
  readonly path: string;
  readonly line?: number;
  readonly message: string;
}

/** One line per problem, `path:line: message`. */
export function problemList(problems: readonly Problem[]): string {
  return problems
    .map(({ path, line, message }) => printable(`${path}${line ? `:${line}` : ""}: ${message}`))
    .join("\n");
}

/** The world's or the user's doing, never a bug: its message says where, what and the way out. */
export class PublishError extends Error {
  override readonly name = "PublishError";

  constructor(message: string) {
    super(printable(message));
  }
}
