/** What `npm ci` on a fresh machine depends on, and what a later `npm install` on one platform can silently lose. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

interface Locked {
  readonly optionalDependencies?: { readonly [name: string]: string };
  readonly resolved?: string;
}

const file = join(import.meta.dirname, "../package-lock.json");
const { packages } = JSON.parse(readFileSync(file, "utf8")) as {
  readonly packages: { readonly [path: string]: Locked };
};

describe("package-lock.json", () => {
  it("has the packages of every platform, else npm ci refuses it", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it("names no download address, so that it installs from any registry", () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved?.startsWith("http"))).toEqual([]);
  });
});
