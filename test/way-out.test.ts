import { describe, expect, it } from "vitest";
import { wayOut } from "../stacks/cluster/way-out.ts";

describe("what can be done about an error of Hetzner's", () => {
  it.each([
    ["server name is already used (uniqueness_error, 1a2b)", "pulumi import"],
    ["server limit exceeded (resource_limit_exceeded, 1a2b)", "Ask for a higher one"],
    ["unsupported location for server type (resource_unavailable, 1a2b)", "another type or location"],
    [
      "creating server: token is only allowed to perform GET requests (token_readonly, 1a2b)",
      "for reading and writing",
    ],
    ["server deletion is protected (protected, 1a2b)", "cluster.protect to false"],
    ["unable to authenticate (unauthorized)", "hcloud:token"],
  ])("%s", (error, words) => expect(wayOut(error)).toContain(words));

  it("says nothing about what it does not know", () => {
    expect(wayOut("something else (another_code, 1a2b)")).toBeUndefined();
    expect(wayOut("dial tcp 127.0.0.1:1: connection refused")).toBeUndefined();
  });
});
