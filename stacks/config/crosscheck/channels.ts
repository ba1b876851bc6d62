import type { Problem } from "../error.ts";
import { didYouMean } from "../parse.ts";
import { channelOf } from "../schema/channel.ts";
import type { ProjectKeys } from "../schema/schema.ts";
import { accepts, sampleTag, sharedTag } from "../tags/channel.ts";

type Stages = ProjectKeys["stages"];
type Stage = Stages[number];

const file = "Pulumi.yaml";

const declared = (a: Stage, b: Stage): boolean => a.alsoAccepts.includes(b.name) || b.alsoAccepts.includes(a.name);

/** Whether one tag can reach two stages is decided from their filters and ranges, for all tags there can be. */
function overlap(first: Stage, second: Stage): string | undefined {
  const [one, other] = [channelOf(first.channel), channelOf(second.channel)];
  const shared = sharedTag(one, other);
  if (shared.kind === "none" || declared(first, second)) return undefined;
  const way = `tell the two apart, or list one under the other's alsoAccepts`;
  if (shared.kind === "unknown") return `too many forms to tell from ${first.name}'s: write simpler patterns`;
  const certain = accepts(one, shared.tag) && accepts(other, shared.tag);
  const doubt = certain
    ? "would reach"
    : "passes both filters, and its extract was not followed into the ranges: it could reach";
  return `${shared.tag} ${doubt} ${first.name} and ${second.name}; ${way}`;
}

function overlaps(stages: Stages): readonly Problem[] {
  return stages.flatMap((second, index) =>
    stages.slice(0, index).flatMap((first) => {
      const message = overlap(first, second);
      return message ? [{ file, path: ["stages", index, "channel"], message }] : [];
    }),
  );
}

function sampleProblem(sample: string, own: Stage, stages: Stages): string | undefined {
  const channel = channelOf(own.channel);
  if (!accepts(channel, sample))
    return `${sample} is not taken by ${own.name}, whose tags are like ${sampleTag(channel)}`;
  const other = stages.find(
    (each) => each !== own && !each.alsoAccepts.includes(own.name) && accepts(channelOf(each.channel), sample),
  );
  return other && `${sample} would reach ${other.name} too, which does not list ${own.name} under alsoAccepts`;
}

const samples = (stages: Stages): readonly Problem[] =>
  stages.flatMap((own, index) =>
    own.samples.flatMap((sample, at) => {
      const message = sampleProblem(sample, own, stages);
      return message ? [{ file, path: ["stages", index, "samples", at], message }] : [];
    }),
  );

function unknownStages(stages: Stages): readonly Problem[] {
  return stages.flatMap((own, index) => {
    const others = stages.filter((each) => each !== own).map(({ name }) => name);
    return own.alsoAccepts.flatMap((name, at) =>
      others.includes(name)
        ? []
        : [
            {
              file,
              path: ["stages", index, "alsoAccepts", at],
              message: `there is no other stage ${name}${didYouMean(name, others)}`,
            },
          ],
    );
  });
}

export const crosscheckChannels = ({ stages }: ProjectKeys): readonly Problem[] => [
  ...overlaps(stages),
  ...samples(stages),
  ...unknownStages(stages),
];
