/** Answers for people, in at most 80 columns where names allow it. */
import type { Explanation, StageAnswer } from "../../stacks/explain/explanation.ts";
import type { Preview, Reason } from "../../stacks/explain/preview.ts";
import { wrapped } from "../wrap.ts";

const paragraph = (text: string): readonly string[] => wrapped(text, "  ", "  ");

function stageLines({ stage, app, accepted, reason, policy, file, line }: StageAnswer): readonly string[] {
  const head = `${stage}: ${app ?? "nothing"} ${accepted || app === null ? "takes it" : "does not take it"}`;
  const place = file === null ? [] : [`  ${file}:${line}`];
  return [head, ...paragraph(reason), ...(policy === null ? [] : [`  policy ${policy}`]), ...(accepted ? place : [])];
}

interface Asked {
  readonly source: string;
  readonly order: readonly string[];
}

export function explanationText({ image, tag, stages }: Explanation, { source, order }: Asked): string {
  const none = stages.length === 0 ? ["There is no cluster in it."] : [];
  const all = stages.flatMap((stage) => ["", ...stageLines(stage)]);
  const byPath = order.length > 0 ? "" : "; by cluster path, as no Pulumi.yaml here has their promotion order";
  return [`${image}:${tag}`, ...paragraph(`asked of ${source}${byPath}`), ...none, ...all].join("\n");
}

const reasons: { readonly [reason in Reason]: string } = {
  excluded: "excluded by the ImageRepository",
  filter: "the filter does not match",
  range: "not in the range",
  version: "no version or number that Flux reads",
};

export function previewText({ app, stage, image, policy, selected, reason, candidates, refused }: Preview): string {
  const next = selected === null ? candidates : candidates.slice(1);
  const rows = (Object.keys(reasons) as Reason[]).map(
    (reason) => `${`${refused[reason]}`.padStart(7)}  ${reasons[reason]}`,
  );
  const nothing =
    next.length > 0 ? `${app} in ${stage} takes no new tag` : `no tag of ${image} is for ${app} in ${stage}`;
  const chosen = selected === null ? nothing : `${app} in ${stage} runs ${selected}`;
  return [
    chosen,
    ...(reason === null ? [] : paragraph(reason)),
    `  ${image}`,
    `  policy ${policy}`,
    ...(next.length > 0
      ? ["", selected === null ? "else it would take, best first:" : "next best:", ...next.map((tag) => `  ${tag}`)]
      : []),
    ...["", "tags left out:", ...rows],
  ].join("\n");
}
