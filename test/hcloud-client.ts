/** The engine's side of one hcloud resource, for tests: checks before it does anything, and keeps the state in between. */
import grpc from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import { decode, encode, type Properties } from "../provider/values.ts";

const calls = rpc.ResourceProviderService;

export interface State {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** A creation that got stuck: the engine keeps what there is. */
export class HalfMade extends Error {
  readonly id: string;
  readonly outputs: Properties;

  constructor(message: string, made: proto.ErrorResourceInitFailed) {
    super(message);
    this.id = made.getId();
    this.outputs = decode(made.getProperties()).values;
  }
}

function refusal({ details, metadata }: grpc.ServiceError): Error {
  const [packed] = metadata.get("grpc-status-details-bin");
  if (!(packed instanceof Buffer)) return new Error(details);
  const detail = statuses.Status.deserializeBinary(new Uint8Array(packed)).getDetailsList()[0]?.getValue_asU8();
  return new HalfMade(details, proto.ErrorResourceInitFailed.deserializeBinary(detail ?? new Uint8Array()));
}

export function hcloudClient(port: number) {
  const client = new rpc.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const send = <Q, S>(method: grpc.MethodDefinition<Q, S>, request: Q) =>
    new Promise<S>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const answered = (error: grpc.ServiceError | null, response?: S) =>
        response ? resolve(response) : reject(error ? refusal(error) : new Error("no answer"));
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, answered);
    });
  const configure = (args: Properties) => send(calls.configure, new proto.ConfigureRequest().setArgs(encode(args)));
  return { configure, close: () => client.close(), resource: (token: string) => resource(send, token) };
}

type Send = <Q, S>(method: grpc.MethodDefinition<Q, S>, request: Q) => Promise<S>;

function resource(send: Send, token: string) {
  const urn = `urn:pulumi:dev::k3s-stages::hcloud:index/${token}::it`;
  const check = async (news: Properties, olds: Properties = {}) => {
    const request = new proto.CheckRequest().setUrn(urn).setNews(encode(news)).setOlds(encode(olds));
    const response = await send(calls.check, request);
    const failures = response.getFailuresList().map((failure) => failure.getProperty());
    return { inputs: decode(response.getInputs()).values, failures };
  };
  return {
    check,
    async create(news: Properties, preview = false): Promise<State> {
      const { inputs } = await check(news);
      const request = new proto.CreateRequest().setUrn(urn).setProperties(encode(inputs)).setPreview(preview);
      const response = await send(calls.create, request);
      return { id: response.getId(), inputs, outputs: decode(response.getProperties()).values };
    },
    async diff({ id, inputs, outputs }: State, news: Properties, ignoreChanges: readonly string[] = []) {
      const wanted = (await check(news, inputs)).inputs;
      const request = new proto.DiffRequest().setUrn(urn).setId(id).setOlds(encode(outputs)).setNews(encode(wanted));
      const response = await send(
        calls.diff,
        request.setOldInputs(encode(inputs)).setIgnorechangesList([...ignoreChanges]),
      );
      return {
        changes: response.getDiffsList(),
        replaces: response.getReplacesList(),
        deleteFirst: response.getDeletebeforereplace(),
      };
    },
    async update({ id, inputs, outputs }: State, news: Properties): Promise<State> {
      const wanted = (await check(news, inputs)).inputs;
      const request = new proto.UpdateRequest().setUrn(urn).setId(id).setOlds(encode(outputs)).setNews(encode(wanted));
      const response = await send(calls.update, request.setOldInputs(encode(inputs)));
      return { id, inputs: wanted, outputs: decode(response.getProperties()).values };
    },
    /** `undefined`: gone. */
    async read({ id, inputs, outputs }: State): Promise<State | undefined> {
      const request = new proto.ReadRequest().setUrn(urn).setId(id).setInputs(encode(inputs));
      const response = await send(calls.read, request.setProperties(encode(outputs)));
      if (response.getId() === "") return undefined;
      const found = { inputs: decode(response.getInputs()).values, outputs: decode(response.getProperties()).values };
      return { id: response.getId(), ...found };
    },
    async remove({ id, inputs, outputs }: State): Promise<void> {
      const request = new proto.DeleteRequest().setUrn(urn).setId(id).setProperties(encode(outputs));
      await send(calls.delete, request.setOldInputs(encode(inputs)));
    },
  };
}
