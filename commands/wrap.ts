const width = 80;

/** Text on lines that fit a terminal, where its words do: behind one indent the first, behind the other those that follow. */
export function wrapped(text: string, first = "  ", rest = "    "): readonly string[] {
  if (first.length + text.length <= width) return [first + text];
  const [indent = ""] = /^ */.exec(text) ?? [];
  const [word = "", ...words] = text.slice(indent.length).split(" ");
  const lines = [first + indent + word];
  for (const next of words) {
    const line = `${lines.at(-1)} ${next}`;
    if (line.length <= width) lines[lines.length - 1] = line;
    else lines.push(rest + indent + next);
  }
  return lines;
}
