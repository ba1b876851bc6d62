/**
 * What is wrong with a Hetzner token, seen from its form alone; nothing when it may be one. The provider takes 64
 * characters and no other number (terraform-provider-hcloud provider.go). The message never has the token.
 */
export function tokenProblem(token: string): string | undefined {
  if (/\s/.test(token)) return "it has white space in it, often a line break from a file: set it without";
  return token.length === 64
    ? undefined
    : `it has ${token.length} characters, and Hetzner's tokens have 64: copy it again`;
}
