/** The files that a question is about: of a repository, of a folder, or rendered just now. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { ConfigError } from "../../stacks/config/error.ts";
import { readFleet } from "../../stacks/config/files.ts";
import { render } from "../../stacks/gitops/render.ts";
import { versionsOf } from "../../stacks/gitops/versions.ts";
import { openRemote } from "../../stacks/publish/git.ts";
import { redacted } from "../../stacks/publish/git-failure.ts";
import { manifestPath, manifestText } from "../../stacks/publish/ownership.ts";
import type { Files } from "../../stacks/tree/manifests.ts";
import { gitAddress, isBare } from "../repository.ts";
import { ofStages } from "../stages.ts";

export interface FilesAsked {
  readonly files: Files;
  /** As people know it. */
  readonly source: string;
  /** Whether the tags in it are those that run, or only the configured first ones. */
  readonly isLive: boolean;
  /** Its clusters' paths in promotion order; none where no configuration here knows them. */
  readonly order: readonly string[];
}

const isWanted = (path: string): boolean => /(\.ya?ml|\/\.owned\.json|(^|\/)Kustomization)$/.test(path);

async function fromGit(url: string, branch: string): Promise<Files> {
  const remote = openRemote({ url, branch });
  try {
    const head = await remote.fetch();
    return await remote.texts(head, [...head.entries.keys()].filter(isWanted));
  } finally {
    remote.close();
  }
}

function fromFolder(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const wanted = paths.filter((path) => isWanted(path) && !/(^|\/)(\.git|node_modules)\//.test(path));
  return new Map(wanted.toSorted().map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

function rendered(directory: string): Files {
  const { fleet, pins } = readFleet(directory);
  const stages = fleet.stages.flatMap(({ name, path }) => {
    const { files, placeholders } = render(fleet, name, versionsOf(pins));
    const empty = placeholders.map((file) => [file, ""] as const);
    return [...Object.entries(files), ...empty, [manifestPath(path), manifestText(name, [])] as const];
  });
  return new Map(stages);
}

/** A repository can be asked about where there is no configuration, or a wrong one. */
function orderFrom(directory: string): readonly string[] {
  try {
    return ofStages("path", directory);
  } catch (error) {
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory() && !isBare(path);

interface Where {
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
}

/** @throws ConfigError or PublishError, in one sentence */
export async function filesAsked({ repo, branch }: Where, directory: string): Promise<FilesAsked> {
  const order = orderFrom(directory);
  if (repo === undefined) {
    return { files: rendered(directory), source: "a fresh render of the configuration", isLive: false, order };
  }
  const path = resolve(directory, repo);
  if (!isFolder(path)) {
    return {
      files: await fromGit(gitAddress(repo, directory), branch ?? "main"),
      source: `${redacted(repo)}, branch ${branch ?? "main"}`,
      isLive: true,
      order,
    };
  }
  if (branch) throw new ConfigError(`--branch goes with a URL: ${repo} is read as it lies there.`);
  return { files: fromFolder(path), source: repo, isLive: true, order };
}
