/** Something the user can do something about: printed in words, without a stack. */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
}
