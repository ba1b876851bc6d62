/** Pulumi hands the configuration to a Node program in one variable, and Linux takes none that is longer (MAX_ARG_STRLEN, execve(2)). */
const mostBytes = 131_072;

/** Beyond it no run starts, and the system's words for that name nothing: so it is said before. */
export function sizeWarning(config: string): string | undefined {
  const bytes = Buffer.byteLength(`PULUMI_CONFIG=${config}`);
  if (bytes < mostBytes * 0.75) return undefined;
  return (
    `The stage's configuration takes ${Math.ceil(bytes / 1024)} of the 128 KiB that Linux lets Pulumi hand to a program; with ` +
    "more, no run starts (argument list too long): give apps files of their own (apps/<name>.yaml), which do not count."
  );
}
