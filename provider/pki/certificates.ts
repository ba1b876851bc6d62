import "reflect-metadata"; // has to come first: the injection container inside @peculiar/x509 refuses to load without it
import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A certificate and its key, both PEM. */
export interface Signed {
  readonly certificate: string;
  readonly key: string;
}

interface Validity {
  readonly from: Date;
  readonly until: Date;
}

interface Request {
  readonly subject: x509.JsonName;
  readonly validity: Validity;
  readonly extensions: readonly x509.Extension[];
}

const curve = { name: "ECDSA", namedCurve: "P-256" };
const { digitalSignature, keyEncipherment, keyCertSign } = x509.KeyUsageFlags;

/**
 * SEC1 (`EC PRIVATE KEY`), as `openssl ecparam -genkey` in k3s's own script writes it; k3s reads SEC1 and PKCS#8 alike
 * (rancher/dynamiclistener cert/pem.go, ParsePrivateKeyPEM).
 */
const keyPem = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: "sec1", format: "pem" }).toString();

/**
 * The same without the public half, which readers work out (RFC 5915 §3 has it optional; Go's x509.ParseECPrivateKey and
 * OpenSSL do): five authorities' make a fortieth of the first server's user data.
 */
async function shortKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const { d = "" } = await webcrypto.subtle.exportKey("jwk", key);
  const [before, after] = [Buffer.from("30310201010420", "hex"), Buffer.from("a00a06082a8648ce3d030107", "hex")];
  const der = Buffer.concat([before, Buffer.from(d, "base64url"), after]);
  return `-----BEGIN EC PRIVATE KEY-----\n${der.toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END EC PRIVATE KEY-----\n`;
}

const certificatePem = (certificate: x509.X509Certificate): string => `${certificate.toString("pem").trim()}\n`;

/** A fraction of a second would be written into dates from 2050 on, where Go's parser refuses it. */
const wholeSecond = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000);

async function issuer(signer: Signed) {
  const certificate = new x509.X509Certificate(signer.certificate);
  const key = createPrivateKey(signer.key).toCryptoKey(curve, false, ["sign"]);
  const identifier = await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey);
  return { name: certificate.subjectName, key, extensions: [identifier] };
}

/** Without a signer it signs itself, and has no authority key identifier: that is how k3s tells a root (hashCA). */
async function issue({ subject, validity, extensions }: Request, signer?: Signed) {
  const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const by = signer ? await issuer(signer) : { name: subject, key: keys.privateKey, extensions: [] };
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: by.name,
    notBefore: wholeSecond(validity.from),
    notAfter: wholeSecond(validity.until),
    publicKey: keys.publicKey,
    signingKey: by.key,
    signingAlgorithm: { ...curve, hash: "SHA-256" },
    extensions: [...extensions, await x509.SubjectKeyIdentifierExtension.create(keys.publicKey), ...by.extensions],
  });
  return { certificate, key: keys.privateKey };
}

/** Extensions as in k3s-io/k3s contrib/util/generate-custom-ca-certs.sh, section v3_ca. */
export async function authority(name: string, validity: Validity, signer?: Signed): Promise<Signed> {
  const extensions = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(digitalSignature | keyEncipherment | keyCertSign, true),
  ];
  const { certificate, key } = await issue({ subject: [{ CN: [name] }], validity, extensions }, signer);
  return { certificate: certificatePem(certificate), key: await shortKeyPem(key) };
}

/** Kubernetes reads the user from the common name and the groups from the organisations. */
export async function client(
  user: { readonly name: string; readonly group: string },
  validity: Validity,
  signer: Signed,
): Promise<Signed> {
  const extensions = [
    new x509.KeyUsagesExtension(digitalSignature | keyEncipherment, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
  ];
  const subject = [{ O: [user.group] }, { CN: [user.name] }];
  const { certificate, key } = await issue({ subject, validity, extensions }, signer);
  return { certificate: certificatePem(certificate), key: keyPem(key) };
}
