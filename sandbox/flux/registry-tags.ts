/** Tags as image-reflector-controller lists them: the OCI distribution API, page by page. */

interface TagList {
  readonly tags: readonly string[] | null;
}

/** As go-containerregistry asks (pkg/v1/remote/list.go); a registry may give fewer. */
const pageSize = 1000;

/** Address of the next page from `</v2/name/tags/list?last=x>; rel="next"`, relative to the page that named it. */
function nextPage(link: string | null, page: string): string | undefined {
  const [, target] = /^<([^>]*)>\s*;.*\brel="?next"?/.exec(link ?? "") ?? [];
  return target === undefined ? undefined : new URL(target, page).href;
}

async function page(address: string): Promise<{ readonly tags: readonly string[]; readonly next: string | undefined }> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
  const { tags } = (await response.json()) as TagList;
  return { tags: tags ?? [], next: nextPage(response.headers.get("link"), address) };
}

/**
 * Every tag of `name` (`acme/blog`) at a registry such as `http://127.0.0.1:5000`, in its order.
 * Rejects when a page cannot be had, or when the pages lead back to one that was read.
 */
export async function registryTags(registry: string, name: string): Promise<readonly string[]> {
  const all: string[] = [];
  const read = new Set<string>();
  let address: string | undefined = new URL(`/v2/${name}/tags/list?n=${pageSize}`, registry).href;
  while (address !== undefined) {
    if (read.has(address)) throw new Error(`${address} is a page that leads back to itself`);
    read.add(address);
    const { tags, next } = await page(address);
    all.push(...tags);
    address = next;
  }
  return all;
}
