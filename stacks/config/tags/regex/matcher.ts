import { type Instruction, programOf } from "./program.ts";

/** The whole match, then its groups; `undefined` without a match. */
export type Matcher = (text: string) => readonly (string | undefined)[] | undefined;

type Slots = readonly (number | undefined)[];

interface Thread {
  readonly at: number;
  readonly slots: Slots;
}

/** The threads at one position, preferred ones first; what is reached twice is kept once, which bounds the time. */
interface Front {
  readonly threads: Thread[];
  readonly seen: Set<number>;
}

const front = (): Front => ({ threads: [], seen: new Set() });

interface Machine {
  readonly program: readonly Instruction[];
  readonly text: string;
}

interface Passage {
  readonly thread: Thread;
  readonly position: number;
}

/** Where a thread goes without a character, the preferred way first. */
function onwards({ text }: Machine, instruction: Instruction, { thread, position }: Passage): readonly Thread[] {
  const { at, slots } = thread;
  switch (instruction.op) {
    case "split":
      return instruction.ways.map((way) => ({ at: way, slots }));
    case "save":
      return [{ at: at + 1, slots: slots.with(instruction.slot, position) }];
    case "at":
      return position === (instruction.end ? text.length : 0) ? [{ at: at + 1, slots }] : [];
    default:
      return [];
  }
}

function reach(
  machine: Machine,
  from: Thread,
  { into, position }: { readonly into: Front; readonly position: number },
): void {
  const waiting = [from];
  for (let thread = waiting.pop(); thread; thread = waiting.pop()) {
    const instruction = machine.program[thread.at];
    if (!instruction || into.seen.has(thread.at)) continue;
    into.seen.add(thread.at);
    if (instruction.op === "one" || instruction.op === "match") into.threads.push(thread);
    else waiting.push(...onwards(machine, instruction, { thread, position }).toReversed());
  }
}

/** The threads after the next character, and the match that is preferred to all of them. */
function step(
  machine: Machine,
  { threads }: Front,
  position: number,
): { readonly next: Front; readonly found?: Slots } {
  const next = front();
  const character = machine.text[position];
  for (const { at, slots } of threads) {
    const instruction = machine.program[at];
    if (instruction?.op === "match") return { next, found: slots };
    if (instruction?.op === "one" && character !== undefined && instruction.fits(character))
      reach(machine, { at: at + 1, slots }, { into: next, position: position + 1 });
  }
  return { next };
}

/** Pike's machine, as RE2 has it: one character after the other, all ways at once. */
function run(machine: Machine): Slots | undefined {
  const size = Math.max(...machine.program.map((each) => (each.op === "save" ? each.slot + 1 : 0)));
  const none: Slots = Array.from({ length: size }, () => undefined);
  let current = front();
  let match: Slots | undefined;
  for (let position = 0; position <= machine.text.length; position++) {
    if (!match) reach(machine, { at: 0, slots: none }, { into: current, position });
    const { next, found } = step(machine, current, position);
    match = found ?? match;
    current = next;
  }
  return match;
}

function linear(pattern: string): Matcher {
  const program = programOf(pattern);
  return (text) => {
    const slots = run({ program, text });
    if (!slots) return undefined;
    return Array.from({ length: slots.length / 2 }, (_, group) => {
      const [from, to] = [slots[group * 2], slots[group * 2 + 1]];
      return from === undefined || to === undefined ? undefined : text.slice(from, to);
    });
  };
}

/**
 * JavaScript tries one way after the other, and where a repetition stands in another, or many in a row, 128 characters give it
 * more ways than there is time. A repeated group, and more than two long repetitions, are left to `run`.
 */
function isRisky(pattern: string): boolean {
  const plain = pattern.replace(/\\./g, "x").replace(/\[\^?\]?[^\]]*\]/g, "x");
  const long = plain.match(/[*+]|\{\d+,(?:\d{3,}|[2-9]\d)?\}/g) ?? [];
  return long.length > 2 || /\)(?:[*+]|\{)/.test(plain);
}

/** As Flux matches, in a time that grows with the text and not beyond. @throws Error for a pattern that cannot be read */
export function matcherOf(pattern: string): Matcher {
  if (isRisky(pattern)) return linear(pattern);
  const expression = new RegExp(pattern);
  return (text) => expression.exec(text) ?? undefined;
}
