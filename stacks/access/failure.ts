/**
 * What stands between here and a cluster's API, by who has to do something about it. An answer of the API itself is no
 * failure of the way to it, whatever it says.
 */
export type FailureKind =
  | "refused"
  | "unreachable"
  | "authority"
  | "name"
  | "clock"
  | "unauthorized"
  | "forbidden"
  | "server"
  | "other";

export interface Failure {
  readonly kind: FailureKind;
  /** What was seen, in one clause. */
  readonly seen: string;
}

/** By the code that Node gives an error of its sockets or of TLS. */
const codes: { readonly [code: string]: FailureKind } = {
  ECONNREFUSED: "refused",
  ECONNRESET: "refused",
  EPIPE: "refused",
  ETIMEDOUT: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "authority",
  UNABLE_TO_GET_ISSUER_CERT: "authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "authority",
  SELF_SIGNED_CERT_IN_CHAIN: "authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "authority",
  CERT_SIGNATURE_FAILURE: "authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "name",
  CERT_NOT_YET_VALID: "clock",
  CERT_HAS_EXPIRED: "clock",
};

const words: { readonly [kind in FailureKind]: string } = {
  refused: "nothing listens there yet (connection refused)",
  unreachable: "no answer (connection timed out)",
  authority: "another certificate authority answers (TLS)",
  name: "its certificate is for another address (TLS)",
  clock: "a certificate is not valid now (TLS)",
  unauthorized: "the API does not accept the admin certificate (401)",
  forbidden: "the admin certificate may not do this (403)",
  server: "the API answers with an error",
  other: "the connection failed",
};

const waysOut: { readonly [kind in FailureKind]: string } = {
  refused:
    "k3s has not started. The server's console in the Hetzner console shows the phase that its bootstrap is in, and why.",
  unreachable:
    "Is the address of this machine in cluster.api.allow of the stage, and does the server run? The Hetzner console shows " +
    "the firewall and the server's console. Where this machine cannot reach it at all, `access: none` does without.",
  authority:
    "k3s made authorities of its own, or another machine has this address. Compare the address with the Hetzner console; a " +
    "server that was installed without this stage's authorities has to be replaced.",
  name: "The endpoint is not among the names that the server was installed with; it has to be replaced, or the endpoint is wrong.",
  clock:
    "Compare the clocks of this machine and of the server. Where both are right the server's certificate has ended: k3s renews " +
    "its own when it starts, so restart the server in the Hetzner console.",
  unauthorized:
    "The server trusts another client authority: it was not installed with this stage's files and has to be replaced.",
  forbidden: "Somebody changed who may do what in this cluster: the group system:masters may always do everything.",
  server:
    "Usually etcd has no majority or its disk is full. The server's console shows k3s' own words; a second server that is " +
    "down has to come back.",
  other: "The server's console in the Hetzner console says more.",
};

/** Nothing heals these but somebody who does something: they are not waited for until the end. */
const lasting: readonly FailureKind[] = ["authority", "name", "unauthorized", "forbidden"];

export const isLasting = ({ kind }: Failure): boolean => lasting.includes(kind);
export const wayOut = ({ kind }: Failure): string => waysOut[kind];

/** From an error of a socket or of TLS. */
export function connectionFailure(error: Error & { readonly code?: string | undefined }): Failure {
  const { code = "", message } = error;
  const kind =
    codes[code] ?? (/alert (bad|unknown|certificate)|certificate required/i.test(message) ? "unauthorized" : "other");
  return { kind, seen: kind === "other" ? `${words.other}: ${message}` : words[kind] };
}

/** Of an API that took a request and said nothing, as it does for a while when its etcd has lost its majority. */
export const silence: Failure = { kind: "server", seen: "the API takes requests and answers none" };

/** What /readyz says of each check; a whole answer says much more. */
const failedChecks = (text: string): string =>
  [...text.matchAll(/^\[-\](\S+) failed/gm)].map(([, name]) => name).join(", ");

/** From an answer that is not what was asked for; `undefined` for one that is. */
export function answerFailure(status: number, text: string): Failure | undefined {
  if (status === 401) return { kind: "unauthorized", seen: words.unauthorized };
  if (status === 403) return { kind: "forbidden", seen: words.forbidden };
  if (status < 500) return undefined;
  const checks = failedChecks(text);
  const detail = checks ? `not ready: ${checks}` : text.replaceAll(/\s+/g, " ").trim().slice(0, 200);
  return { kind: "server", seen: `${words.server} (${status}${detail ? `: ${detail}` : ""})` };
}
