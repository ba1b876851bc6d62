import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pinsCommand } from "../commands/pins.ts";
import { artefact } from "../stacks/config/artefacts.ts";
import { ConfigError } from "../stacks/config/error.ts";
import { missingDigests, parsePins } from "../stacks/config/pins.ts";

const committed = readFileSync(new URL("../pins.json", import.meta.url), "utf8");

const text = [{ repository: "acme/pins", path: "pins.txt", commit: "c".repeat(40) }];
const pinned = (version: string, digit: string) => ({
  version,
  sha256: { amd64: `a${digit}`.repeat(32), arm64: `b${digit}`.repeat(32) },
  source: { kind: "recorded", in: text },
});
/** Versions of its own: bumping pins.json must not touch this file. */
const valid = JSON.stringify({
  k3s: pinned("v1.36.3+k3s1", "1"),
  flux: pinned("2.9.4", "2"),
  helm: pinned("4.2.4", "3"),
  k9s: pinned("0.51.0", "4"),
});

/** The valid pins with some values changed: the last key of each path is set. */
function changed(...edits: readonly (readonly [path: string, value: unknown])[]): string {
  const pins = JSON.parse(valid);
  for (const [path, value] of edits) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    keys.reduce((at, key) => at[key], pins)[last] = value;
  }
  return JSON.stringify(pins);
}

