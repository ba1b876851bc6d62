import { createPrivateKey, webcrypto } from "node:crypto";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { days, newAdmin } from "../provider/pki/material.ts";
import { kubeconfig } from "../stacks/cluster/kubeconfig.ts";
import { type ClusterPki, clusterPki } from "./cluster-pki.ts";

let prod: ClusterPki;
let stage: ClusterPki;
beforeAll(async () => {
  prod = await clusterPki("prod");
  stage = await clusterPki("stage");
});

const file = (path: string, cluster: ClusterPki) => cluster.serverFiles[path] ?? "";

describe("the kubeconfig", () => {
  const access = (cluster: ClusterPki, server: string) => kubeconfig({ cluster: "prod", server, ...cluster });

  it("is the same bytes for the same access, under fixed names", () => {
    const text = access(prod, "https://203.0.113.7:6443");
    expect(access({ ...prod }, "https://203.0.113.7:6443")).toBe(text);
    const { clusters, users, contexts, ...rest } = parse(text);
    expect([clusters[0].name, users[0].name, contexts[0].name]).toEqual(["prod", "prod", "prod"]);
    expect(contexts[0].context).toEqual({ cluster: "prod", user: "prod" });
    expect(rest).toEqual({ apiVersion: "v1", kind: "Config", "current-context": "prod" });
  });

  describe("against a server with a certificate by server-ca that admits clients of client-ca", () => {
    const closing: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const close of closing.splice(0)) await close();
    });

    /** As k3s makes its own serving certificate, by the library itself and none of our code. */
    async function serving(cluster: ClusterPki) {
      const x509 = await import("@peculiar/x509");
      const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
      const keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
      const authority = new x509.X509Certificate(file("server-ca.crt", cluster));
      const leaf = await x509.X509CertificateGenerator.create({
        subject: "CN=kube-apiserver",
        issuer: authority.subject,
        publicKey: keys.publicKey,
        signingKey: createPrivateKey(file("server-ca.key", cluster)).toCryptoKey(curve, false, ["sign"]),
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
      const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({
        type: "pkcs8",
        format: "pem",
      });
      return { cert: `${leaf.toString("pem")}\n${file("server-ca.crt", cluster)}`, key };
    }

    async function api(cluster: ClusterPki): Promise<string> {
      const mutual = { ca: file("client-ca.crt", cluster), requestCert: true, rejectUnauthorized: true };
      const server = createServer({ ...(await serving(cluster)), ...mutual }, (_, response) => response.end("ok"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      closing.push(() => new Promise((resolve) => server.close(resolve)));
      return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    /** What a Kubernetes client does with a kubeconfig. */
    function readyz(text: string): Promise<string> {
      const { clusters, users } = parse(text);
      const pem = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
      const tls = {
        ca: pem(clusters[0].cluster["certificate-authority-data"]),
        cert: pem(users[0].user["client-certificate-data"]),
        key: pem(users[0].user["client-key-data"]),
        agent: false as const,
      };
      return new Promise((resolve, reject) => {
        const sent = request(`${clusters[0].cluster.server}/readyz`, tls, (response) => {
          response.setEncoding("utf8").on("data", resolve).on("error", reject);
        });
        sent.on("error", reject).end();
      });
    }

    it("is let in", async () => {
      expect(await readyz(access(prod, await api(prod)))).toBe("ok");
    });

    it("is let in after its renewal, which changes neither authority nor server", async () => {
      const admin = await newAdmin(prod, "prod", { now: new Date(), until: days(365, new Date()) });
      expect(admin.adminCertificate).not.toBe(prod.adminCertificate);
      expect(await readyz(access({ ...prod, ...admin }, await api(prod)))).toBe("ok");
    });

    it("is turned away with the certificate of another stage", async () => {
      const foreign = { adminCertificate: stage.adminCertificate, adminKey: stage.adminKey };
      const answer = readyz(access({ ...prod, ...foreign }, await api(prod)));
      await expect(answer).rejects.toThrow(/ECONNRESET|socket hang up|alert/);
    });

    it("trusts no server of another stage", async () => {
      const answer = readyz(access(prod, await api(stage)));
      await expect(answer).rejects.toThrow(/unable to get|self-signed certificate/);
    });
  });
});
