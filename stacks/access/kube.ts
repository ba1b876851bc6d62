/** SHELL: asks a cluster's API over mutual TLS. The authority is always checked. */
import { Agent, type RequestOptions, request } from "node:https";
import type { TLSSocket } from "node:tls";
import { answerFailure, connectionFailure, type Failure, silence } from "./failure.ts";

export interface Credentials {
  /** `https://203.0.113.7:6443` */
  readonly server: string;
  readonly caCertificate: string;
  readonly adminCertificate: string;
  readonly adminKey: string;
}

/** What the API said, or why it said nothing. */
export type Answer =
  | { readonly kind: "answer"; readonly status: number; readonly text: string }
  | { readonly kind: "failure"; readonly failure: Failure };

export interface Question {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

export interface Kube {
  readonly ask: (question: Question) => Promise<Answer>;
  readonly close: () => void;
}

/** No request here takes this long but one into nowhere. */
const patience = 10_000;

const failed = (error: Error): Answer => ({ kind: "failure", failure: connectionFailure(error) });

function send(target: string, options: RequestOptions, body: string | undefined): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = request(target, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", (error) => resolve(failed(error)));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        const text = Buffer.concat(chunks).toString("utf8");
        const failure = answerFailure(status, text);
        resolve(failure ? { kind: "failure", failure } : { kind: "answer", status, text });
      });
    });
    sent.on("timeout", () => {
      // Its certificate was seen: the way there is open.
      const isThere = (sent.socket as TLSSocket | null)?.authorized === true;
      if (isThere) resolve({ kind: "failure", failure: silence });
      sent.destroy(Object.assign(new Error("timed out"), { code: "ETIMEDOUT" }));
    });
    sent.on("error", (error) => resolve(failed(error)));
    sent.end(body);
  });
}

export function kube({ server, caCertificate, adminCertificate, adminKey }: Credentials, signal: AbortSignal): Kube {
  const agent = new Agent({ keepAlive: true, ca: caCertificate, cert: adminCertificate, key: adminKey });
  const ask = ({ method = "GET", path, contentType, body }: Question) => {
    const headers = { accept: "application/json", ...(contentType ? { "content-type": contentType } : {}) };
    return send(`${server}${path}`, { agent, method, headers, timeout: patience, signal }, body);
  };
  return { ask, close: () => agent.destroy() };
}
