import { afterEach, describe, expect, it } from "vitest";
import { type Served, serve } from "../provider/protocol.ts";
import { type Resource, UserError } from "../provider/resource.ts";
import { secret, unknown } from "../provider/values.ts";
import { providerClient } from "./provider-client.ts";

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function clientOf(thing: Resource) {
  const served: Served = await serve({ name: "toy", version: "0.1.0", resources: { "toy:index:Thing": thing } });
  const client = providerClient(served.port, "urn:pulumi:dev::project::toy:index:Thing::one");
  open.push(client, served);
  return client;
}

const echo: Resource = { create: ({ inputs }) => ({ id: "1", outputs: inputs }) };

describe("the provider protocol over gRPC", () => {
  it("hands over secrets unwrapped, says where they were, and marks them again on the way back", async () => {
    let seen: unknown;
    const client = await clientOf({
      ...echo,
      check: ({ inputs, secrets }) => {
        seen = { inputs, secrets: [...secrets] };
        return { inputs };
      },
    });
    const news = { files: { "a/b.yaml": secret("hunter2"), "c.yaml": "plain" }, tags: [secret("x")] };
    const { raw } = await client.check(news);
    expect(seen).toEqual({
      inputs: { files: { "a/b.yaml": "hunter2", "c.yaml": "plain" }, tags: ["x"] },
      secrets: ['files["a/b.yaml"]', "tags[0]"],
    });
    expect(raw).toEqual(news);
  });

  it("marks an output as secret when the provider asks for it", async () => {
    const client = await clientOf({ create: () => ({ id: "1", outputs: { key: secret("hunter2"), open: "y" } }) });
    const { secrets } = await client.create({});
    expect([...secrets]).toEqual(["key"]);
  });

  it("reports every typed unknown as the one constant", async () => {
    const client = await clientOf({ ...echo, check: ({ inputs: { n } }) => ({ inputs: { same: n === unknown } }) });
    expect((await client.check({ n: "3eeb2bf0-c639-47a8-9e75-3b44932eb421" })).inputs).toEqual({ same: true });
  });

  it("shows replacements by the kind of the changed property", async () => {
    const client = await clientOf({
      ...echo,
      diff: () => ({ changes: { image: "UPDATE_REPLACE", 'labels["a.b"]': "ADD" } }),
    });
    expect(await client.diff("1", {}, {})).toEqual({
      changes: { image: "UPDATE_REPLACE", 'labels["a.b"]': "ADD" },
      replaces: ["image"],
    });
  });

  it("diffs by top-level input when the resource has no diff of its own", async () => {
    const client = await clientOf(echo);
    expect((await client.diff("1", { a: 1, b: [1] }, { a: 1, b: [2] })).changes).toEqual({ b: "UPDATE" });
  });

  it("tells a gone resource from one that is there", async () => {
    const client = await clientOf({
      ...echo,
      read: ({ id, inputs }) => (id === "1" ? { id, inputs, outputs: {} } : undefined),
    });
    expect((await client.read("1", { a: 1 })).id).toBe("1");
    expect((await client.read("2", { a: 1 })).id).toBe("");
  });

  it("passes on the words of a user's mistake without a stack, and a bug with one", async () => {
    const client = await clientOf({
      create: ({ inputs: { bug } }) => {
        throw bug ? new Error("broken") : new UserError("no such location: use nbg1");
      },
    });
    await expect(client.create({})).rejects.toMatchObject({ details: "no such location: use nbg1" });
    await expect(client.create({ bug: true })).rejects.toMatchObject({
      details: expect.stringMatching(/broken\n\s+at /),
    });
  });

  it("aborts what runs on Cancel, and begins anew with the next Configure", async () => {
    const client = await clientOf({ create: ({ signal }) => ({ id: "1", outputs: { aborted: signal.aborted } }) });
    await client.cancel();
    expect((await client.create({})).outputs).toEqual({ aborted: true });
    await client.configure({});
    expect((await client.create({})).outputs).toEqual({ aborted: false });
  });

  it("prepares itself when a function of it is asked for, and only then", async () => {
    let prepared = 0;
    const prepare = async () => {
      prepared += 1;
    };
    const served = await serve({ name: "toy", version: "0.1.0", resources: {}, prepare });
    const client = providerClient(served.port, "");
    open.push(client, served);
    await client.configure({});
    expect(prepared).toBe(0);
    await client.invoke();
    expect(prepared).toBe(1);
  });

  it("names the resources it knows when asked for another", async () => {
    const served = await serve({ name: "toy", version: "0.1.0", resources: { "toy:index:Thing": echo } });
    const client = providerClient(served.port, "urn:pulumi:dev::project::toy:index:Thong::one");
    open.push(client, served);
    await expect(client.create({})).rejects.toMatchObject({
      details: "toy has no resource toy:index:Thong; it knows toy:index:Thing",
    });
  });
});
