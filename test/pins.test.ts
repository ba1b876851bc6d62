import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../stacks/config/error.ts";
import { artefact } from "../stacks/config/releases/artefacts.ts";
import { missingDigests, parsePins } from "../stacks/config/releases/pins.ts";

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
  "system-upgrade-controller": { version: "v0.20.1", commit: "c".repeat(40) },
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
    ["system-upgrade-controller.version", "0.20.1"],
  ])("refuses %s: %s, because only an exact release can be verified (F10)", (path, value) => {
    expect(complaint(changed([path, value]))).toMatch(new RegExp(`${path}: use one exact`));
  });

  it.each([
    ["0".repeat(64), "all zeros is no digest"],
    ["A".repeat(64), "64 lowercase hexadecimal digits"],
    ["a".repeat(63), "64 lowercase hexadecimal digits"],
    ["", "64 lowercase hexadecimal digits"],
  ])("refuses the digest '%s' (F10)", (value, reason) => {
    expect(complaint(changed(["helm.sha256.arm64", value]))).toContain(reason);
  });

  it("refuses a digest without a source (F10)", () => {
    expect(complaint(changed(["k9s.source", null]))).toContain("k9s.source: a digest needs its source");
  });

  it("refuses one digest for two architectures (F10)", () => {
    const digest = "ab".repeat(32);
    const text = changed(["k9s.sha256", { amd64: digest, arm64: digest }]);
    expect(complaint(text)).toContain("k9s.sha256: amd64 and arm64 are the same");
  });

  it("refuses a recorded source that is a branch", () => {
    const source = { kind: "recorded", in: [{ repository: "acme/pins", path: "pins.txt", commit: "main" }] };
    expect(complaint(changed(["k9s.source", source]))).toContain("k9s.source.in[0].commit: use a full commit");
  });

  it.each(["v1.33.9+k3s1", "v1.37.0+k3s1"])("refuses a half bump to k3s %s and names both pins (rule 2)", (version) => {
    const message = complaint(changed(["k3s.version", version]));
    expect(message).toContain(
      `k3s ${version} does not fit flux 2.9.4, which supports Kubernetes 1.34 to 1.36: bump both`,
    );
  });

  it("refuses a half bump of flux", () => {
    expect(complaint(changed(["flux.version", "2.8.8"]))).toContain("does not fit flux 2.8.8");
  });

  it("refuses a flux minor whose Kubernetes range and API versions nobody has looked up (rules 1, 2)", () => {
    expect(complaint(changed(["flux.version", "2.10.0"]))).toContain("flux.version: is not known here (2.7, 2.8, 2.9)");
  });

  it("takes every k3s minor that flux supports", () => {
    for (const minor of [34, 35, 36])
      expect(complaint(changed(["k3s.version", `v1.${minor}.1+k3s2`]))).toBe("no complaint");
  });

  it("lists every problem at once, the half bump too", () => {
    const message = complaint(changed(["k3s.version", "v1.20.1+k3s1"], ["helm.version", "latest"], ["k9s.sha", "x"]));
    expect(message).toContain("(3)");
    for (const each of ["k3s.version", "helm.version", "k9s.sha"]) expect(message).toContain(`pins.json:1 ${each}:`);
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
