/** What runs beside a resource's operation: when it asks for another try, and what it says. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { afterFailure, afterReady } from "../stacks/cluster/hooks.ts";

type Failed = Parameters<ReturnType<typeof afterFailure>>[0];

const failed = (...errors: readonly string[]): Failed => ({
  ...{ urn: "urn", id: "1", name: "one", type: "hcloud:index/loadBalancerNetwork:LoadBalancerNetwork" },
  ...{ failedOperation: "delete", errors: [...errors] },
});

const said = vi.spyOn(console, "error").mockImplementation(() => {});
const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
afterEach(() => {
  said.mockClear();
  warned.mockClear();
});

const busy = "network is already being detached (resource_already_detaching, 1a2b)";

describe("an operation that failed", () => {
  const hook = afterFailure(async () => undefined, 0);

  it("because Hetzner was at work on it already is tried once more by itself, and then given up (F36)", async () => {
    expect([await hook(failed(busy)), await hook(failed(busy, busy))]).toEqual([true, false]);
    expect(said.mock.calls.flat().join()).toContain("one: Hetzner is still at work on it");
  });

  it("for any other reason is not", async () => {
    expect(await hook(failed("server limit exceeded (resource_limit_exceeded, 1a2b)"))).toBe(false);
  });
});

describe("machines behind a load balancer that get nothing once the stage works", () => {
  const trouble = "port 6443 unhealthy";
  const looks = { most: 5, between: 0 };

  it("are waited for (F30)", async () => {
    let left = 4;
    await afterReady(async () => (left-- > 0 ? trouble : undefined), looks);
    expect([left, warned.mock.calls]).toEqual([-1, []]);
  });

  it("are named when they go on like that (F30)", async () => {
    let asked = 0;
    await afterReady(async () => {
      asked += 1;
      return trouble;
    }, looks);
    expect([asked, warned.mock.calls.flat().join()]).toEqual([5, expect.stringContaining(trouble)]);
  });
});
