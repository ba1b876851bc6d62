/** One thing wrong with the configuration: where (dotted path below a file's `config`), what, and the way out. */
export interface Problem {
  readonly file: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The user's mistake, never ours: printed as it is, without a stack. Its message lists every problem at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
