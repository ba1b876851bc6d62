const addressInUse =
  "The address belongs to another server. Unassign it in the Hetzner console (Primary IPs), with that server switched off.";

const down =
  "Hetzner's API does not work now, or cannot be reached from here (status.hetzner.com). Run `pulumi up --refresh` later: it " +
  "looks at what exists by now and goes on from here.";

const busy = "Hetzner is still at work on it. Run the same again in a minute, an `up` as `pulumi up --refresh`.";

/** The provider keeps such a thing in the state as if it were complete; only a refresh tells the difference. */
const halfMade =
  "Hetzner began this and did not finish it. What exists by now is in the state: `pulumi up --refresh` adds what is missing. A " +
  "server that the preview then calls switched off has to be switched on in the Hetzner console, or deleted there, after " +
  "which the same command makes it again.";

/** What a person can do about an error of Hetzner's API, by its code (docs.hetzner.cloud, "Errors"). */
const waysOut: { readonly [code: string]: string } = {
  uniqueness_error:
    "Something of this name exists at Hetzner and is not in this stack's state. Look at its labels in the Hetzner console, " +
    "then delete it or rename it there, or take it over with `pulumi import`.",
  resource_limit_exceeded:
    "The project's limit at Hetzner is reached. Ask for a higher one in the Hetzner console (Limits), or lower the counts in " +
    "the stage's cluster. What exists by now stays; the next `pulumi up` goes on from here.",
  resource_unavailable:
    "Hetzner has no such server left at this location. Choose another type or location in the stage's cluster, or try again " +
    "later; what exists by now stays.",
  placement_error: "Hetzner finds no separate host for this server now. Try again later; what exists by now stays.",
  unauthorized: "Hetzner does not know this token. Set a valid one: pulumi config set --secret hcloud:token",
  token_readonly: "This token may only read. Make one for reading and writing: pulumi config set --secret hcloud:token",
  forbidden: "The token may not do this. Check in the Hetzner console that it belongs to the stage's project.",
  rate_limit_exceeded:
    "The project's 3600 requests an hour are used up. Wait a few minutes, then run `pulumi up --refresh`.",
  protected:
    "It is protected against deletion. If it really is to go, set cluster.protect to false in the stage's file and run " +
    "`pulumi up`, which lifts the protection at Hetzner and in Pulumi.",
  primary_ip_assigned: addressInUse,
  primary_ip_already_assigned: addressInUse,
  must_be_unassigned: addressInUse,
  invalid_input:
    "Hetzner refuses a value; the field stands in the brackets behind the message, when Hetzner names one. What exists by " +
    "now stays.",
  maintenance: "Hetzner is doing maintenance (status.hetzner.com). Run `pulumi up --refresh` later.",
  ...{ locked: busy, conflict: busy, service_error: busy, resource_already_detaching: busy },
  ...{ server_error: down, bad_gateway: down, unavailable: down, timeout: down },
};

/** How Go's HTTP client, gRPC and Node say that there was no answer, or none of the API's. */
const lost =
  /EOF|connection re(set|fused)|ECONNRE|socket hang up|other side closed|i\/o timeout|deadline exceeded|no such host|EAI_AGAIN|status code 5\d\d/;

/** A plugin that ends in the middle of a call, as gRPC tells it. terraform-provider-hcloud does on some answers. */
const crash = /code = Unavailable|panic:|nil pointer dereference/;

const crashed =
  "The hcloud plugin itself ended. It does when something was deleted by hand, or when Hetzner's answer lacks a detail: run " +
  "`pulumi up --refresh`.";

/** The provider writes an API error as `message (code, correlation id)`. */
const codesOf = (error: string): readonly string[] =>
  [...error.matchAll(/\(([a-z_]+)[,)]/g)].map(([, code = ""]) => code);

/** An action's error has the action's number in the place of the correlation id, which is a long hexadecimal one. */
const failedAction = /\([a-z_]+, \d{1,15}\)|actions not found|context deadline exceeded/;

/** The engine's form of the reasons why something was made and not finished (its InitError); it is in the state then. */
export const isHalfMade = (error: string): boolean => /^\s*\d+ errors? occurred:/.test(error);

/** Nothing for an error that is not known here. */
export function wayOut(error: string): string | undefined {
  if (isHalfMade(error) || failedAction.test(error)) return halfMade;
  const known = codesOf(error)
    .map((code) => waysOut[code])
    .find((sentence) => sentence !== undefined);
  if (known) return known;
  if (crash.test(error)) return crashed;
  return lost.test(error) ? down : undefined;
}

/** Hetzner is doing it already, and says so instead of waiting with us. */
export const isTooEarly = (error: string): boolean => codesOf(error).includes("resource_already_detaching");

/** After which nobody knows whether a create was done: its answer was lost, or the name is taken, perhaps by its first try. */
export const isUnsure = (error: string): boolean =>
  codesOf(error).some((code) => code === "uniqueness_error" || waysOut[code] === down) ||
  crash.test(error) ||
  lost.test(error);
