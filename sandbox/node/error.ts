/** Why a node does not come up: everything at once, and never a secret. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[], node = "the node") {
    super(`${node} does not come up:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}