function complaint(text: string): string {
  try {
    parsePins(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return "no complaint";
}

describe("pins.json", () => {
  it("is valid as committed", () => {
    expect(complaint(committed)).toBe("no complaint");
  });

  it.each([
    ["k3s.version", "stable"],
    ["k3s.version", "v1.36"],
    ["k3s.version", "v1.36.3"],
    ["k3s.version", "1.36.3+k3s1"],
    ["k3s.version", "v1.36.3-rc1+k3s1"],
    ["flux.version", "v2.9.4"],
    ["flux.version", "2.9.x"],
    ["flux.version", "^2.9.4"],
    ["helm.version", "latest"],
    ["k9s.version", "0.051.0"],
  ])("refuses %s: %s, because only an exact release can be verified", (path, value) => {
    expect(complaint(changed([path, value]))).toMatch(new RegExp(`${path}: use one exact`));
  });

  it.each([
    ["0".repeat(64), "all zeros is no digest"],
    ["A".repeat(64), "64 lowercase hexadecimal digits"],
    ["a".repeat(63), "64 lowercase hexadecimal digits"],
    ["", "64 lowercase hexadecimal digits"],
  ])("refuses the digest '%s'", (value, reason) => {
    expect(complaint(changed(["helm.sha256.arm64", value]))).toContain(reason);
  });

  it("refuses a digest without a source", () => {
    expect(complaint(changed(["k9s.source", null]))).toContain("k9s.source: a digest needs its source");
  });

  it("refuses one digest for two architectures", () => {
    const digest = "ab".repeat(32);
    const text = changed(["k9s.sha256", { amd64: digest, arm64: digest }]);
    expect(complaint(text)).toContain("k9s.sha256: amd64 and arm64 are the same");
  });

  it("refuses a recorded source that is a branch", () => {
    const source = { kind: "recorded", in: [{ repository: "acme/pins", path: "pins.txt", commit: "main" }] };
    expect(complaint(changed(["k9s.source", source]))).toContain("k9s.source.in[0].commit: use a full commit");
  });

  it.each(["v1.33.9+k3s1", "v1.37.0+k3s1"])("refuses a half bump to k3s %s and names both pins", (version) => {
    const message = complaint(changed(["k3s.version", version]));
    expect(message).toContain(
      `k3s ${version} does not fit flux 2.9.4, which supports Kubernetes 1.34 to 1.36: bump both`,
    );
  });

  it("refuses a half bump of flux", () => {
    expect(complaint(changed(["flux.version", "2.8.8"]))).toContain("does not fit flux 2.8.8");
  });

  it("refuses a flux minor whose Kubernetes range and API versions nobody has looked up", () => {
    expect(complaint(changed(["flux.version", "2.10.0"]))).toContain("flux.version: is not known here (2.7, 2.8, 2.9)");
  });

  it("takes every k3s minor that flux supports", () => {
    for (const minor of [34, 35, 36])
      expect(complaint(changed(["k3s.version", `v1.${minor}.1+k3s2`]))).toBe("no complaint");
  });

  it("lists every problem at once, the half bump too", () => {
    const message = complaint(changed(["k3s.version", "v1.20.1+k3s1"], ["helm.version", "latest"], ["k9s.sha", "x"]));
    expect(message).toContain("(3)");
    for (const each of ["k3s.version", "helm.version", "k9s.sha"]) expect(message).toContain(`pins.json ${each}:`);
  });

  it.each(["{", "[]", "null", '"x"'])("says in words that %s is no pins.json", (text) => {
    expect(complaint(text)).toMatch(/pins\.json/);
  });
});

describe("missingDigests", () => {
  it("names tool, version and architecture of what a node could not verify", () => {
    const pins = parsePins(changed(["flux.sha256.arm64", null]));
    expect(missingDigests(pins, ["amd64", "arm64"])).toEqual(["flux 2.9.4 for arm64"]);
  });

  it("asks only for the architectures that the cluster has", () => {
    const pins = parsePins(changed(["flux.sha256.arm64", null]));
    expect(missingDigests(pins, ["amd64"])).toEqual([]);
  });
});

describe("artefact", () => {
  const github = "https://github.com";
  it.each([
    [{ tool: "k3s", architecture: "amd64" }, `${github}/k3s-io/k3s/releases/download/v1.36.3%2Bk3s1/k3s`],
    [{ tool: "k3s", architecture: "arm64" }, `${github}/k3s-io/k3s/releases/download/v1.36.3%2Bk3s1/k3s-arm64`],
    [
      { tool: "flux", architecture: "arm64" },
      `${github}/fluxcd/flux2/releases/download/v2.9.4/flux_2.9.4_linux_arm64.tar.gz`,
    ],
    [{ tool: "helm", architecture: "amd64" }, "https://get.helm.sh/helm-v4.2.4-linux-amd64.tar.gz"],
    [{ tool: "k9s", architecture: "amd64" }, `${github}/derailed/k9s/releases/download/v0.51.0/k9s_Linux_amd64.tar.gz`],
  ] as const)("finds %o where its project publishes it", ({ tool, architecture }, url) => {
    const versions = { k3s: "v1.36.3+k3s1", flux: "2.9.4", helm: "4.2.4", k9s: "0.51.0" };
    expect(artefact({ tool, architecture, version: versions[tool] }).url).toBe(url);
  });
});

describe("npm run pins", () => {
  const none = { amd64: null, arm64: null };
  const unpinned = changed(
    ...["k3s", "flux", "helm", "k9s"].flatMap((tool) => [
      [`${tool}.sha256`, none] as const,
      [`${tool}.source`, null] as const,
    ]),
  );
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
    const port = (server.address() as AddressInfo).port;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const complaintOf = run().catch((error: Error) => error.message);
    const lines = String(await complaintOf).split("\n");
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    expect(lines).toHaveLength(9);
    expect(lines[0]).toBe("8 of 8 artefacts could not be verified; pins.json is as it was:");
    expect(lines[1]).toMatch(/^ {2}k3s v1\.36\.3\+k3s1 for amd64: fetch failed \(.*ECONNREFUSED/);
    expect(written()).toBe(unpinned);
  });

  it("never overwrites a digest that it knows with another one", async () => {
    writeFileSync(file, valid);
    await expect(run()).rejects.toThrow(/k3s v1\.36\.3\+k3s1 for amd64: pins\.json has (a1){32}, its release/);
    expect(written()).toBe(valid);
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

  it("answers an unknown option with what it understands", async () => {
    await expect(run("--force")).rejects.toThrow(/--force(.|\n)*npm run pins \[-- --check\]/);
  });
});
