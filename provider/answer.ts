/** How one gRPC method is answered: with what the work gives, or with its error in the engine's form. */
import grpc from "@grpc/grpc-js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import anys from "google-protobuf/google/protobuf/any_pb.js";
import { type Awaitable, HalfMadeError, UserError } from "./resource.ts";
import { encode } from "./values.ts";

interface Call<Q> {
  readonly request: Q;
}
type Callback<S> = (error: Partial<grpc.ServiceError> | null, response?: S) => void;

/** As Go's gRPC carries an error's details, where the engine looks for what was made all the same. */
function halfMade({ message, id, outputs }: HalfMadeError): grpc.Metadata {
  const made = new proto.ErrorResourceInitFailed().setId(id).setProperties(encode(outputs)).setReasonsList([message]);
  const detail = new anys.Any();
  detail.pack(made.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statuses.Status().setCode(grpc.status.UNKNOWN).setMessage(message);
  status.addDetails(detail);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return metadata;
}

/** A user's mistake keeps its words only; a bug shows its stack. */
function failure(error: unknown): Partial<grpc.ServiceError> {
  const details =
    error instanceof UserError || !(error instanceof Error) ? String((error as Error).message ?? error) : error.stack;
  const metadata = error instanceof HalfMadeError ? { metadata: halfMade(error) } : {};
  return { code: grpc.status.UNKNOWN, details: details ?? "unknown error", ...metadata };
}

export function unary<Q, S>(work: (request: Q) => Awaitable<S>) {
  return (call: Call<Q>, callback: Callback<S>) => {
    const answer = async () => work(call.request);
    answer().then(
      (response) => callback(null, response),
      (error) => callback(failure(error)),
    );
  };
}
