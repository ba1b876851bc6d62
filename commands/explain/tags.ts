/** Where the tags of an image come from: a file, or its registry. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../stacks/config/error.ts";
import { type Credentials, dockerCredentials } from "../../stacks/registry/credentials.ts";
import { placeOf } from "../../stacks/registry/reference.ts";
import { registryTags } from "../../stacks/registry/tags.ts";

type Environment = Readonly<NodeJS.ProcessEnv>;

function fromFile(file: string): readonly string[] {
  if (!existsSync(file)) throw new ConfigError(`There is no file ${file}: name one with a tag a line, or a JSON list.`);
  const text = readFileSync(file, "utf8");
  if (!text.trimStart().startsWith("[")) return text.split(/\s+/).filter(Boolean);
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((tag) => typeof tag === "string")) return list;
  } catch {
    // Said below, with the way out.
  }
  throw new ConfigError(`${file} is no JSON list of tags: write ["v1.0.0", …], or one tag a line.`);
}

function fromDocker(host: string, environment: Environment): Credentials | undefined {
  const file = join(environment["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
  if (!existsSync(file)) return undefined;
  try {
    return dockerCredentials(readFileSync(file, "utf8"), host);
  } catch {
    throw new ConfigError(`${file} is no JSON: log in with docker again, or give --username.`);
  }
}

function credentials(host: string, username: string | undefined, environment: Environment): Credentials | undefined {
  if (username === undefined) return fromDocker(host, environment);
  const password = environment["REGISTRY_PASSWORD"];
  if (!password) throw new ConfigError("--username wants the password in the environment variable REGISTRY_PASSWORD.");
  return { username, password };
}

export interface TagsAsked {
  readonly tags?: string | undefined;
  readonly username?: string | undefined;
  readonly environment: Environment;
}

/** @throws ConfigError or RegistryError, in one sentence */
export async function tagsOf(image: string, { tags, username, environment }: TagsAsked): Promise<readonly string[]> {
  if (tags !== undefined) return fromFile(tags);
  const { host, url, name } = placeOf(image);
  return registryTags({ registry: url, name, credentials: credentials(host, username, environment) });
}
