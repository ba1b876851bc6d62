import type { Effect } from "../../stacks/preview/effect.ts";
import { headline, sections } from "./text.ts";

/** A fence longer than any in the text. */
function fenced(text: string, language = ""): string {
  const fences = [...text.matchAll(/`{3,}/g)].map(([found]) => found.length + 1);
  const fence = "`".repeat(Math.max(3, ...fences));
  return `${fence}${language}\n${text}\n${fence}`;
}

const details = (title: string, body: string): string =>
  `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;

const escaped = (text: string): string => text.replace(/[&<>]/g, (each) => `&#${each.codePointAt(0)};`);

/** One stage's part of a pull request's comment: up to the limit the summary stays, and diffs go from the end. */
export function effectMarkdown(effect: Effect, limit: number): string {
  const told = sections(effect).map(({ title, lines }) => {
    const mark = title === "Danger" || title === "Errors" ? "**:warning: " : "**";
    return `${mark}${title}**\n\n${fenced(lines.join("\n"))}`;
  });
  const head = [`### ${escaped(headline(effect))}`, ...told].join("\n\n");
  const files = effect.files.map(({ path, change, diff }) =>
    details(`${change} <code>${escaped(path)}</code>`, fenced(diff, "diff")),
  );
  let size = head.length;
  const kept = files.filter((file) => {
    size += file.length + 2;
    return size <= limit;
  });
  const cut =
    files.length > kept.length
      ? [`${files.length - kept.length} longer diffs are left out; the job's summary has them all.`]
      : [];
  return `${[head.slice(0, limit), ...kept, ...cut].join("\n\n")}\n`;
}
