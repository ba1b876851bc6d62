/** `error`: it does not work, or does harm. `warning`: it works only if something holds that Git does not show. */
export type Severity = "error" | "warning";

/** One thing wrong in somebody's repository: where, what, and what follows from it. */
export interface Finding {
  /** A name to search for, such as `filter-matches-nothing`. */
  readonly code: string;
  readonly severity: Severity;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** `path:line: [code] message`, one a line. */
export const findingLine = ({ path, line, code, message }: Finding): string => `${path}:${line}: [${code}] ${message}`;
