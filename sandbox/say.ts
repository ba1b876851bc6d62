/** Progress for people: one line per step, with what it took, also where nobody watches. */
export async function step<T>(
  what: string,
  work: () => Promise<T>,
  result: (value: T) => string = () => "",
): Promise<T> {
  const started = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`  ${what} …`);
  const value = await work();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const line = [what.padEnd(34), `${seconds} s`.padStart(7), result(value)].join("  ").trimEnd();
  console.log(`${process.stdout.isTTY ? "\r" : ""}  ${line}`);
  return value;
}

export const heading = (text: string): void => console.log(`\n${text}`);

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** Words on lines of at most 78 characters, indented by two. */
export function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const line = `${lines.at(-1) ?? ""}  ${word}`;
    if (lines.length > 0 && line.length <= 78) lines[lines.length - 1] = line;
    else lines.push(`  ${word}`);
  }
  return lines.join("\n");
}
