/**
 * `@` cannot start a YAML token, so a value that ends so is no YAML for the CLI: it shows a line diff, comments included,
 * instead of decoding both sides and diffing the objects (pulumi pkg/backend/display/object_diff.go, printEncodedValueDiff).
 */
const end = "@@ end";

export function fenced(text: string): string {
  return `${text}${end}`;
}

/** The text before the fence; a value without one is the text itself. */
export function unfenced(value: string): string {
  return value.endsWith(end) ? value.slice(0, -end.length) : value;
}
