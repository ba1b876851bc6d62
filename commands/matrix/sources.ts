/** Where the matrix comes from: a repository with its history, and registries. */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigError } from "../../stacks/config/error.ts";
import type { Repository } from "../../stacks/config/fleet.ts";
import type { Known } from "../../stacks/matrix/matrix.ts";
import { logOptions } from "../../stacks/matrix/movements.ts";
import { openRemote } from "../../stacks/publish/git.ts";
import { redacted } from "../../stacks/publish/git-failure.ts";
import { RegistryError } from "../../stacks/registry/error.ts";
import type { Files } from "../../stacks/tree/manifests.ts";
import { isScanned } from "../../stacks/tree/setters.ts";
import { tagsOf } from "../explain/tags.ts";
import { gitAddress } from "../repository.ts";
import type { Options } from "./options.ts";

export interface History {
  /** As people know it. */
  readonly source: string;
  readonly commit: string;
  readonly files: Files;
  /** What `git log` prints of the files with marked lines. */
  readonly log: string;
}

const isWanted = (path: string): boolean => isScanned(path) || path.endsWith("/.owned.json");
const isMarked = (text: string): boolean => /"\$(imagepolicy|held|pinned)"/.test(text);

/** @throws ConfigError or PublishError, in one sentence */
export async function history(given: Options, configured: Repository, directory: string): Promise<History> {
  const { repo = configured.pushUrl, branch = configured.branch } = given;
  const remote = openRemote({ url: gitAddress(repo, directory), branch });
  try {
    const head = await remote.fetch();
    const source = `${redacted(repo)}, branch ${branch}`;
    if (head.commit === undefined)
      throw new ConfigError(`${source} has no commit yet: run pulumi up for a stage first.`);
    const files = await remote.texts(head, [...head.entries.keys()].filter(isWanted));
    const marked = [...files].filter(([file, text]) => isScanned(file) && isMarked(text)).map(([file]) => file);
    const log = marked.length > 0 ? await remote.log(head, { options: logOptions, paths: marked }) : "";
    return { source, commit: head.commit, files, log };
  } finally {
    remote.close();
  }
}

const listing = z.record(z.string(), z.array(z.string()));

function fromFile(file: string): ReadonlyMap<string, Known> {
  if (!existsSync(file)) throw new ConfigError(`There is no file ${file}: name one with {"<image>": ["<tag>", …]}.`);
  try {
    const lists = listing.parse(JSON.parse(readFileSync(file, "utf8")));
    return new Map(Object.entries(lists).map(([image, tags]) => [image, { tags }]));
  } catch {
    throw new ConfigError(`${file} is no list of tags by image: write {"ghcr.io/acme/blog": ["v1.9.31", …]}.`);
  }
}

async function ask(image: string, environment: Readonly<NodeJS.ProcessEnv>): Promise<Known> {
  try {
    return { tags: await tagsOf(image, { environment }) };
  } catch (error) {
    if (error instanceof RegistryError || error instanceof ConfigError) return { problem: error.message };
    throw error;
  }
}

/** What the registries have of the images. */
export async function knownTags(
  images: readonly string[],
  { tags, offline }: Pick<Options, "tags" | "offline">,
  environment: Readonly<NodeJS.ProcessEnv>,
): Promise<ReadonlyMap<string, Known>> {
  if (tags !== undefined) return fromFile(tags);
  if (offline) return new Map();
  return new Map(await Promise.all(images.map(async (image) => [image, await ask(image, environment)] as const)));
}
