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
