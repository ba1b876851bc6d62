import { spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newAdmin, newAgentToken, newMaterial, newServerToken } from "../provider/pki/material.ts";
import { type ClusterPki, clusterPki } from "./cluster-pki.ts";

const now = new Date("2026-03-01T12:00:00.123Z");
const authorities = ["server", "client", "request-header", "etcd/peer", "etcd/server"];

let prod: ClusterPki;
let stage: ClusterPki;
beforeAll(async () => {
  prod = await clusterPki("prod");
  stage = await clusterPki("stage");
});

const file = (path: string, cluster = prod) => cluster.serverFiles[path] ?? "";
const chain = (pem: string) => pem.split(/(?<=-----END CERTIFICATE-----\n)/).map((each) => new X509Certificate(each));

describe("the files for the first server", () => {
  it("are those that k3s looks for, and no root key is among them", () => {
    const pairs = authorities.flatMap((name) => [`${name}-ca.crt`, `${name}-ca.key`]);
    expect(Object.keys(prod.serverFiles).toSorted()).toEqual([...pairs, "service.key"].toSorted());
    expect(Object.values(prod.serverFiles)).not.toContain(prod.rootKey);
  });

  it.each(authorities)("hold %s-ca as a chain of the authority and the root, with the authority's own key", (name) => {
    const [authority, root, ...more] = chain(file(`${name}-ca.crt`));
    expect(more).toEqual([]);
    expect(root?.raw).toEqual(new X509Certificate(prod.rootCertificate).raw);
    expect(authority?.ca).toBe(true);
    expect(authority?.verify(root?.publicKey ?? createPublicKey(prod.rootKey))).toBe(true);
    expect(authority?.checkPrivateKey(createPrivateKey(file(`${name}-ca.key`)))).toBe(true);
  });

  it("have EC P-256 keys as SEC1 and the service account key as PKCS#1 RSA of 2048 bits", () => {
    for (const name of authorities) {
      expect(file(`${name}-ca.key`)).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
      expect(createPrivateKey(file(`${name}-ca.key`)).asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    }
    expect(file("service.key")).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(createPrivateKey(file("service.key")).asymmetricKeyDetails?.modulusLength).toBe(2048);
  });

  it("share nothing between two clusters, nor between two authorities", () => {
    const keys = [prod, stage].flatMap((cluster) => [
      ...Object.entries(cluster.serverFiles).flatMap(([path, text]) => (path.endsWith(".key") ? [text] : [])),
      cluster.rootKey,
      cluster.adminKey,
      cluster.serverToken,
      cluster.agentToken,
    ]);
    expect(new Set(keys).size).toBe(20);
  });

  it("are valid a day earlier than now, for a node whose clock is not set yet", async () => {
    const [authority] = chain((await newMaterial("dev", now)).caCertificate);
    expect(new Date(authority?.validFrom ?? "").toISOString()).toBe("2026-02-28T12:00:00.000Z");
    expect(new Date(authority?.validTo ?? "").toISOString()).toBe("2036-04-17T12:00:00.000Z");
  });

  it("have no fraction of a second in a date after 2049, which Go refuses", async () => {
    const { rootCertificate } = await newMaterial("dev", new Date("2035-01-01T00:00:00.123Z"));
    const der = new X509Certificate(rootCertificate).raw.toString("latin1");
    expect(der.match(/20\d{12}[.Z]/g)).toEqual(["20541227000000Z"]);
  });
});

describe("the join tokens", () => {
  const root = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUL3eePX8RO5JYGxMd4kSM7i7wqWwwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPZXhhbXBsZS1yb290LWNhMB4XDTI2MTEyNDAzMjcyMloXDTQ2
MTExOTAzMjcyMlowGjEYMBYGA1UEAwwPZXhhbXBsZS1yb290LWNhMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE6aF41EnJLKTA8kYkMSlhDEZG4wBHnisqggOGxJcA
yhKNAoxBDVKvPOCnZeYBDD2mK55nZJqjY1YYwQRVDZe/m6NTMFEwHQYDVR0OBBYE
FAXTzTp9L9FO+55ormRd86up51VZMB8GA1UdIwQYMBaAFAXTzTp9L9FO+55ormRd
86up51VZMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhALH7vGdp
t1IMkEACerocScOBGrbS76T38YkSlPUUW9VsAiBV69/kqp/9r3KUSqMFJanpiy9l
3MLr1j7aGI3Ys3LN+g==
-----END CERTIFICATE-----
`;
  /** openssl x509 -outform der | sha256sum, of the certificate above. */
  const sha256 = "96421b1eaedffe5e44092b0c04af31890c1cf75f011a3b3d07eb8b004e3e1658";

  it("carry the SHA-256 of the root's DER, as sha256sum computes it", () => {
    expect(newServerToken(root)).toMatch(new RegExp(`^K10${sha256}::server:[0-9a-f]{64}$`));
    expect(newAgentToken(root)).toMatch(new RegExp(`^K10${sha256}::agents\\.[0-9a-z]{16}$`));
  });

  it("name the root of their own cluster, and differ in their password", () => {
    const fingerprint = new X509Certificate(prod.rootCertificate).fingerprint256.replaceAll(":", "").toLowerCase();
    const [server = "", agent = ""] = [prod.serverToken, prod.agentToken];
    expect(server.startsWith(`K10${fingerprint}::server:`)).toBe(true);
    expect(agent.startsWith(`K10${fingerprint}::agents.`)).toBe(true);
    expect(newAgentToken(prod.rootCertificate)).not.toBe(agent);
  });
});

describe("the admin certificate", () => {
  it("is in system:masters under the name of its cluster, for clients only, until the day asked for", async () => {
    const until = new Date("2027-03-01T00:00:00Z");
    const { adminCertificate, adminKey } = await newAdmin(prod, "prod", { now, until });
    const admin = new X509Certificate(adminCertificate);
    expect(admin.subject).toBe("O=system:masters\nCN=prod-pulumi");
    expect(admin.ca).toBe(false);
    expect(admin.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(new Date(admin.validTo)).toEqual(until);
    expect(admin.checkPrivateKey(createPrivateKey(adminKey))).toBe(true);
    const [authority] = chain(file("client-ca.crt"));
    expect(authority && admin.checkIssued(authority) && admin.verify(authority.publicKey)).toBe(true);
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
/** On CI a missing tool is a failure, so nothing is skipped there. */
describe.skipIf(!(hasOpenssl || process.env["CI"]))("openssl (skipped where it is not installed)", () => {
  let directory: string;
  const openssl = (...args: readonly string[]) => {
    const { stdout, stderr } = spawnSync("openssl", args, { cwd: directory, encoding: "utf8" });
    return `${stdout}${stderr}`;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "pki-"));
    const own = { "root.crt": prod.rootCertificate, "admin.crt": prod.adminCertificate };
    const foreign = { "foreign.crt": stage.rootCertificate };
    for (const [path, text] of Object.entries({ ...prod.serverFiles, ...own, ...foreign })) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(authorities)("verifies the chain of %s-ca up to the root, strictly, and to no other root", (name) => {
    expect(openssl("verify", "-x509_strict", "-CAfile", "root.crt", `${name}-ca.crt`)).toBe(`${name}-ca.crt: OK\n`);
    expect(openssl("verify", "-CAfile", "foreign.crt", `${name}-ca.crt`)).toContain("verification failed");
  });

  it.each(authorities)(
    "works out the public half of %s-ca's key, which is left out, as its certificate has it",
    (name) => {
      const inCertificate = openssl("x509", "-in", `${name}-ca.crt`, "-noout", "-pubkey");
      expect(inCertificate).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
      expect(openssl("pkey", "-in", `${name}-ca.key`, "-pubout")).toBe(inCertificate);
      expect(file(`${name}-ca.key`).length).toBeLessThan(prod.adminKey.length - 90);
    },
  );

  it("verifies the admin certificate as a client's through client-ca, and not as a server's", () => {
    const through = ["-CAfile", "root.crt", "-untrusted", "client-ca.crt", "admin.crt"];
    expect(openssl("verify", "-x509_strict", "-purpose", "sslclient", ...through)).toBe("admin.crt: OK\n");
    expect(openssl("verify", "-purpose", "sslserver", ...through)).toContain("unsuitable certificate purpose");
  });

  it("reads the extensions that k3s's own script sets, critical where the script has them critical", () => {
    const text = openssl("x509", "-in", "etcd/peer-ca.crt", "-noout", "-text");
    expect(text).toMatch(/X509v3 Basic Constraints: critical\n\s+CA:TRUE\n/);
    expect(text).toMatch(/X509v3 Key Usage: critical\n\s+Digital Signature, Key Encipherment, Certificate Sign\n/);
    expect(text).toMatch(/X509v3 Subject Key Identifier:/);
  });

  it("finds the root's key identifier as the authorities' issuer, and none on the root itself: that makes it a root", () => {
    const ext = (path: string, name: string) => openssl("x509", "-in", path, "-noout", "-ext", name);
    const identifier = /([0-9A-F]{2}:){19}[0-9A-F]{2}/;
    const [root] = identifier.exec(ext("root.crt", "subjectKeyIdentifier")) ?? [];
    for (const name of authorities) expect(ext(`${name}-ca.crt`, "authorityKeyIdentifier")).toContain(root);
    expect(openssl("x509", "-in", "root.crt", "-noout", "-text")).not.toContain("Authority Key Identifier");
  });
});
