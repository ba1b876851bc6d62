/** What `npm start` leaves of an earlier sandbox when it begins from nothing. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { layoutOf } from "../sandbox/layout.ts";
import { openSandbox } from "../sandbox/open.ts";

const minutes = 60_000;

it(
  "is the range of the servers' addresses alone, which somebody may have added by hand",
  async () => {
    const layout = layoutOf(join(import.meta.dirname, ".."), mkdtempSync(join(tmpdir(), "k3s-stages-anew-")));
    const range = async () => {
      const sandbox = await openSandbox({ layout, signal: new AbortController().signal, anew: true });
      await sandbox.close();
      return JSON.parse(readFileSync(layout.ports, "utf8")).range;
    };
    const first = await range();
    expect(first).toMatch(/^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+$/);
    writeFileSync(layout.report, "of an earlier run");
    expect(await range()).toBe(first);
    expect(existsSync(layout.report)).toBe(false);
    rmSync(layout.root, { recursive: true });
  },
  10 * minutes,
);
