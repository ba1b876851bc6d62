import type { Fleet, Stage } from "../fleet.ts";
import { sharedTag } from "./channel.ts";

function sentence(one: Stage, other: Stage): string {
  const shared = sharedTag(one.channel, other.channel);
  const names = `${one.name} and ${other.name}`;
  if (shared.kind === "tag") return `${shared.tag}, and what is like it, reaches ${names}, as alsoAccepts has it`;
  if (shared.kind === "unknown") return `tags may reach ${names}, as alsoAccepts has it`;
  return `no tag reaches ${names}: alsoAccepts between them can go`;
}

/** What was declared of a stage's channel is no mistake, and easily forgotten. */
export function declaredOverlaps({ stages }: Fleet, own: Stage): readonly string[] {
  const others = stages.filter(
    ({ name, alsoAccepts }) => alsoAccepts.includes(own.name) || own.alsoAccepts.includes(name),
  );
  return others.map((other) => sentence(own, other));
}
