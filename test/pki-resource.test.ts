import { X509Certificate } from "node:crypto";
import grpc from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, describe, expect, it } from "vitest";
import { pki } from "../provider/pki.ts";
import { serve } from "../provider/protocol.ts";
import { decode, encode, type Properties, secret, unknown } from "../provider/values.ts";
import { providerClient } from "./provider-client.ts";

const urn = "urn:pulumi:prod::project::gitops:index:Pki::prod";
const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** The resource over gRPC, at a time that the test sets. */
async function served() {
  const clock = { now: new Date("2026-03-01T12:00:00Z") };
  const server = await serve({
    name: "gitops",
    version: "0.1.0",
    resources: { "gitops:index:Pki": pki(() => clock.now) },
  });
  const client = providerClient(server.port, urn);
  const raw = new rpc.ResourceProviderClient(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  open.push(client, raw, server);
  const update = (
    state: { readonly inputs: Properties; readonly outputs: Properties },
    news: Properties,
    preview: boolean,
  ) => {
    const request = new proto.UpdateRequest().setUrn(urn).setId("prod").setPreview(preview).setNews(encode(news));
    request.setOldInputs(encode(state.inputs)).setOlds(encode(state.outputs));
    return new Promise<ReturnType<typeof decode>>((resolve, reject) =>
      raw.update(request, (error, response) => (error ? reject(error) : resolve(decode(response.getProperties())))),
    );
  };
  const created = async () => {
    const { inputs } = await client.check({ cluster: "prod" });
    return { inputs, ...(await client.create(inputs)) };
  };
  return { client, clock, update, created };
}

const keys = ["adminKey", "agentToken", "rootKey", "serverFiles", "serverToken"];
const kept = ["serverFiles", "serverToken", "agentToken", "caCertificate", "rootCertificate", "rootKey"];

describe("gitops:index:Pki over gRPC", () => {
  it("marks every output that holds key material as secret, and only those", async () => {
    const { created } = await served();
    const { id, outputs, secrets } = await created();
    expect(id).toBe("prod");
    expect([...secrets].toSorted()).toEqual(keys);
    for (const [name, value] of Object.entries(outputs))
      if (/PRIVATE KEY|K10[0-9a-f]{64}/.test(JSON.stringify(value))) expect(keys).toContain(name);
    expect(Object.keys(outputs).toSorted()).toEqual(
      [...keys, "adminCertificate", "caCertificate", "expires", "rootCertificate"].toSorted(),
    );
  });

  it("gives the admin certificate the end that the preview named, a year from now", async () => {
    const { client, created } = await served();
    const { outputs } = await created();
    const { inputs } = await client.check({ cluster: "prod" });
    expect(inputs).toEqual({ cluster: "prod", expires: "2027-03-01T00:00:00.000Z" });
    const { validTo } = new X509Certificate(String(outputs["adminCertificate"]));
    expect(new Date(validTo).toISOString()).toBe(inputs["expires"]);
  });

  it("says in a preview only what it knows, and that the rest will be secret", async () => {
    const { client } = await served();
    const { inputs } = await client.check({ cluster: "prod" });
    const { outputs, secrets } = await client.create(inputs, true);
    expect(outputs).toMatchObject({
      expires: "2027-03-01T00:00:00.000Z",
      caCertificate: unknown,
      serverFiles: unknown,
    });
    expect([...secrets].toSorted()).toEqual(keys);
  });

  it("has nothing to do with the same input, until 120 days before the end", async () => {
    const { client, clock, created } = await served();
    const { inputs } = await created();
    clock.now = new Date("2026-10-31T23:00:00Z");
    const checked = await client.check({ cluster: "prod" }, inputs);
    expect((await client.diff("prod", inputs, checked.inputs)).changes).toEqual({});
  });

  it("renews within 120 days of the end, as an update of the date and no replacement", async () => {
    const { client, clock, created } = await served();
    const { inputs } = await created();
    clock.now = new Date("2026-11-02T00:00:00Z");
    const checked = await client.check({ cluster: "prod" }, inputs);
    expect(checked.inputs["expires"]).toBe("2027-11-02T00:00:00.000Z");
    expect(await client.diff("prod", inputs, checked.inputs)).toEqual({ changes: { expires: "UPDATE" }, replaces: [] });
  });

  it("warns of the end that comes near, in the preview that renews it, and of no other", async () => {
    const told: string[] = [];
    const log = async (severity: string, message: string) => {
      told.push(`${severity} ${message}`);
    };
    const check = (now: string) => {
      const request = { secrets: new Set<string>(), urn, signal: new AbortController().signal, log };
      const oldInputs = { cluster: "prod", expires: "2027-03-01T00:00:00.000Z" };
      return pki(() => new Date(now)).check?.({ ...request, inputs: { cluster: "prod" }, oldInputs });
    };
    await check("2026-10-01T00:00:00Z");
    expect(told).toEqual([]);
    await check("2027-02-01T00:00:00Z");
    const words = "the kubeconfig's certificate ends on 2027-03-01: this update makes one until 2028-02-01";
    expect(told).toEqual([`WARNING ${words}; fetch the kubeconfig anew`]);
  });

  it("makes a new admin certificate under the same client CA on update, and leaves everything else as it was", async () => {
    const { client, clock, created, update } = await served();
    const state = await created();
    clock.now = new Date("2026-11-02T00:00:00Z");
    const { inputs } = await client.check({ cluster: "prod" }, state.inputs);
    const after = await update(state, inputs, false);
    for (const name of kept) expect(after.values[name]).toEqual(state.outputs[name]);
    expect([...after.secrets].toSorted()).toEqual(keys);
    expect(after.values["adminKey"]).not.toBe(state.outputs["adminKey"]);
    const admin = new X509Certificate(String(after.values["adminCertificate"]));
    const files = state.outputs["serverFiles"] as { readonly [path: string]: string };
    expect(admin.checkIssued(new X509Certificate(files["client-ca.crt"] ?? ""))).toBe(true);
    expect(new Date(admin.validTo).toISOString()).toBe("2027-11-02T00:00:00.000Z");
    expect(after.values["expires"]).toBe("2027-11-02T00:00:00.000Z");
  });

  it("previews a renewal with the new admin access unknown and the rest known", async () => {
    const { created, update } = await served();
    const state = await created();
    const { values, secrets } = await update(state, { ...state.inputs, expires: "2027-11-02T00:00:00.000Z" }, true);
    expect(values).toEqual({
      ...state.outputs,
      adminCertificate: unknown,
      adminKey: unknown,
      expires: "2027-11-02T00:00:00.000Z",
    });
    expect([...secrets].toSorted()).toEqual(keys);
  });

  it("renews at once, and the admin access alone, when its rotation is raised", async () => {
    const { client, clock, created, update } = await served();
    const state = await created();
    clock.now = new Date("2026-04-01T00:00:00Z");
    const { inputs, failures } = await client.check({ cluster: "prod", adminRotation: 2 }, state.inputs);
    expect([inputs["expires"], failures]).toEqual(["2027-04-01T00:00:00.000Z", []]);
    const { values } = await update(state, inputs, false);
    for (const name of kept) expect(values[name]).toEqual(state.outputs[name]);
    expect(values["adminKey"]).not.toBe(state.outputs["adminKey"]);
    clock.now = new Date("2026-05-01T00:00:00Z");
    const again = await client.check({ cluster: "prod", adminRotation: 2 }, inputs);
    expect(again.inputs).toEqual(inputs);
  });

  it("makes another token for agents when its rotation is raised, and leaves everything else as it was", async () => {
    const { client, created, update } = await served();
    const state = await created();
    const { inputs, failures } = await client.check({ cluster: "prod", agentRotation: 2 }, state.inputs);
    expect([failures, await client.diff("prod", state.inputs, inputs)]).toEqual([
      [],
      { changes: { agentRotation: "UPDATE" }, replaces: [] },
    ]);
    expect((await update(state, inputs, true)).values).toEqual({ ...state.outputs, agentToken: unknown });
    const { values, secrets } = await update(state, inputs, false);
    expect({ ...values, agentToken: "" }).toEqual({ ...state.outputs, agentToken: "" });
    const [before, after] = [state.outputs, values].map(({ agentToken }) => String(agentToken).split("."));
    expect([after?.[0], after?.[1] === before?.[1]]).toEqual([before?.[0], false]);
    expect([...secrets].toSorted()).toEqual(keys);
  });

  it("takes a state in which the servers' token was its own affair, and keeps that token", async () => {
    const { client, created, update } = await served();
    const state = await created();
    const { inputs, failures } = await client.check({ cluster: "prod" }, { ...state.inputs, serverRotation: 2 });
    expect([failures, inputs]).toEqual([[], state.inputs]);
    const { values } = await update({ ...state, inputs: { ...state.inputs, serverRotation: 2 } }, inputs, false);
    expect(values).toEqual(state.outputs);
  });

  it("refuses another token for agents where the cluster would never hear of it, and only then", async () => {
    const { client, created } = await served();
    const { inputs } = await created();
    const check = (news: Properties, olds?: Properties) => client.check({ cluster: "prod", ...news }, olds);
    expect(await check({ reached: false }, inputs)).toMatchObject({ inputs, raw: inputs, failures: [] });
    expect((await check({ reached: false, agentRotation: 2 })).failures).toEqual([]);
    const [failure] = (await check({ reached: false, agentRotation: 2 }, inputs)).failures;
    expect(failure?.reason).toMatch(/^cluster\.rotate\.agentToken would take .* or set cluster\.access to direct/);
  });

  it("keeps every authority when the cluster is renamed", async () => {
    const { client, created, update } = await served();
    const state = await created();
    const { inputs } = await client.check({ cluster: "production" }, state.inputs);
    expect(await client.diff("prod", state.inputs, inputs)).toEqual({ changes: { cluster: "UPDATE" }, replaces: [] });
    const { values } = await update(state, inputs, false);
    for (const name of kept) expect(values[name]).toEqual(state.outputs[name]);
    expect(new X509Certificate(String(values["adminCertificate"])).subject).toContain("CN=production-pulumi");
  });

  it("believes the state on read and deletes nothing", async () => {
    const { client, created } = await served();
    const { inputs, outputs } = await created();
    expect(await client.read("prod", inputs, outputs)).toMatchObject({ id: "prod", inputs });
    await expect(client.remove("prod", inputs)).resolves.toBeUndefined();
  });

  it.each(["", "Prod", "-prod", "p".repeat(41), 7])("refuses the cluster name '%s'", async (cluster) => {
    const { client } = await served();
    const { failures } = await client.check({ cluster });
    expect(failures).toEqual([{ property: "cluster", reason: "use 1 to 40 lowercase letters, digits and '-'" }]);
  });

  it("takes a cluster name that only the update will know", async () => {
    const { client } = await served();
    expect((await client.check({ cluster: unknown })).failures).toEqual([]);
  });

  it("refuses an input that it would not read", async () => {
    const { client } = await served();
    const { failures } = await client.check({ cluster: "prod", sans: secret("x") });
    expect(failures).toEqual([
      { property: "sans", reason: "is no input here; Pki takes cluster, adminRotation, agentRotation" },
    ]);
  });
});
