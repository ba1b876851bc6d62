import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pinsCommand } from "../commands/pins.ts";
import { UsageError } from "../commands/usage.ts";
import { missingDigests, parsePins } from "../stacks/config/releases/pins.ts";
import { nowhere } from "./hetzner-client.ts";

describe("npm run pins", () => {
  const pinned = (version: string) => ({ version, sha256: { amd64: null, arm64: null }, source: null });
  const [k3s, flux, helm, k9s] = [pinned("v1.36.3+k3s1"), pinned("2.9.4"), pinned("4.2.4"), pinned("0.51.0")];
  const unpinned = JSON.stringify({
    ...{ k3s, flux, helm, k9s },
    "system-upgrade-controller": { version: "v0.20.1", commit: "c".repeat(40) },
  });
  const bytes = (name: string) => `the bytes of ${name}`;
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const line = (name: string) => `${sha256(bytes(name))}  ${name}\n`;

  /** What the release hosts serve, by the last part of the path; a test replaces an entry to break something. */
  let faults: { [file: string]: (response: ServerResponse) => void };
  let directory: string;
  let file: string;
  let base: string;
  const server = createServer((request, response) => {
    const name = (request.url ?? "").split("/").at(-1) ?? "";
    const fault = faults[name];
    if (fault) return fault(response);
    const lists: { readonly [list: string]: string } = {
      "sha256sum-amd64.txt": `${"1".repeat(64)}  k3s-airgap-images-amd64.tar\n${line("k3s")}`,
      "sha256sum-arm64.txt": `${line("k3s-arm64")}${"2".repeat(64)}  k3s-airgap-images-arm64.tar\n`,
      "flux_2.9.4_checksums.txt": line("flux_2.9.4_linux_amd64.tar.gz") + line("flux_2.9.4_linux_arm64.tar.gz"),
      "helm-v4.2.4-linux-amd64.tar.gz.sha256sum": line("helm-v4.2.4-linux-amd64.tar.gz"),
      "helm-v4.2.4-linux-arm64.tar.gz.sha256sum": line("helm-v4.2.4-linux-arm64.tar.gz"),
      "checksums.sha256": line("k9s_Linux_amd64.tar.gz") + line("k9s_Linux_arm64.tar.gz"),
    };
    return response.end(lists[name] ?? bytes(name));
  });

  const run = (...args: readonly string[]) => {
    const hosts = { github: base, helm: `${base}/helm` };
    return pinsCommand(args, { file, hosts, print: () => {}, timeout: 20_000 });
  };
  const written = () => readFileSync(file, "utf8");

  beforeEach(async () => {
    faults = {};
    directory = mkdtempSync(join(tmpdir(), "pins-"));
    file = join(directory, "pins.json");
    writeFileSync(file, unpinned);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("writes the digest of every artefact with the address of its checksum file, and nothing is missing then", async () => {
    await run();
    const pins = parsePins(written());
    expect(missingDigests(pins, ["amd64", "arm64"])).toEqual([]);
    expect(pins.k3s.sha256.arm64).toBe(sha256(bytes("k3s-arm64")));
    expect(pins.helm.source).toEqual({
      kind: "release",
      checksums: {
        amd64: `${base}/helm/helm-v4.2.4-linux-amd64.tar.gz.sha256sum`,
        arm64: `${base}/helm/helm-v4.2.4-linux-arm64.tar.gz.sha256sum`,
      },
    });
  });

  it("writes the same bytes again, and leaves no other file behind", async () => {
    await run();
    const first = written();
    await run();
    expect(written()).toBe(first);
    expect(readdirSync(directory)).toEqual(["pins.json"]);
  });

  it("keeps the versions and the layout of the committed file", async () => {
    writeFileSync(file, unpinned.replace("v1.36.3+k3s1", "v1.35.1+k3s2"));
    await run();
    expect(written()).toMatch(
      /^\{\n {2}"k3s": \{\n {4}"version": "v1\.35\.1\+k3s2",\n {4}"sha256": \{\n {6}"amd64": "/,
    );
    expect(written().endsWith("}\n")).toBe(true);
  });
  it.each<[string, string, (response: ServerResponse) => void, RegExp]>([
    [
      "a checksum that is another's",
      "flux_2.9.4_checksums.txt",
      (response) =>
        response.end(`${line("flux_2.9.4_linux_amd64.tar.gz")}${"3".repeat(64)}  flux_2.9.4_linux_arm64.tar.gz\n`),
      /flux 2\.9\.4 for arm64: the download has SHA-256 [0-9a-f]{64}, its release says 3{64}/,
    ],
    [
      "a missing artefact",
      "k3s-arm64",
      (response) => response.writeHead(404).end("Not Found"),
      /k3s v1\.36\.3\+k3s1 for arm64: http\S+\/k3s-arm64 answers 404/,
    ],
    [
      "a download that breaks off",
      "k9s_Linux_amd64.tar.gz",
      (response) => {
        response.writeHead(200, { "content-length": 1000 });
        response.write("half", () => response.destroy());
      },
      /k9s 0\.51\.0 for amd64: terminated/,
    ],
    [
      "a download that is silently shorter",
      "k9s_Linux_amd64.tar.gz",
      (response) => response.end("the by"),
      /k9s 0\.51\.0 for amd64: the download has SHA-256/,
    ],
    [
      "a checksum file that does not name the artefact",
      "checksums.sha256",
      (response) => response.end("<html>sign in</html>"),
      /k9s 0\.51\.0 for arm64: its release's checksum file names k9s_Linux_arm64\.tar\.gz 0 times/,
    ],
    [
      "a checksum file that names it twice",
      "helm-v4.2.4-linux-amd64.tar.gz.sha256sum",
      (response) => response.end(line("helm-v4.2.4-linux-amd64.tar.gz").repeat(2)),
      /helm 4\.2\.4 for amd64: its release's checksum file names helm-v4\.2\.4-linux-amd64\.tar\.gz 2 times/,
    ],
  ])("writes nothing on %s, and says which artefact it was", async (...[, name, fault, message]) => {
    faults = { [name]: fault };
    await expect(run()).rejects.toThrow(message);
    expect(written()).toBe(unpinned);
  });

  it("says in one line per artefact that the host is out of reach", async () => {
    base = nowhere;
    const complaintOf = run().catch((error: Error) => error.message);
    const lines = String(await complaintOf).split("\n");
    expect(lines).toHaveLength(9);
    expect(lines[0]).toBe("8 of 8 artefacts could not be verified; pins.json is as it was:");
    expect(lines[1]).toMatch(/^ {2}k3s v1\.36\.3\+k3s1 for amd64: fetch failed \(.*ECONNREFUSED/);
    expect(written()).toBe(unpinned);
  });

  it("never overwrites a digest that it knows with another one", async () => {
    await run();
    const other = written().replace(/"amd64": "[0-9a-f]{64}"/, `"amd64": "${"a1".repeat(32)}"`);
    writeFileSync(file, other);
    await expect(run()).rejects.toThrow(/k3s v1\.36\.3\+k3s1 for amd64: pins\.json has (a1){32}, its release/);
    expect(written()).toBe(other);
  });

  it("with --check verifies and writes nothing", async () => {
    await run();
    const verified = written();
    await run("--check");
    expect(written()).toBe(verified);
  });

  it("with --check fails while a digest is missing", async () => {
    await expect(run("--check")).rejects.toThrow("pins.json has no SHA-256 for k3s v1.36.3+k3s1 for amd64,");
    expect(written()).toBe(unpinned);
  });

  it("asks nobody with an option that there is not", async () => {
    await expect(run("--force")).rejects.toThrow(new UsageError("Unknown option '--force'."));
    expect(written()).toBe(unpinned);
  });
});
