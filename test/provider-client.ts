/** The engine's side of the provider protocol, for tests: one resource of one provider, over plain values. */
import grpc from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import { decode, encode, type Properties } from "../provider/values.ts";

const calls = rpc.ResourceProviderService;
const none: Properties = {};

export function providerClient(port: number, urn: string) {
  const unlimited = { "grpc.max_receive_message_length": -1 };
  const client = new rpc.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), unlimited);
  const send = <Q, S>(method: grpc.MethodDefinition<Q, S>, request: Q) =>
    new Promise<S>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const answered = (error: grpc.ServiceError | null, response?: S) =>
        response ? resolve(response) : reject(error);
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, answered);
    });

  return {
    close: () => client.close(),
    handshake: (engine: string) => send(calls.handshake, new proto.ProviderHandshakeRequest().setEngineAddress(engine)),
    configure: (args: Properties) => send(calls.configure, new proto.ConfigureRequest().setArgs(encode(args))),
    invoke: () => send(calls.invoke, new proto.InvokeRequest().setTok("toy:index:prepare")),
    cancel: () => send(calls.cancel, new empties.Empty()),
    async check(news: Properties, olds = none) {
      const request = new proto.CheckRequest().setUrn(urn).setNews(encode(news)).setOlds(encode(olds));
      const response = await send(calls.check, request);
      const failures = response.getFailuresList().map((failure) => failure.toObject());
      return { inputs: decode(response.getInputs()).values, raw: response.getInputs()?.toJavaScript(), failures };
    },
    async diff(id: string, oldInputs: Properties, news: Properties) {
      const request = new proto.DiffRequest().setUrn(urn).setId(id).setOlds(encode(none));
      const response = await send(calls.diff, request.setOldInputs(encode(oldInputs)).setNews(encode(news)));
      const kind = (detail: proto.PropertyDiff) =>
        Object.entries(proto.PropertyDiff.Kind).find(([, number]) => number === detail.getKind())?.[0];
      const details = [...response.getDetaileddiffMap().entries()].map(([path, detail]) => [path, kind(detail)]);
      return { changes: Object.fromEntries(details) as Record<string, string>, replaces: response.getReplacesList() };
    },
    async create(inputs: Properties, preview = false) {
      const request = new proto.CreateRequest().setUrn(urn).setProperties(encode(inputs)).setPreview(preview);
      const response = await send(calls.create, request);
      const outputs = decode(response.getProperties());
      return {
        id: response.getId(),
        outputs: outputs.values,
        secrets: outputs.secrets,
        refresh: response.getRefreshBeforeUpdate(),
      };
    },
    async read(id: string, inputs: Properties, outputs = none) {
      const request = new proto.ReadRequest().setUrn(urn).setId(id).setInputs(encode(inputs));
      const response = await send(calls.read, request.setProperties(encode(outputs)));
      return {
        id: response.getId(),
        inputs: decode(response.getInputs()).values,
        refresh: response.getRefreshBeforeUpdate(),
      };
    },
    async update(
      id: string,
      olds: Properties,
      { news, preview = false }: { readonly news: Properties; readonly preview?: boolean },
    ) {
      const request = new proto.UpdateRequest().setUrn(urn).setId(id).setOldInputs(encode(olds)).setOlds(encode(none));
      const response = await send(calls.update, request.setNews(encode(news)).setPreview(preview));
      return decode(response.getProperties()).values;
    },
    async remove(id: string, inputs: Properties) {
      const request = new proto.DeleteRequest().setUrn(urn).setId(id).setProperties(encode(none));
      await send(calls.delete, request.setOldInputs(encode(inputs)));
    },
  };
}
