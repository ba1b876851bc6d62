import grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import { printable } from "../stacks/terminal/printable.ts";

export type Severity = "DEBUG" | "INFO" | "WARNING" | "ERROR";

/**
 * Prints beside the resource in the CLI's display, in previews as well. What is `passing` is gone with the next message:
 * progress that nobody wants to read again at the end.
 */
export type Log = (severity: Severity, message: string, how?: { readonly passing: boolean }) => Promise<void>;

export interface EngineLog {
  readonly connect: (address: string) => void;
  readonly about: (urn: string) => Log;
  readonly close: () => void;
}

/** The engine's log. Its address comes by argument, Handshake or Attach; before that, messages have nobody to go to. */
export function engineLog(address?: string): EngineLog {
  let client: InstanceType<typeof engineRpc.EngineClient> | undefined;
  const close = () => client?.close();
  const connect = (target: string) => {
    close();
    client = new engineRpc.EngineClient(target, grpc.credentials.createInsecure());
  };
  if (address) connect(address);
  const about =
    (urn: string): Log =>
    async (severity, message, { passing } = { passing: false }) => {
      const request = new engine.LogRequest()
        .setSeverity(engine.LogSeverity[severity])
        .setMessage(printable(message))
        .setUrn(urn);
      request.setEphemeral(passing);
      // A message that cannot be delivered must not fail the work it is about.
      await new Promise<void>((resolve) => (client ? client.log(request, () => resolve()) : resolve()));
    };
  return { connect, about, close };
}
