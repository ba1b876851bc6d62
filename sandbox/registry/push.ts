import { digestOf } from "./content.ts";

export interface ImagePush {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

async function put(url: string, body: Buffer, type: string): Promise<void> {
  const response = await fetch(url, { method: "PUT", body: new Uint8Array(body), headers: { "content-type": type } });
  if (!response.ok) throw new Error(`PUT ${url} answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
}

async function uploadBlob({ registry, repository }: ImagePush, blob: Buffer): Promise<void> {
  const started = await fetch(`${registry}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const place = new URL(started.headers.get("location") ?? "", registry);
  place.searchParams.set("digest", digestOf(blob));
  await put(place.href, blob, "application/octet-stream");
}

/** Pushes an image without layers, as `docker push` would: blobs, then the manifest under its tag. */
export async function pushImage(push: ImagePush): Promise<void> {
  const config = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] }, config: {} }),
  );
  await uploadBlob(push, config);
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
    layers: [],
    annotations: { "org.opencontainers.image.version": push.tag },
  };
  const { registry, repository, tag } = push;
  await put(`${registry}/v2/${repository}/manifests/${tag}`, Buffer.from(JSON.stringify(manifest)), manifestType);
}
