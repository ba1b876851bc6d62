import { createHash, generateKeyPairSync, randomBytes, randomInt, X509Certificate } from "node:crypto";
import { authority, client, type Signed } from "./certificates.ts";

/** What a cluster is born with, and keeps. */
export interface Material {
  /** PEM by path under /var/lib/rancher/k3s/server/tls: what must lie there before the first server's first start. */
  readonly serverFiles: { readonly [path: string]: string };
  /** Makes a node a server, and encrypts the bootstrap data in etcd: without it no snapshot can be restored. */
  readonly serverToken: string;
  /** Makes a node an agent, and no more. */
  readonly agentToken: string;
  /** The server CA's chain: whom a client of the API trusts. */
  readonly caCertificate: string;
  /** Never leaves the state: it signs new CAs for `k3s certificate rotate-ca`, under which the tokens stay valid. */
  readonly rootCertificate: string;
  readonly rootKey: string;
}

/** The provisioner's own access. There is no revocation: only its end, or a new client CA, takes it away. */
export interface Admin {
  readonly adminCertificate: string;
  readonly adminKey: string;
}

const day = 24 * 60 * 60 * 1000;
export const days = (count: number, from: Date): Date => new Date(from.getTime() + count * day);

/** A node whose clock is not set yet must find the chain valid: k3s hashes another thing, in silence, when it is not (hashCA). */
const since = (now: Date): Date => days(-1, now);

/** k3s-io/k3s contrib/util/generate-custom-ca-certs.sh; the etcd pair is needed without embedded etcd, too. */
const authorities = ["server", "client", "request-header", "etcd/peer", "etcd/server"];

/** PKCS#1, as the script makes it. Signs the service accounts' tokens. */
function serviceKey(): string {
  const privateKeyEncoding = { type: "pkcs1", format: "pem" } as const;
  const publicKeyEncoding = { type: "spki", format: "pem" } as const;
  return generateKeyPairSync("rsa", { modulusLength: 2048, publicKeyEncoding, privateKeyEncoding }).privateKey;
}

/**
 * k3s's secure form. The hash is that of the root's DER as soon as /cacerts has more than one certificate
 * (k3s-io/k3s pkg/clientaccess/token.go, hashCA), so it is known before any server runs.
 */
function secureToken(rootCertificate: string, credentials: string): string {
  const hash = createHash("sha256").update(new X509Certificate(rootCertificate).raw).digest("hex");
  return `K10${hash}::${credentials}`;
}

export const newServerToken = (rootCertificate: string): string =>
  secureToken(rootCertificate, `server:${randomBytes(32).toString("hex")}`);

const letters = (count: number): string => Array.from({ length: count }, () => randomInt(36).toString(36)).join("");

/**
 * A bootstrap token of Kubernetes, six letters, a dot, sixteen (k3s-io/docs cli/token.md). It is worth what the Secret of its
 * id says (stacks/access/agent-token.ts), so another one needs no server to be told or started again.
 */
export const newAgentToken = (rootCertificate: string): string => secureToken(rootCertificate, `agents.${letters(16)}`);

export async function newMaterial(cluster: string, now: Date): Promise<Material> {
  const root = await authority(`${cluster}-root-ca`, { from: since(now), until: days(7300, now) });
  const validity = { from: since(now), until: days(3700, now) };
  const files = await Promise.all(
    authorities.map(async (path) => {
      const signed = await authority(`${cluster}-${path.replace("/", "-")}-ca`, validity, root);
      return [
        [`${path}-ca.crt`, signed.certificate + root.certificate],
        [`${path}-ca.key`, signed.key],
      ] as const;
    }),
  );
  const serverFiles: Material["serverFiles"] = Object.fromEntries([...files.flat(), ["service.key", serviceKey()]]);
  return {
    serverFiles,
    serverToken: newServerToken(root.certificate),
    agentToken: newAgentToken(root.certificate),
    caCertificate: serverFiles["server-ca.crt"] ?? "",
    rootCertificate: root.certificate,
    rootKey: root.key,
  };
}

/** A new key every time. @throws Error when the state has no client CA */
export async function newAdmin(
  { serverFiles }: Pick<Material, "serverFiles">,
  cluster: string,
  validity: { readonly now: Date; readonly until: Date },
): Promise<Admin> {
  const { "client-ca.crt": certificate, "client-ca.key": key } = serverFiles;
  if (!(certificate && key)) throw new Error("serverFiles has no client-ca");
  const signer: Signed = { certificate, key };
  const user = { name: `${cluster}-pulumi`, group: "system:masters" };
  const admin = await client(user, { from: since(validity.now), until: validity.until }, signer);
  return { adminCertificate: admin.certificate, adminKey: admin.key };
}
