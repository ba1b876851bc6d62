// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * What a server, a repository or a registry wrote, for a terminal: control characters, by which a text moves the cursor, hides
 * itself or turns around, are shown as JSON writes them. Lines and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(control, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
