/** What a wrong clock of this machine spoils for good: a stage's authorities are made once, and are valid from its now on. */

const hour = 3_600_000;

/** `3 hours`, `2 days`. */
function span(milliseconds: number): string {
  const hours = Math.round(milliseconds / hour);
  return hours < 48 ? `${hours} hour${hours === 1 ? "" : "s"}` : `${Math.round(hours / 24)} days`;
}

/** Hetzner's servers go by another one; an hour is more than an answer takes, and less than certificates allow for (provider/pki). */
export function clockProblem(ahead: number | undefined): string | undefined {
  if (ahead === undefined || Math.abs(ahead) < hour) return undefined;
  const off = `${span(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} Hetzner's`;
  return (
    `this machine's clock is ${off}, and what it signs would be valid by it alone: ` +
    "set it (`timedatectl set-ntp true`), then run again"
  );
}
