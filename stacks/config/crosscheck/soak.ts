import type { Problem } from "../error.ts";
import type { Channel } from "../fleet.ts";
import { channelOf } from "../schema/channel.ts";
import type { ProjectKeys, Written } from "../schema/schema.ts";

/** As GitHub's addresses are compared: https, ssh and scp's form name one repository. */
const repositoryOf = (url: string): string =>
  url.replace(/^(https|ssh):\/\/([^@/]+@)?/, "").replace(/(\.git)?\/?$/, "");

/** `1.4.0` can be read from its tags. */
const isVersioned = (channel: Channel): boolean =>
  channel.kind !== "numerical" && channel.kind !== "alphabetical" && !("extract" in channel && channel.extract);

/** Without Flux's word on the commits of the stage before nobody would know that a version is healthy there. */
function statusProblem({ notifications, repository }: ProjectKeys, before: string): string | undefined {
  const all = Object.entries(notifications?.providers ?? {}).filter(([, { type }]) => type === "github");
  const own = all.filter(([, { stages }]) => stages?.includes(before) ?? true);
  if (own.some(([, { address }]) => address && repositoryOf(address) === repositoryOf(repository.url)))
    return undefined;
  const [other] = own;
  const missing = `the check reads Flux's commit statuses of ${before}, and nothing writes them`;
  const wayOut = other
    ? `notifications.providers.${other[0]} writes to ${other[1].address}, not to ${repository.url}`
    : `add a provider of type github for ${before} to notifications.providers in Pulumi.yaml`;
  return `${missing}: ${wayOut}`;
}

interface Use {
  readonly name: string;
  readonly stage: string;
  readonly rollout: "direct" | "pull-request";
}

function problem({ shared }: Written, { name, stage, rollout }: Use): string | undefined {
  const stages = shared.stages.filter((each) => shared.apps[name]?.stages?.includes(each.name) ?? true);
  const at = stages.findIndex((each) => each.name === stage);
  const [before, own] = [stages[at - 1], stages[at]];
  if (rollout === "direct") return "Flux commits directly and asks nobody: add rollout: pull-request, or remove it";
  if (!before || !own) return `${name} runs in no stage before ${stage}, so there is nothing to wait for: remove it`;
  const unversioned = [before, own].find(({ channel }) => !isVersioned(channelOf(channel)));
  if (unversioned) return `${unversioned.name} has tags that are no versions, so none can be found again in ${stage}`;
  return statusProblem(shared, before.name);
}

/** What the check of a pull request cannot do without. */
export function crosscheckSoak(written: Written): readonly Problem[] {
  return Object.entries(written.stacks).flatMap(([stage, { overrides }]) =>
    Object.entries(overrides).flatMap(([name, { soak, rollout }]): readonly Problem[] => {
      const message = soak === undefined ? undefined : problem(written, { name, stage, rollout });
      return message ? [{ file: `Pulumi.${stage}.yaml`, path: ["overrides", name, "soak"], message }] : [];
    }),
  );
}
