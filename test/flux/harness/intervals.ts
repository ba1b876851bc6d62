/** How often Flux looks, of rendered objects. */

const units = { h: 3600, m: 60, s: 1, ms: 0.001 } as const;

/** Of `10m`, `1m0s`, `74s`. */
export function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/([\d.]+)(ms|h|m|s)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0);
}

/** A text with every interval so many times shorter; nothing else is another. */
export const hurried =
  (times: number) =>
  (text: string): string =>
    times === 1
      ? text
      : text.replaceAll(/^( *interval: )(\S+)$/gm, (_, key: string, duration: string) => {
          return `${key}${Math.round((secondsOf(duration) * 1000) / times)}ms`;
        });
