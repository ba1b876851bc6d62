/** The documents, and the commands that they tell people to run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
export const read = (path: string): string => readFileSync(join(root, path), "utf8");

export const documents = ["README.md", ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`)].filter(
  (file) => file.endsWith(".md"),
);

export interface Command {
  readonly document: string;
  /** Without what is set for it, what explains it, and what it is piped into. */
  readonly text: string;
}

/** Text between fences, by the fence's language, and the text outside of them. */
function parts(text: string): readonly { readonly language: string | undefined; readonly lines: readonly string[] }[] {
  const found: { language: string | undefined; lines: string[] }[] = [{ language: undefined, lines: [] }];
  for (const line of text.split("\n")) {
    const fence = /^ *```(.*)$/.exec(line);
    if (!fence) found.at(-1)?.lines.push(line);
    else found.push({ language: found.at(-1)?.language === undefined ? fence[1] : undefined, lines: [] });
  }
  return found;
}

const begin =
  /^(?:\$ )?(?:[A-Z][A-Z0-9_]*=\S+ )*((?:npm|pulumi|kubectl|git|ssh-keygen|flux|k3s|sops|age-keygen|go|docker) .*)/;

/** Comments begin with # or, in a list of commands, after two spaces. */
const plain = (line: string): string => line.trim().replace(/\s+#.*$|\s{2,}.*$/, "");

/** Fenced blocks without a language, or of a shell; and what stands between backticks. A line that ends in \ goes on. */
function commandsOf(document: string): readonly Command[] {
  const all = parts(read(document));
  const shell = all.filter(({ language }) => ["", "sh", "bash", "console"].includes(language ?? "prose"));
  const lines = shell.flatMap((part) =>
    part.lines
      .join("\n")
      .replaceAll(/ *\\\n */g, " ")
      .split("\n"),
  );
  const prose = all.filter(({ language }) => language === undefined).flatMap((part) => part.lines);
  // What begins a row there is a message, "git is not installed" too.
  const rows = document === "docs/messages.md" ? prose.map((line) => line.replace(/^\| .*? \| /, "")) : prose;
  const spans = rows.flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span));
  return [...lines, ...spans]
    .flatMap((line) => plain(line).split(/ && | \| /))
    .flatMap((part) => begin.exec(part.trim())?.[1] ?? [])
    .map((command) => ({ document, text: command.replace(/ <.*$/, "") }));
}

/** kubectl's where the API alone is not enough, because a kubelet answers; and what has no end or asks no API. */
export const needsMachines = /^kubectl (-n$|run\b|kustomize\b|-n \S+ (logs|rollout)\b)/;

export const commands: readonly Command[] = documents.flatMap(commandsOf);

export const scripts: { readonly [name: string]: string } = JSON.parse(read("package.json")).scripts;
/** The script of package.json that `npm run …` names. */
export const scriptOf = (text: string): string => /^npm (?:run )?([\w:-]+)/.exec(text)?.[1] ?? "";
/** The file that a script runs, and its own arguments: this Node is a fitting one already. */
export const fileOf = (script: string): string => (scripts[script] ?? "").replace(/^node commands\/node\.mjs /, "");
/** The options in a command. */
export const flagsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?<= )--[a-z][a-z-]+/g)].map(([flag]) => flag);
