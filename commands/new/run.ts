import { createInterface } from "node:readline/promises";
import { type Outcome, refusal } from "../outcome.ts";
import { parsed, required, UsageError } from "../usage.ts";

/** Several values come as `--tag dev=v1.0.0 --tag prod=…`. */
export type Given = { readonly [name: string]: string | readonly string[] | boolean | undefined };

export interface Command {
  readonly help: string;
  readonly options: { readonly [name: string]: { readonly type: "string" | "boolean"; readonly multiple?: boolean } };
  /** What is asked where there is a terminal and the flag is missing, with the answer that Enter gives. */
  readonly questions: (directory: string) => readonly (readonly [name: string, question: string, preset: string])[];
  /** Writes the files. @throws ConfigError or UsageError */
  readonly write: (given: Given, directory: string) => string;
}

async function asked(given: Given, questions: ReturnType<Command["questions"]>): Promise<Given> {
  // Whoever gave --tag once has said all the tags.
  const open = questions.filter(([name]) => given[name.replace(/-.*/, "")] === undefined);
  if (open.length === 0) return given;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // An iterator keeps lines that were pasted together.
  const lines = terminal[Symbol.asyncIterator]();
  const answers: [string, string][] = [];
  for (const [name, question, preset] of open) {
    process.stderr.write(`${question}${preset ? ` [${preset}]` : ""}: `);
    const { value, done } = await lines.next();
    if (done) throw new UsageError("No more answers, so nothing was written.");
    const answer = value.trim() || preset;
    if (answer) answers.push([name, answer]);
  }
  terminal.close();
  return { ...given, ...Object.fromEntries(answers) };
}

export const textOf = (given: Given, name: string): string | undefined =>
  typeof given[name] === "string" ? given[name] : undefined;

export const needed = (given: Given, name: string): string => required(textOf(given, name), `--${name}`);

/** `["dev=v1"]` as `{dev: "v1"}`. */
export function pairsOf(given: Given, name: string): { readonly [key: string]: string } {
  const all = given[name];
  return Object.fromEntries(
    (Array.isArray(all) ? all : []).map((pair: string) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`--${name} ${pair}: write it as <name>=<value>.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** Runs the command on the project in a folder; questions only where somebody can answer them. */
export async function run(
  command: Command,
  args: readonly string[],
  { directory, isTerminal }: { readonly directory: string; readonly isTerminal: boolean },
): Promise<Outcome> {
  try {
    const options = { ...command.options, help: { type: "boolean" } } as const;
    const given: Given = parsed({ args: [...args], options }).values;
    if (given["help"]) return { code: 0, text: command.help };
    const complete = isTerminal ? await asked(given, command.questions(directory)) : given;
    return { code: 0, text: command.write(complete, directory) };
  } catch (error) {
    const refused = refusal(error, command.help);
    return refused.code === 2 ? refused : { ...refused, text: `Nothing was written. ${refused.text}` };
  }
}
