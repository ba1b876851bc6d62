import { describe, expect, it } from "vitest";
import { isHalfMade, isUnsure, wayOut } from "../stacks/cluster/way-out.ts";

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
  });
});

describe("the way out of", () => {
  it.each([
    ["F11", "token is only allowed to perform GET requests (token_readonly, 1a2b)", "Make one for reading and writing"],
    ["F42", "invalid input in field 'name' (invalid_input, 1a2b): [name => [is odd]]", "Hetzner refuses a value"],
    ["F42", "invalid input (invalid_input, 1a2b): []", "Hetzner refuses a value"],
    ["F43", "Primary IP limit exceeded (resource_limit_exceeded, 1a2b)", "Ask for a higher one"],
    ["F43", "primary IP is already assigned (primary_ip_already_assigned, 1a2b)", "belongs to another server"],
    ["F43", "server is delete protected (protected, 1a2b)", "set cluster.protect to false"],
    ["F45", "dial tcp 127.0.0.1:1: connect: connection refused", "status.hetzner.com"],
    ["F45", 'Post "https://api.hetzner.cloud/v1/servers": EOF', "status.hetzner.com"],
    ["F45", "bad gateway (bad_gateway, 1a2b)", "Run `pulumi up --refresh` later"],
    [
      "the plugin's own end",
      "rpc error: code = Unavailable desc = error reading from server: EOF",
      "`pulumi up --refresh`",
    ],
  ])("%s: %s", (_, error, words) => expect(wayOut(error)).toContain(words));

  it("a fault leaves it open whether a creation was done; other refusals do not", () => {
    expect(isUnsure("bad gateway (bad_gateway, 1a2b)")).toBe(true);
    expect(isUnsure("server name is already used (uniqueness_error, 1a2b)")).toBe(true);
    expect(isUnsure('Post "https://api.hetzner.cloud/v1/servers": read: connection reset by peer')).toBe(true);
    expect(isUnsure("error during placement (resource_unavailable, 1a2b)")).toBe(false);
    expect(isUnsure("invalid input in field 'name' (invalid_input, 1a2b)")).toBe(false);
  });
});

it("what Hetzner began and did not finish is in the state, whatever the reason, and a refresh goes on with it (F21)", () => {
  const lost = '1 error occurred:\n\t* GET "https://api.hetzner.cloud/v1/actions?id=7": EOF\n\n';
  expect([isHalfMade(lost), isHalfMade("bad gateway (bad_gateway, 1a2b)")]).toEqual([true, false]);
  for (const error of [lost, "attaching failed (action_failed, 1033)", "actions not found: 1033"])
    expect(wayOut(error)).toContain("`pulumi up --refresh` adds what is missing");
});
