/** A serving certificate for loopback and more names, as k3s makes its own: by the library itself and none of our code. */
import "reflect-metadata"; // has to come first: @peculiar/x509 refuses to load without it
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface Serving {
  /** PEM, the leaf and its chain. */
  readonly certificate: string;
  readonly key: string;
}

const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export async function serving(
  authority: Serving,
  name: string,
  hosts: readonly string[] = ["localhost"],
): Promise<Serving> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const leaf = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: new x509.X509Certificate(authority.certificate).subject,
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(authority.key).toCryptoKey(curve, false, ["sign"]),
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        ...hosts.map((value) => ({ type: "dns" as const, value })),
      ]),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "sec1", format: "pem" }).toString();
  return { certificate: `${leaf.toString("pem")}\n${authority.certificate}`, key };
}
