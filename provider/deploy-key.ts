import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { outOfReach } from "./out-of-reach.ts";
import type { Resource } from "./resource.ts";
import { type Properties, secret, unknown } from "./values.ts";

/** RFC 4251: a string with its length in front. */
function text(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** What OpenSSH's own PROTOCOL.key calls the unencrypted form. */
function opensshPrivateKey(
  publicBlob: Buffer,
  pair: { readonly seed: Buffer; readonly point: Buffer },
  comment: string,
) {
  const check = randomBytes(4);
  const secretKey = Buffer.concat([pair.seed, pair.point]);
  const body = Buffer.concat([check, check, text("ssh-ed25519"), text(pair.point), text(secretKey), text(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const header = [Buffer.from("openssh-key-v1\0"), text("none"), text("none"), text(""), one];
  const all = Buffer.concat([...header, text(publicBlob), text(Buffer.concat([body, padding]))]);
  const lines = all.toString("base64").replaceAll(/(.{70})(?!$)/g, "$1\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** An ed25519 pair in OpenSSH's words. */
function newKey(comment: string) {
  const { x = "", d = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const pair = { seed: Buffer.from(d, "base64url"), point: Buffer.from(x, "base64url") };
  const blob = Buffer.concat([text("ssh-ed25519"), text(pair.point)]);
  return {
    publicKey: `ssh-ed25519 ${blob.toString("base64")} ${comment}`,
    privateKey: opensshPrivateKey(blob, pair, comment),
    fingerprint: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
  };
}

const marked = ({ privateKey = unknown, ...open }: Properties): Properties => ({
  ...open,
  privateKey: secret(privateKey),
});

/** A stage's key to the GitOps repository. Another generation is another key, and the old one goes last. */
export function deployKey(): Resource {
  return {
    check: (request) => outOfReach(request, { rotation: "generation", setting: "deployKey" }),
    diff: ({ oldInputs, inputs }) => ({
      changes: {
        ...(oldInputs["generation"] === inputs["generation"] ? {} : { generation: "UPDATE_REPLACE" }),
        ...(oldInputs["comment"] === inputs["comment"] ? {} : { comment: "UPDATE" }),
      },
    }),
    create({ inputs, preview }) {
      if (preview) return { id: "", outputs: marked({ publicKey: unknown, fingerprint: unknown }) };
      const made = newKey(String(inputs["comment"]));
      return { id: made.fingerprint, outputs: marked(made) };
    },
    // The comment is in the key that the host knows: a new one counts from the next generation on.
    update: ({ oldOutputs }) => ({ outputs: marked(oldOutputs) }),
  };
}
