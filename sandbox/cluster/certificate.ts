import "reflect-metadata"; // before @peculiar/x509, which refuses to load without it
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface Serving {
  readonly cert: string;
  readonly key: string;
}

const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A serving certificate for these addresses by the authority that user data brought, as k3s makes its own. */
export async function servingCertificate(
  authority: { readonly certificate: string; readonly key: string },
  addresses: readonly string[],
): Promise<Serving> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const names = addresses.map((value): x509.JsonGeneralName => ({ type: "ip", value }));
  const leaf = await x509.X509CertificateGenerator.create({
    subject: "O=k3s, CN=k3s",
    issuer: new x509.X509Certificate(authority.certificate).subject,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 365 * 24 * 60 * 60 * 1000),
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(authority.key).toCryptoKey(curve, false, ["sign"]),
    signingAlgorithm: curve,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  return { cert: `${leaf.toString("pem")}\n${authority.certificate}`, key };
}
