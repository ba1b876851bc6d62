import { isDeepStrictEqual } from "node:util";
import type grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import { unary } from "./answer.ts";
import type { EngineLog } from "./log.ts";
import { type Diff, type DiffRequest, type Provider, type Resource, UserError } from "./resource.ts";
import { decode, encode } from "./values.ts";

function topLevelDiff({ oldInputs, inputs }: DiffRequest): Diff {
  const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(inputs)])];
  const changed = names.filter((name) => !isDeepStrictEqual(oldInputs[name], inputs[name]));
  return { changes: Object.fromEntries(changed.map((name) => [name, "UPDATE"])) };
}

function diffResponse({ changes, deleteBeforeReplace = false }: Diff): proto.DiffResponse {
  const entries = Object.entries(changes);
  const response = new proto.DiffResponse()
    .setChanges(proto.DiffResponse.DiffChanges[entries.length > 0 ? "DIFF_SOME" : "DIFF_NONE"])
    .setDiffsList([...new Set(entries.map(([path]) => path.split(/[.[]/)[0] ?? path))])
    .setReplacesList(entries.filter(([, kind]) => kind.endsWith("_REPLACE")).map(([path]) => path))
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const [path, kind] of entries) {
    const detail = new proto.PropertyDiff().setKind(proto.PropertyDiff.Kind[kind]).setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

/** The answers that are the same for every resource: what the provider is, and its own configuration. */
function providerCalls(provider: Provider, engine: EngineLog, begin: () => void) {
  const capabilities = () => new proto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
  return {
    handshake: unary((request: proto.ProviderHandshakeRequest) => {
      if (request.getEngineAddress()) engine.connect(request.getEngineAddress());
      return new proto.ProviderHandshakeResponse().setAcceptSecrets(true);
    }),
    attach: unary((request: plugin.PluginAttach) => {
      engine.connect(request.getAddress());
      return new empties.Empty();
    }),
    getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(provider.version)),
    getSchema: unary(() => {
      const { name, version } = provider;
      return new proto.GetSchemaResponse().setSchema(JSON.stringify({ name, version }));
    }),
    invoke: unary(async () => {
      await provider.prepare?.();
      return new proto.InvokeResponse().setReturn(encode({}));
    }),
    checkConfig: unary((request: proto.CheckRequest) => new proto.CheckResponse().setInputs(request.getNews())),
    diffConfig: unary((request: proto.DiffRequest) => {
      const same = isDeepStrictEqual(decode(request.getOldInputs()).values, decode(request.getNews()).values);
      return new proto.DiffResponse().setChanges(proto.DiffResponse.DiffChanges[same ? "DIFF_NONE" : "DIFF_SOME"]);
    }),
    configure: unary(async (request: proto.ConfigureRequest) => {
      begin();
      await provider.configure?.(decode(request.getArgs()).values);
      return capabilities();
    }),
  };
}

/** What a request needs besides its properties. */
interface Context {
  readonly resource: (urn: string) => Promise<Resource>;
  readonly about: (urn: string) => {
    readonly urn: string;
    readonly log: ReturnType<EngineLog["about"]>;
    readonly signal: AbortSignal;
  };
}

function planCalls({ resource, about }: Context) {
  return {
    check: unary(async (request: proto.CheckRequest) => {
      const { values: inputs, secrets } = decode(request.getNews());
      const oldInputs = decode(request.getOlds()).values;
      const handler = await resource(request.getUrn());
      const found = await handler.check?.({
        ...about(request.getUrn()),
        inputs,
        secrets,
        oldInputs,
      });
      const failures = (found?.failures ?? []).map(({ property, reason }) =>
        new proto.CheckFailure().setProperty(property).setReason(reason),
      );
      return new proto.CheckResponse().setInputs(encode(found?.inputs ?? inputs, secrets)).setFailuresList(failures);
    }),
    diff: unary(async (request: proto.DiffRequest) => {
      const { values: inputs, secrets } = decode(request.getNews());
      const old = { oldInputs: decode(request.getOldInputs()).values, oldOutputs: decode(request.getOlds()).values };
      const ignoreChanges = request.getIgnorechangesList();
      const args = { ...about(request.getUrn()), id: request.getId(), inputs, secrets, ...old, ignoreChanges };
      const handler = await resource(request.getUrn());
      return diffResponse((await handler.diff?.(args)) ?? topLevelDiff(args));
    }),
  };
}

function changeCalls({ resource, about }: Context) {
  return {
    create: unary(async (request: proto.CreateRequest) => {
      const { values: inputs, secrets } = decode(request.getProperties());
      const how = { preview: request.getPreview(), timeout: request.getTimeout() };
      const handler = await resource(request.getUrn());
      const made = await handler.create({ ...about(request.getUrn()), inputs, secrets, ...how });
      const response = new proto.CreateResponse().setId(made.id).setProperties(encode(made.outputs, secrets));
      return response.setRefreshBeforeUpdate(made.refreshBeforeUpdate ?? false);
    }),
    update: unary(async (request: proto.UpdateRequest) => {
      const { values: inputs, secrets } = decode(request.getNews());
      const old = { oldInputs: decode(request.getOldInputs()).values, oldOutputs: decode(request.getOlds()).values };
      const how = { preview: request.getPreview(), timeout: request.getTimeout() };
      const args = { id: request.getId(), inputs, secrets, ...how, ...old };
      const handler = await resource(request.getUrn());
      const made = await handler.update?.({ ...about(request.getUrn()), ...args });
      if (!made) throw new Error(`${request.getUrn()} cannot be updated in place: its diff must ask for a replacement`);
      const response = new proto.UpdateResponse().setProperties(encode(made.outputs, secrets));
      return response.setRefreshBeforeUpdate(made.refreshBeforeUpdate ?? false);
    }),
  };
}

function existingCalls({ resource, about }: Context) {
  const args = (request: proto.ReadRequest | proto.DeleteRequest) => {
    const old = request instanceof proto.ReadRequest ? request.getInputs() : request.getOldInputs();
    const { values: inputs, secrets } = decode(old);
    const outputs = decode(request.getProperties()).values;
    return { ...about(request.getUrn()), id: request.getId(), inputs, secrets, outputs };
  };
  return {
    read: unary(async (request: proto.ReadRequest) => {
      const handler = await resource(request.getUrn());
      if (!handler.read) {
        const echo = new proto.ReadResponse().setId(request.getId()).setInputs(request.getInputs());
        return echo.setProperties(request.getProperties());
      }
      const { secrets, ...rest } = args(request);
      const found = await handler.read({ ...rest, secrets });
      if (!found) return new proto.ReadResponse();
      const response = new proto.ReadResponse().setId(found.id).setInputs(encode(found.inputs, secrets));
      return response
        .setProperties(encode(found.outputs, secrets))
        .setRefreshBeforeUpdate(found.refreshBeforeUpdate ?? false);
    }),
    delete: unary(async (request: proto.DeleteRequest) => {
      const handler = await resource(request.getUrn());
      await handler.delete?.(args(request));
      return new empties.Empty();
    }),
  };
}

/** The gRPC methods of one provider; what is missing here answers UNIMPLEMENTED by itself. */
export function service(provider: Provider, engine: EngineLog): grpc.UntypedServiceImplementation {
  // A server that the engine attached to lives on after the Cancel that ends every run.
  let controller = new AbortController();
  const begin = () => {
    controller = new AbortController();
  };
  const resource = async (urn: string) => {
    // urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>
    const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const found = provider.resources[token];
    if (found) return found;
    const others = (await provider.others?.()) ?? {};
    if (others[token]) return others[token];
    const known = Object.keys({ ...provider.resources, ...others }).join(", ");
    throw new UserError(`${provider.name} has no resource ${token}; it knows ${known}`);
  };
  const context: Context = { resource, about: (urn) => ({ urn, log: engine.about(urn), signal: controller.signal }) };
  const cancel = unary(() => {
    controller.abort();
    return new empties.Empty();
  });
  const calls = {
    ...providerCalls(provider, engine, begin),
    ...planCalls(context),
    ...changeCalls(context),
    ...existingCalls(context),
    cancel,
  };
  return calls as unknown as grpc.UntypedServiceImplementation;
}
