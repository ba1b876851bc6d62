import { describe, expect, it } from "vitest";
import { freePorts } from "../sandbox/ports.ts";

describe("free ports", () => {
  it("are none that the system gives to outgoing connections, and none twice", async () => {
    const ports = (await Promise.all([freePorts(200), freePorts(200)])).flat();
    expect(new Set(ports).size).toBe(400);
    expect(ports.filter((port) => port < 16_384 || port >= 32_768)).toEqual([]);
  });
});
