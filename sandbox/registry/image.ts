import { gzipSync } from "node:zlib";
import { digestOf } from "./store.ts";

const ociType = (name: string): string => `application/vnd.oci.image.${name}`;

/** A tar archive without files: two blocks of zeros. */
const emptyArchive = Buffer.alloc(1024);
const layer = gzipSync(emptyArchive);

/** An image with nothing in it; its version label makes it another image for every tag. */
function image(tag: string) {
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Labels: { "org.opencontainers.image.version": tag } },
      rootfs: { type: "layers", diff_ids: [digestOf(emptyArchive)] },
    }),
  );
  const descriptor = (type: string, bytes: Buffer) => ({
    mediaType: ociType(type),
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: ociType("manifest.v1+json"),
    config: descriptor("config.v1+json", config),
    layers: [descriptor("layer.v1.tar+gzip", layer)],
  };
  return { blobs: [config, layer], manifest: Buffer.from(JSON.stringify(manifest)) };
}

async function send(method: string, url: URL, { type, body }: { type?: string; body?: Buffer }): Promise<Response> {
  const headers = new Headers(type ? { "content-type": type } : {});
  const response = await fetch(url, { method, headers, body: body ? new Uint8Array(body) : null });
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${await response.text()}`);
  return response;
}

export interface Push {
  /** `http://127.0.0.1:5000` */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

async function pushBlob({ registry, repository }: Push, body: Buffer): Promise<void> {
  const begun = await send("POST", new URL(`/v2/${repository}/blobs/uploads/`, registry), {});
  const upload = new URL(begun.headers.get("location") ?? "", registry);
  upload.searchParams.set("digest", digestOf(body));
  await send("PUT", upload, { type: "application/octet-stream", body });
}

/** Pushes a minimal image under a tag: its blobs, then the manifest that names them. Rejects when one is refused. */
export async function pushImage(push: Push): Promise<void> {
  const { registry, repository, tag } = push;
  const { blobs, manifest } = image(tag);
  for (const blob of blobs) await pushBlob(push, blob);
  const url = new URL(`/v2/${repository}/manifests/${encodeURIComponent(tag)}`, registry);
  await send("PUT", url, { type: ociType("manifest.v1+json"), body: manifest });
}
