import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { preflightCommand } from "../commands/preflight.ts";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { goneEndpoint, hetznerToken as token } from "./hetzner-client.ts";

const directory = join(import.meta.dirname, "..");
let api: Hetzner;

beforeEach(async () => {
  api = await startHetzner({ token });
});
afterEach(() => api.close());

const run = (args: readonly string[], environment: object = {}) =>
  preflightCommand(args, { directory, environment: { HCLOUD_TOKEN: token, HCLOUD_ENDPOINT: api.url, ...environment } });

describe("npm run preflight", () => {
  it("shows what a stage costs and what nobody can check, and ends with 0", async () => {
    const { code, text } = await run(["--stage", "prod"]);
    expect(code).toBe(0);
    expect(text).toMatch(/^not checked:\n {2}the project's limits, which only Hetzner's console shows/);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatch(/prod, a month at Hetzner +count +EUR net +with VAT +change\n/);
    expect(api.journal.writes()).toEqual([]);
  });

  it("ends with 1 when Hetzner cannot give it, in the form of the configuration's errors", async () => {
    api.faults.capacity("nbg1", "cpx32", 0);
    const { code, text } = await run(["--stage", "prod"]);
    expect(code).toBe(1);
    expect(text).toMatch(
      /^Hetzner cannot give what is configured \(2\):\n {2}Pulumi\.prod\.yaml:\d+ cluster\.servers\.type: cpx32 cannot be ordered at nbg1 now/,
    );
  });

  it("F17 names what has one of the stage's names, and is content with what is the stage's by its labels", async () => {
    const headers = { authorization: `Bearer ${token}` };
    const labels = { cluster: "k3s-stages-dev", "managed-by": "k3s-stages" };
    for (const body of [
      { name: "k3s-stages-dev", ip_range: "10.10.0.0/16", labels },
      { name: "k3s-stages-prod", ip_range: "10.30.0.0/16", labels },
    ])
      await fetch(`${api.url}/networks`, { method: "POST", headers, body: JSON.stringify(body) });
    expect((await run(["--stage", "dev"])).code).toBe(0);
    const { code, text } = await run(["--stage", "prod"]);
    expect(code).toBe(1);
    expect(text).toContain("the name k3s-stages-prod is taken by network");
  });

  it("says the same as data", async () => {
    const { code, text } = await run(["--stage", "dev", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      ...{ stage: "dev", refusals: [], warnings: [] },
      price: {
        ...{ currency: "EUR", before: { net: 0, gross: 0 } },
        after: { net: expect.closeTo(20.49), gross: expect.closeTo(24.3831) },
        lines: [
          { what: "server cpx22", location: "nbg1", before: 0, after: 1, each: { net: 19.99 } },
          { what: "public IPv4 address", location: "nbg1", before: 0, after: 1 },
        ],
      },
    });
  });

  it("F45 checks what follows from the plan and ends with 2 when Hetzner cannot be reached", async () => {
    const { code, text } = await run(["--stage", "dev"], { HCLOUD_ENDPOINT: goneEndpoint });
    expect(code).toBe(2);
    expect(text).toMatch(
      /^not checked:\n {2}server types, [^:]*, primary\s+IPs,\s+servers:\s+127\.0\.0\.1:\d+\s+cannot\s+be\s+reached\s+\(ECONNREFUSED\)$/,
    );
  });

  it("F11 asks for a token, and refuses what cannot be one without showing it", async () => {
    expect(await run(["--stage", "dev"], { HCLOUD_TOKEN: "" })).toMatchObject({
      code: 2,
      text: expect.stringContaining("set HCLOUD_TOKEN"),
    });
    const { code, text } = await run(["--stage", "dev"], { HCLOUD_TOKEN: `${token}\n` });
    expect([code, text]).toEqual([2, expect.stringContaining("it has white space in it")]);
    expect(text).not.toContain(token);
  });

  it.each([
    ["no stage", [], "--stage is missing."],
    ["an unknown option", ["--stge", "dev"], "Unknown option '--stge'"],
  ])("says how it is used after %s", async (_, args, words) => {
    const { code, text } = await run(args);
    expect([code, text]).toEqual([2, expect.stringContaining(words)]);
    expect(text).toContain("Usage: ");
  });

  it("names the stages after an unknown one", async () => {
    expect(await run(["--stage", "qa"])).toEqual({
      code: 2,
      text: "There is no stage qa; Pulumi.yaml has dev, stage, prod.",
      isRefusal: true,
    });
  });
});
