/** `npm run destroy` with a stand-in for Pulumi and the emulator of Hetzner's API. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { destroyCommand } from "../commands/destroy.ts";
import { UsageError } from "../commands/usage.ts";
import { type Hetzner, startHetzner } from "../sandbox/hetzner/start.ts";
import { dummyToken } from "../sandbox/services.ts";
import { remains, remainsText } from "../stacks/preflight/remains.ts";

let hetzner: Hetzner;
const calls: string[] = [];
const printed: string[] = [];
let interrupted = false;
/** What the stack's state has once the guard is gone. */
const begun = '{ "type": "hcloud:index/network:Network" }';
const whole = '{ "type": "gitops:index:Guard" }';
let state = whole;

async function post(path: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${dummyToken}`, "content-type": "application/json" };
  const response = await fetch(`${hetzner.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(response.status).toBe(201);
}

const run = (args: readonly string[], codes: { readonly [command: string]: number } = {}, more = {}) =>
  destroyCommand(args, {
    directory: `${import.meta.dirname}/..`,
    env: { HCLOUD_ENDPOINT: hetzner.url, HCLOUD_TOKEN: dummyToken, ...more },
    print: (line) => void printed.push(line),
    interrupted: () => interrupted,
    pulumi: async (given) => {
      calls.push(given.join(" "));
      const left = calls.filter((call) => call.startsWith("destroy")).length > 1 ? {} : codes;
      return { code: left[given[0] ?? ""] ?? 0, stdout: given[1] === "export" ? state : dummyToken };
    },
  });

beforeEach(async () => {
  calls.length = 0;
  printed.length = 0;
  [state, interrupted] = [whole, false];
  hetzner = await startHetzner({ token: dummyToken });
});
afterEach(() => hetzner.close());

describe("npm run destroy", () => {
  it("refreshes, destroys, and says that nothing is left", async () => {
    expect(await run(["--stage", "dev", "--yes"])).toBe(0);
    expect(calls).toEqual(["refresh --stack dev --yes", "destroy --stack dev --yes"]);
    expect(printed).toEqual(["Nothing of dev is left at Hetzner."]);
  });

  it("finds what Pulumi lost, by label or name, deletes none of it, and says so with its status", async () => {
    await post("/firewalls", { name: "k3s-stages-dev" });
    await post("/networks", { name: "mine", ip_range: "10.9.0.0/16", labels: { cluster: "k3s-stages-dev" } });
    await post("/networks", { name: "k3s-stages-develop", ip_range: "10.8.0.0/16" });
    expect(await run(["--stage", "dev"])).toBe(1);
    expect(printed[0]).toMatch(
      /^Left at Hetzner of dev:\n {2}network mine \(\d+\)\n {2}firewall k3s-stages-dev \(\d+\)\n/,
    );
    expect(hetzner.state.counts()).toMatchObject({ networks: 2, firewalls: 1 });
  });

  it("takes the token from the stack where the environment has none", async () => {
    expect(await run(["--stage", "dev"], {}, { HCLOUD_TOKEN: undefined })).toBe(0);
    expect(calls[0]).toBe("config get hcloud:token --stack dev");
  });

  it("begins nothing without a refresh, and looks even where the destroy was refused", async () => {
    expect(await run(["--stage", "dev"], { refresh: 255 })).toBe(1);
    expect(calls).toEqual(["refresh --stack dev"]);
    expect(await run(["--stage", "dev"], { destroy: 255 })).toBe(1);
    expect(printed).toHaveLength(1);
  });

  it("tries what did not go once more, where its guard was gone already and nobody asked to stop (F36)", async () => {
    state = begun;
    expect(await run(["--stage", "dev"], { destroy: 255 })).toBe(0);
    const twice = ["refresh", "destroy", "stack export", "refresh", "destroy"];
    expect(calls).toEqual(twice.map((command) => `${command} --stack dev`));
    expect(printed).toEqual([expect.stringMatching(/once more\.$/), "Nothing of dev is left at Hetzner."]);
    [interrupted, calls.length] = [true, 0];
    expect(await run(["--stage", "dev"], { destroy: 255 })).toBe(1);
  });

  it("does not take silence for an empty account", async () => {
    expect(await run(["--stage", "dev"], {}, { HCLOUD_ENDPOINT: "http://127.0.0.1:9" })).toBe(3);
    expect(printed[0]).toMatch(/^Nobody knows what is left of dev: 127\.0\.0\.1:9 cannot be reached/);
  });

  it("begins nothing without a stage, and names those there are", async () => {
    await expect(run([])).rejects.toThrow(new UsageError("--stage is missing."));
    const there = "There is no stage none; Pulumi.yaml has dev, stage, prod.";
    await expect(run(["--stage", "none"])).rejects.toThrow(new UsageError(there, { isEnough: true }));
    expect(calls).toEqual([]);
  });
});

describe("the report", () => {
  const prices = [{ location: "nbg1", price_monthly: { net: "19.9900" } }];

  it("prices volumes and addresses by Hetzner's list, and says where there is none", async () => {
    await post("/volumes", { name: "shop", size: 50, location: "nbg1", labels: { cluster: "k3s-stages-dev" } });
    await post("/primary_ips", {
      name: "k3s-stages-dev-server-1",
      type: "ipv4",
      assignee_type: "server",
      location: "nbg1",
    });
    expect(await run(["--stage", "dev"])).toBe(1);
    expect(printed[0]).toMatch(
      / {2}volume shop \(\d+, 2\.86 € a month\)\n {2}primary IP k3s-stages-dev-server-1 \(\d+, 0\.50 € a month\)\n/,
    );
    expect(printed[0]).toContain("\nIt costs 3.36 € a month net.\n");
    const volume = { id: 3, name: "shop-dev-data", size: 10 };
    const text = remainsText("dev", remains("shop-dev", { member: "volumes", items: [volume] }));
    expect(text).toContain(
      "  volume shop-dev-data (3, price unknown)\nIt costs 0.00 € a month net, beside what has no price here.",
    );
  });

  it("adds up what servers and load balancers cost", () => {
    const items = [
      { id: 1, name: "shop-dev-server-1", server_type: { prices }, location: { name: "nbg1" } },
      { id: 2, name: "shop-dev-api", load_balancer_type: { prices }, location: { name: "nbg1" } },
    ];
    const text = remainsText("dev", remains("shop-dev", { member: "servers", items }));
    expect(text).toContain("  server shop-dev-server-1 (1, 19.99 € a month)");
    expect(text).toContain("It costs 39.98 € a month net.");
  });
});
