import type { App, Fleet, NamedChannel, Stage } from "../stacks/config/fleet.ts";
import { accepts } from "../stacks/config/tags/channel.ts";
import { registryTags } from "../stacks/registry/tags.ts";
import { SandboxError } from "./error.ts";
import { runAutomation } from "./flux/automation.ts";
import type { Sandbox } from "./open.ts";
import { tagDigest } from "./registry/digest.ts";
import type { Checks } from "./report.ts";
import { withClone } from "./repository.ts";
import { allTags } from "./running.ts";
import { heading, step, wrapped } from "./say.ts";

/** An image's place in the registry: `ghcr.io/acme/blog` is mirrored as `acme/blog`. */
const mirrored = (image: string): string => image.split("/").slice(1).join("/");

/** Puts every stage's first tag of every app into the registry, so that what is configured exists. */
export async function pushFirstTags({ services, fleet }: Sandbox): Promise<void> {
  for (const { apps } of fleet.stages) {
    for (const { image, tag } of apps) await services.registry.pushTag(mirrored(image), tag);
  }
}

/** Tags that look plausible and belong to no channel: none may ever arrive anywhere. */
const strayTags = ["latest", "99.0.0", "v99.0.0-nobody.1", "v99.0.0.1", "v99.0", "v99.0.0-develop2", "sha-0123abc"];

/** The release after `tag` in its channel: `v1.9.32-develop.2` is followed by `v1.9.33-develop.1`. */
function nextTag(channel: NamedChannel, tag: string): string {
  const [, major, minor, patch] = /^v(\d+)\.(\d+)\.(\d+)/.exec(tag) ?? [];
  const version = `v${major}.${minor}.${Number(patch) + 1}`;
  return channel.kind === "prerelease" ? `${version}-${channel.id}.1` : version;
}

/** A stage that takes an app's new tags by itself, of a channel whose next tag can be told. */
interface Taking {
  readonly stage: Stage;
  readonly channel: NamedChannel;
}

function takingOf({ stages }: Fleet, name: string): readonly Taking[] {
  return stages.flatMap((stage) => {
    const { channel, apps } = stage;
    const app = apps.find((each) => each.name === name);
    const isFree = app?.rollout === "direct" && app.promotion.kind === "automatic";
    return isFree && (channel.kind === "stable" || channel.kind === "prerelease") ? [{ stage, channel }] : [];
  });
}

/** The app whose new versions are shown: of those that most stages take by themselves the first. */
export function showcase(fleet: Fleet): { readonly app: App; readonly taking: readonly Taking[] } | undefined {
  const all = fleet.stages.flatMap(({ apps }) => apps.map((app) => ({ app, taking: takingOf(fleet, app.name) })));
  const [best] = all.toSorted((a, b) => b.taking.length - a.taking.length);
  return best && best.taking.length > 0 ? best : undefined;
}

/** One reconciliation of a stage's image automation, by the stand-in. @throws SandboxError when it failed */
async function reconcile({ services, fleet }: Sandbox, stage: Stage): Promise<string> {
  const { automations } = await runAutomation({
    repository: services.repository,
    branch: fleet.repository.branch,
    cluster: stage.path,
    tags: (image) => registryTags({ registry: services.registry.url, name: mirrored(image) }),
    digestOf: (image, tag) => tagDigest(services.registry.url, mirrored(image), tag),
  });
  const commits = automations.flatMap((each) => (each.kind === "committed" ? [each.commit.slice(0, 7)] : []));
  const failed = automations.flatMap((each) => (each.kind === "failed" ? [`${each.name}: ${each.reason}`] : []));
  if (failed.length > 0) throw new SandboxError(`the image automation of ${stage.name} failed: ${failed.join("; ")}`);
  return commits.length > 0 ? `commit ${commits.join(", ")}` : "nothing to commit";
}

async function reconcileAll(sandbox: Sandbox): Promise<void> {
  for (const stage of sandbox.fleet.stages) {
    await step(
      `${stage.name}: image automation (stand-in)`,
      () => reconcile(sandbox, stage),
      (result) => result,
    );
  }
}

const tagsNow = ({ services, fleet }: Sandbox) =>
  withClone({ repository: services.repository, branch: fleet.repository.branch }, async (clone) =>
    allTags(clone, fleet),
  );

type Tags = { readonly [place: string]: string };

function checkTags(checks: Checks, { before, after, taken }: { before: Tags; after: Tags; taken: Tags }): void {
  for (const [place, tag] of Object.entries(taken)) {
    checks.add(`${place} took ${tag}`, after[place] === tag, `it has ${after[place]}`);
  }
  const others = Object.keys(after).filter((place) => !(place in taken));
  const moved = others.filter((place) => after[place] !== before[place]);
  checks.add("every other app kept its tag", moved.length === 0, moved.join(", "));
  const arrived = Object.values(after).filter((tag) => strayTags.includes(tag));
  checks.add("tags of no channel reached nobody", arrived.length === 0, arrived.join(", "));
}

/** Pushes a new tag for each stage and some for nobody, lets the automation run, and looks at who runs what. */
export async function deliverNewTags(sandbox: Sandbox, checks: Checks): Promise<void> {
  const { fleet, services } = sandbox;
  const shown = showcase(fleet);
  if (!shown) return heading("No stage takes tags by itself whose next one can be told, so none is pushed");
  const { name, image } = shown.app;
  const before = await tagsNow(sandbox);
  const taken = Object.fromEntries(
    shown.taking.map(({ stage, channel }) => {
      const place = `${stage.name}/${name}`;
      return [place, nextTag(channel, before[place] ?? "")] as const;
    }),
  );
  const strays = strayTags.filter((tag) => !fleet.stages.some(({ channel }) => accepts(channel, tag)));
  const pushed = [...strays, ...Object.values(taken)];
  heading(
    `New tags of ${image} are pushed, one for each stage that takes them and some for nobody\n${wrapped(pushed)}`,
  );
  for (const tag of pushed) await services.registry.pushTag(mirrored(image), tag);
  await reconcileAll(sandbox);
  checkTags(checks, { before, after: await tagsNow(sandbox), taken });
}

/** `tag`: pushes one tag of an app's image and lets every stage's automation run. @throws SandboxError when one failed */
export async function deliverTag(sandbox: Sandbox, { image }: App, tag: string): Promise<void> {
  await sandbox.services.registry.pushTag(mirrored(image), tag);
  await reconcileAll(sandbox);
}
