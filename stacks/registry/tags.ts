/** SHELL: an image's tags as image-reflector-controller lists them: the OCI distribution API over HTTP, page by page. */
import { challengeOf } from "./challenge.ts";
import { basic, type Credentials } from "./credentials.ts";
import { RegistryError } from "./error.ts";
import { isTag } from "./reference.ts";

export interface Limits {
  readonly pages: number;
  /** Of all pages together. */
  readonly bytes: number;
  /** Milliseconds for all pages together. */
  readonly time: number;
}

export interface TagsArgs {
  /** `https://ghcr.io` */
  readonly registry: string;
  /** `acme/blog` */
  readonly name: string;
  readonly credentials?: Credentials | undefined;
  readonly limits?: Partial<Limits>;
}

/** As go-containerregistry asks (pkg/v1/remote/list.go); a registry may give fewer. */
const pageSize = 1000;

const usual: Limits = { pages: 1000, bytes: 64_000_000, time: 60_000 };

interface Session {
  readonly args: TagsArgs;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Bytes that were read so far. */
  bytes: number;
  authorization: string | undefined;
}

async function get(address: string, { args, signal }: Session, authorization?: string): Promise<Response> {
  try {
    return await fetch(address, { signal, headers: authorization ? { authorization } : {} });
  } catch (error) {
    if (signal.aborted) throw error;
    const { cause } = error as Error;
    throw new RegistryError(`${args.registry} cannot be reached: ${cause instanceof Error ? cause.message : error}`);
  }
}

async function body({ body: stream }: Response, session: Session): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) {
    session.bytes += chunk.length;
    if (session.bytes > session.limits.bytes) {
      throw new RegistryError(`${session.args.registry} sends more than ${session.limits.bytes} bytes of tags`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function json(text: string, address: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RegistryError(`${address} answers no JSON: is this a registry?`);
  }
}

async function bearer(token: URL, session: Session): Promise<string> {
  const { credentials } = session.args;
  const response = await get(token.href, session, credentials && basic(credentials));
  const text = await body(response, session);
  if (!response.ok)
    throw new RegistryError(`${token.origin} gives no token (${response.status}): check the credentials`);
  const answer = json(text, token.origin) as { readonly token?: unknown; readonly access_token?: unknown } | null;
  const value = answer?.token ?? answer?.access_token;
  if (typeof value !== "string") throw new RegistryError(`${token.origin} answers without a token`);
  return `Bearer ${value}`;
}

/** What to come back with after a 401. */
async function authorization(header: string | null, session: Session): Promise<string> {
  const { registry, name, credentials } = session.args;
  const challenge = challengeOf(header, registry, name);
  if (challenge.kind === "bearer") return bearer(challenge.token, session);
  if (challenge.kind === "basic" && credentials) return basic(credentials);
  throw new RegistryError(`${registry} wants to know who asks for ${name}: log in with docker, or give --username`);
}

function refusal(address: string, status: number, text: string): RegistryError {
  const said = text.replace(/\s+/g, " ").slice(0, 200);
  return new RegistryError(`${address} answered ${status}: ${said}`);
}

/** Address of the next page from `</v2/name/tags/list?last=x>; rel="next"`, relative to the page that named it. */
function nextPage(link: string | null, page: string): string | undefined {
  const [, target] = /^<([^>]*)>\s*;.*\brel="?next"?/.exec(link ?? "") ?? [];
  if (target === undefined) return undefined;
  const next = new URL(target, page);
  // The credential belongs to this registry alone.
  if (next.origin !== new URL(page).origin) throw new RegistryError(`${page} leads to another host, ${next.origin}`);
  return next.href;
}

function tagsIn(text: string, address: string): readonly string[] {
  const list = json(text, address) as { readonly tags?: unknown } | null;
  const tags = list?.tags ?? [];
  if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== "string")) {
    throw new RegistryError(`${address} answers no list of tags: is this a registry?`);
  }
  const odd = tags.find((tag) => !isTag(tag));
  if (odd === undefined) return tags;
  throw new RegistryError(`${address} lists ${JSON.stringify(odd.slice(0, 40))}, which can be no tag`);
}

async function page(address: string, session: Session) {
  let response = await get(address, session, session.authorization);
  let text = await body(response, session);
  // A token may end between two pages, so any page may ask anew; a second 401 is an answer.
  if (response.status === 401) {
    session.authorization = await authorization(response.headers.get("www-authenticate"), session);
    response = await get(address, session, session.authorization);
    text = await body(response, session);
  }
  if (!response.ok) throw refusal(address, response.status, text);
  return { tags: tagsIn(text, address), next: nextPage(response.headers.get("link"), address) };
}

async function allPages(session: Session): Promise<readonly string[]> {
  const { registry, name } = session.args;
  const all: string[][] = [];
  const read = new Set<string>();
  let address: string | undefined = new URL(`/v2/${name}/tags/list?n=${pageSize}`, registry).href;
  while (address !== undefined) {
    if (read.has(address)) throw new RegistryError(`${address} is a page that leads back to itself`);
    if (read.size >= session.limits.pages) throw new RegistryError(`${registry} has no end of pages for ${name}`);
    read.add(address);
    const { tags, next } = await page(address, session);
    all.push([...tags]);
    address = next;
  }
  return all.flat();
}

/** Every tag of an image, in the registry's order. Rejects with a RegistryError when they cannot be had, or have no end. */
export async function registryTags(args: TagsArgs): Promise<readonly string[]> {
  const limits = { ...usual, ...args.limits };
  const signal = AbortSignal.timeout(limits.time);
  try {
    return await allPages({ args, limits, signal, bytes: 0, authorization: undefined });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new RegistryError(
      `${args.registry} took longer than ${limits.time / 1000} s to list the tags of ${args.name}`,
    );
  }
}
