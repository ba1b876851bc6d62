/** A unified diff of two texts, with three lines of context. */

type Edit = readonly [sign: " " | "-" | "+", line: string];

const context = 3;

const linesOf = (text: string): readonly string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

/** Lengths of the longest common subsequence from each position of `b` on, one line of `a` further up. */
function lengthsAbove(line: string, b: readonly string[], below: readonly number[]): readonly number[] {
  const row: number[] = Array(b.length + 1).fill(0);
  for (let j = b.length - 1; j >= 0; j--) {
    row[j] = b[j] === line ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
  }
  return row;
}

function editsBetween(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const rows: (readonly number[])[] = [Array(b.length + 1).fill(0)];
  for (const line of a.toReversed()) rows.unshift(lengthsAbove(line, b, rows[0] ?? []));
  const signAt = (i: number, j: number): Edit[0] => {
    if (i >= a.length) return "+";
    if (j >= b.length) return "-";
    if (a[i] === b[j]) return " ";
    return (rows[i + 1]?.[j] ?? 0) >= (rows[i]?.[j + 1] ?? 0) ? "-" : "+";
  };
  const edits: Edit[] = [];
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    const sign = signAt(i, j);
    edits.push([sign, (sign === "+" ? b[j++] : a[i++]) ?? ""]);
    if (sign === " ") j++;
  }
  return edits;
}

/** The changed lines and what stands around them; `...` where lines are left out between them. */
export function lineDiff(before: string, after: string): string {
  const edits = editsBetween(linesOf(before), linesOf(after));
  const changed = edits.flatMap(([sign], index) => (sign === " " ? [] : [index]));
  const near = edits.map((_, index) => changed.some((each) => Math.abs(each - index) <= context));
  const lines = edits.flatMap(([sign, line], index) => {
    if (near[index]) return [`${sign}${line}`];
    return near[index - 1] ? ["..."] : [];
  });
  return (lines.at(-1) === "..." ? lines.slice(0, -1) : lines).join("\n");
}
