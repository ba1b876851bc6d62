/** `npm run explain -- ghcr.io/acme/blog:v1.9.32`: which stages take a tag and why; with neither Pulumi nor a cluster. */
import { ConfigError } from "../stacks/config/error.ts";
import { explanation } from "../stacks/explain/explanation.ts";
import { clustersOf, type Offer, offersOfApp } from "../stacks/explain/offers.ts";
import { preview } from "../stacks/explain/preview.ts";
import { inOrder } from "../stacks/tree/clusters.ts";
import { type FilesAsked, filesAsked } from "./explain/files.ts";
import { type Asked, help, type Options, options } from "./explain/options.ts";
import { explanationText, previewText } from "./explain/report.ts";
import { tagsOf } from "./explain/tags.ts";
import { type Outcome, refusal, type Surroundings, surroundings, tell } from "./outcome.ts";

const json = (value: unknown): string => JSON.stringify(value, null, 2);

/** What a file of the repository gets wrong is the asker's to know, not our bug. */
function read<T>(source: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new ConfigError(`${source}: ${error instanceof Error ? error.message : error}`);
  }
}

async function explainTag(
  asked: Asked & { readonly kind: "tag" },
  given: Options,
  around: Surroundings,
): Promise<Outcome> {
  const { files, source, isLive, order } = await filesAsked(given, around.directory);
  const answer = read(source, () => explanation(files, { image: asked.image, tag: asked.tag, isLive, order }));
  const code = answer.stages.some(({ accepted }) => accepted) ? 0 : 1;
  return { code, text: given.json ? json(answer) : explanationText(answer, { source, order }) };
}

function onlyOffer({ app, stage }: Asked & { readonly kind: "app" }, asked: FilesAsked): Offer {
  const { files, source, isLive, order } = asked;
  const clusters = inOrder(
    read(source, () => clustersOf(files, isLive)),
    order,
  );
  const [offer] = offersOfApp(app, stage, clusters);
  if (offer) return offer;
  const stages = clusters.map((cluster) => cluster.stage).join(", ");
  throw new ConfigError(`${source} has no ImagePolicy of ${app} in ${stage}; its stages are ${stages || "none"}.`);
}

async function explainApp(
  asked: Asked & { readonly kind: "app" },
  given: Options,
  around: Surroundings,
): Promise<Outcome> {
  const found = await filesAsked(given, around.directory);
  const offer = onlyOffer(asked, found);
  const tags = await tagsOf(offer.repository.spec.image, { ...given, environment: around.environment });
  const answer = read(found.source, () => preview(offer, tags));
  return { code: answer.selected === null ? 1 : 0, text: given.json ? json(answer) : previewText(answer) };
}

async function answered(args: readonly string[], around: Surroundings): Promise<Outcome> {
  const given = options(args);
  const { asked } = given;
  if (asked.kind === "help") return { code: 0, text: help };
  return asked.kind === "tag" ? explainTag(asked, given, around) : explainApp(asked, given, around);
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && "syscall" in error;

/** Runs the command; nothing is written anywhere. */
export async function explainCommand(args: readonly string[], around: Surroundings): Promise<Outcome> {
  try {
    return await answered(args, around);
  } catch (error) {
    if (!isSystemError(error)) return refusal(error, help, 2);
    return { code: 2, text: `${error.path ?? "A file"} cannot be read (${error.code}).`, isRefusal: true };
  }
}

if (import.meta.main) {
  tell(await explainCommand(process.argv.slice(2), surroundings()));
}
