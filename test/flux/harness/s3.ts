/**
 * An S3 store as Hetzner's is reached: HTTPS at its own name, by a proxy on loopback that knows no other. Versity's gateway
 * keeps the objects and checks every signature. What stands before it refuses uploads whose checksum comes after the body,
 * as Hetzner's Ceph was reported to do (hetznercloud/terraform-provider-hcloud#1114, google/go-cloud#3535).
 */
import { mkdirSync } from "node:fs";
import { createServer as createProxy, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { authority } from "../../../provider/pki/certificates.ts";
import { days } from "../../../provider/pki/material.ts";
import { freePorts } from "../../../sandbox/ports.ts";
import { built } from "./build.ts";
import { startDaemon } from "./daemon.ts";
import { tools } from "./modules.ts";
import { serving } from "./serving.ts";
import { until } from "./until.ts";

export interface S3Store {
  /** Of HTTPS, as tools are told by `HTTPS_PROXY`. */
  readonly proxy: string;
  /** PEM of the authority that the store's certificate is from. */
  readonly authority: string;
  /** Uploads by whether their checksum came after the body. */
  readonly uploads: { readonly taken: number; readonly refused: number };
  close(): Promise<void>;
}

export interface Store {
  /** Where it keeps everything. */
  readonly folder: string;
  readonly region: string;
  /** A host's name; buckets are names below it. */
  readonly host: string;
  readonly keys: { readonly accessKey: string; readonly secretKey: string };
}

async function gateway({ folder, region, host, keys }: Store) {
  const [port = 0] = await freePorts(1);
  const [objects, metadata, versions] = ["objects", "metadata", "versions"].map((name) => join(folder, name));
  for (const each of [objects, metadata, versions]) mkdirSync(String(each));
  const common = [`--port=127.0.0.1:${port}`, `--region=${region}`, `--virtual-domain=${host}`, "--health=/health"];
  const daemon = startDaemon({
    name: "versitygw",
    file: join(await built(tools.s3), "versitygw"),
    args: [...common, "posix", `--sidecar=${metadata}`, `--versioning-dir=${versions}`, String(objects)],
    env: { ROOT_ACCESS_KEY_ID: keys.accessKey, ROOT_SECRET_ACCESS_KEY: keys.secretKey },
    folder,
  });
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until({ what: "the S3 gateway", state: () => daemon.log() }, isUp);
  return { port, stop: () => daemon.stop() };
}

const mismatch = "<?xml version='1.0'?><Error><Code>XAmzContentSHA256Mismatch</Code></Error>";

/** Passes everything on as it came, since the signature is over the host's name and the headers. */
function front(port: number, uploads: { taken: number; refused: number }) {
  return (incoming: IncomingMessage, response: ServerResponse): void => {
    const { method, url, headers } = incoming;
    const isUpload = method === "PUT";
    if (isUpload && headers["x-amz-trailer"] !== undefined) {
      uploads.refused += 1;
      incoming.resume().on("end", () => response.writeHead(400, { "content-type": "application/xml" }).end(mismatch));
      return;
    }
    if (isUpload) uploads.taken += 1;
    const onward = request({ port, host: "127.0.0.1", method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  };
}

/** A proxy of HTTPS to that one server. */
function tunnel(host: string, port: number) {
  const proxy = createProxy((_, response) => response.writeHead(405).end());
  proxy.on("connect", ({ url = "" }: IncomingMessage, socket: Socket) => {
    if (!url.endsWith(`${host}:443`)) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const onward = connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    return socket.pipe(onward).pipe(socket);
  });
  return proxy;
}

const listening = async (server: ReturnType<typeof createProxy>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

export async function startS3(store: Store): Promise<S3Store> {
  const now = new Date();
  const ca = await authority("s3", { from: days(-1, now), until: days(30, now) });
  const { certificate: cert, key } = await serving(ca, store.host, [store.host, `*.${store.host}`]);
  const { port, stop } = await gateway(store);
  const uploads = { taken: 0, refused: 0 };
  const server = createServer({ cert, key }, front(port, uploads));
  const proxy = tunnel(store.host, await listening(server));
  return {
    proxy: `http://127.0.0.1:${await listening(proxy)}`,
    authority: ca.certificate,
    uploads,
    close: async () => {
      server.closeAllConnections();
      server.close();
      proxy.closeAllConnections();
      proxy.close();
      await stop();
    },
  };
}
