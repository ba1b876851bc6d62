/** As image-reflector-controller asks (go-containerregistry pkg/v1/remote, Head): an index before the image in it. */
const accept = ["oci.image.index.v1", "docker.distribution.manifest.list.v2", "oci.image.manifest.v1"]
  .map((type) => `application/vnd.${type}+json`)
  .join(",");

/** The digest of what a tag names now. Rejects when the registry does not say. */
export async function tagDigest(registry: string, name: string, tag: string): Promise<string> {
  const url = new URL(`/v2/${name}/manifests/${encodeURIComponent(tag)}`, registry);
  const response = await fetch(url, { method: "HEAD", headers: { accept } });
  const digest = response.headers.get("docker-content-digest");
  if (response.ok && digest) return digest;
  throw new Error(`failed fetching descriptor for "${name}:${tag}": HEAD ${url} answered ${response.status}`);
}
