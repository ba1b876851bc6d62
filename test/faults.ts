/**
 * What can go wrong, and what must happen then. The tests that prove a row name it, as in "(F31)" or "(F31, F44)"; the runs of
 * the tests hold docs/faults.md to that (commands/faults/).
 */

/** C configuration and preview, E Hetzner's API, S state and engine, N a node's scripts, K Kubernetes and Flux, G git. */
type Layer = "C" | "E" | "S" | "N" | "K" | "G";

export interface Fault {
  readonly id: string;
  readonly layer: Layer;
  /** What is done to the program, then what must come of it. */
  readonly text: string;
}

const of = (layer: Layer, rows: { readonly [id: string]: string }): Fault[] =>
  Object.entries(rows).map(([id, text]) => ({ id, layer, text }));

const byLayer: readonly Fault[] = [
  ...of("C", {
    F1: '0, 2, 4, 2.5 or `"3"` servers → refused with the numbers that have a quorum',
    F2: "a network that overlaps, /33, host bits, IPv6 → refused with both ranges",
    F3: "a stage named `Prod_1`, `../x`, with 70 letters, none or foreign ones → refused before any path is made of it",
    F4: "a key with a typing error → refused with the key that was meant",
    F5: "more servers than a placement group takes, more nodes than a network takes → spread, or refused with the sum",
    F6: "a location in another network zone → refused with the locations of the zone",
    F7: "an ARM type without digests or image for it → refused",
    F8: "everyone let in to the API, a range with host bits → refused unless said so, never made wider in silence",
    F9: "user data above Hetzner's limit → refused with the size of each file; at the limit it passes",
    F10: "a digest of zeros, of 63 digits or in capitals; a version that moves → refused",
    F11: "a token of 63 or 65 characters, with a line break, without the right to write → said before the first write",
    F12: "a node twice, or node 1 of 3 removed → names and addresses of the others stay",
  }),
  ...of("E", {
    F13: "a type that cannot be ordered there → refused with those that can",
    F14: "a type after its last day, or unknown → refused with its successor",
    F15: "no capacity for the second of three servers → stops; the next run makes only what is missing",
    F16: "a limit of the project → says which, and where it is raised; not tried again",
    F17: "a name that something foreign has → its id and labels are said; it is not adopted",
    F18: "too many requests for seconds, then for good → waited for, then given up at a deadline",
    F19: "a server made although the answer was 502 → the next run finds the twin and says how to take it over",
    F20: "a connection lost before or after the commit of each creation → the run fails; the next converges",
    F21: "an action that ends in an error → named with its code; the next run converges",
    F22: "an action that never ends → given up with its id; the state keeps the server",
    F23: "an action that the answer leaves out → fails, and can be resumed",
    F24: "a locked resource, twice and for good → tried again, then given up",
    F25: "two subnets at once → both exist once",
    F26: "a private interface after 60 s, or never → waited for, then given up with what is known",
    F27: "a load balancer's target before its network → cannot happen by the order of requests; mapped when forced",
    F28: "a target that is defined already → taken as done; no difference afterwards",
    F29: "a health check by the protocol https → refused by the API, and never sent",
    F30: "targets that are unhealthy for minutes, or unknown for good → waited for, then each is named",
    F31: "a firewall deleted by hand, then destroy → succeeds after its refresh",
    F32: "a server, group, network or load balancer deleted by hand → exactly that is made again; destroy succeeds",
    F33: "a connection lost while the firewall is deleted → the report finds what is left",
    F34: "a subnet held by a load balancer of the cluster → not called a success; the guard finds it first",
    F35: "load balancers and volumes that the cluster made, then destroy → refused with the list; volumes are never deleted",
    F36: "a network that is already being detached → one more try, then given up",
    F37: "a server changed by hand → shown; labels and firewall restored, nothing replaced",
    F38: "another type for three servers of a control plane → never two at once",
    F39: "another user data in a new version of the program → no server is replaced",
    F40: "one node's generation raised → that server alone is replaced, its member removed first",
    F41: "pages of one entry, unknown members and words, members that are missing → all read",
    F42: "an input error with and without details → the field, or at least the request, is said",
    F43: "a limit of addresses, an address in use, a protected resource → one sentence; not tried again",
    F44: "a token revoked in the middle → stops; a run with a new one converges",
    F45: "an API that is away at the start or in the middle → fails in bounded time, with a hint",
  }),
  ...of("S", {
    F46: "killed at every k-th request to the API → the next run converges, without duplicates",
    F47: "interrupted twice → the documented command clears what is pending",
    F48: "a second run at once → no write, no difference",
    F49: "random faults → converges within a bound, and nothing is left after destroy",
    F50: "a wrong passphrase, a state of an older version → fails clearly; an upgrade replaces nothing",
    F51: "a client certificate that ends soon, or has ended → renewed without a replacement",
    F52: "state, output and journal are searched for every secret → found in encrypted form alone",
  }),
  ...of("N", {
    F53: "a download that is missing, late, cut, wrong, endless or sent to http → only a passing fault is tried again; nothing wrong is installed",
    F54: "a full disk, a file system that is read-only → fails; no part of a program in its place",
    F55: "the script killed after every step, run twice → converges; a second run restarts nothing",
    F56: "a private interface of any name, among others, or late → the right one is found, never one of the cluster",
    F57: "metadata that is away, slow, a page, or routed to nowhere → named in bounded time",
    F58: "a joined endpoint with another authority, 401, silence, a page → no token to a wrong one; waits; says which",
    F59: "files of another authority delivered to a cluster that runs → its own are kept, and it is said",
    F60: "k3s fails: a bad flag, too many learners, another configuration, a rejected node → tried again, or the remedy is named",
    F61: "a clock two days off → fails before certificates do, unless a time server sets it",
    F62: "kernel settings, audit policy, Pod Security or authentication that k3s would not take → refused before it starts",
    F63: "quotes, `$()`, line breaks, `%`, backslashes in tokens, names and labels → arrive as they are; nothing is run",
    F64: "copies of user data, the metadata service → removed, closed to pods and to all but root",
  }),
  ...of("K", {
    F65: "an API that answers 5xx, 401, without quorum or by another authority → waited for, then which of them is said",
    F66: "a node that is missing, not ready, of another version or still tainted → named, with the cause",
    F67: "a Service, namespace or volume that cannot end → the guard says what blocks it, and forces nothing",
    F68: "bootstrap twice, with another path, over another's → no commit, refused, refused",
    F69: "controllers or pods that fail, a Kustomization that is not ready → the run ends with its message",
    F70: "an age key that is missing, misnamed, of another recipient or elsewhere → its message reaches the run",
    F71: "a deploy key that is read-only, revoked, or a wrong host key → stops before any server, with the remedy",
    F81: "an upgrade downwards, over a minor version, by a channel, of agents before servers → refused",
    F82: "a restore with a lost token, a ghost member, two of three members lost → the runbook's commands bring it back",
    F83: "another server token is cut off at any step, servers start meanwhile → each comes up, the next run ends it",
  }),
  ...of("G", {
    F72: "Flux commits a tag between plan and push, once and again and again → the tag stays; bounded; never by force",
    F73: "Flux or a person changes the line that is changed → a conflict with its path, and no push",
    F74: "two stages publish at once → both land, in one line of history",
    F75: "a remote that refuses, goes away in a push, was cloned shallow or rewritten → fails clean; the next run converges",
    F76: "a marker lost, doubled or moved; tags that YAML reads as numbers; digests → kept byte for byte, or an error",
    F77: "people's files: CRLF, no line's end, links, submodules → untouched",
    F78: "killed at every step of a publish; a lock that is left → the next run converges",
    F79: "a private key, token, age key or plain Secret in what would be pushed → refused with its path; nothing is sent",
    F80: "GitHub answers 401, 403, 404, 503, or its repository is empty, archived, on another branch → each in a sentence",
  }),
];

export const faults = byLayer.toSorted((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));

/** Why a row is not proved here, or not in every part, and what would prove it. */
export interface Open {
  readonly because: string;
  readonly proof?: string;
  /** Its tests prove the rest. */
  readonly inPart?: true;
}

export const open: { readonly [id: string]: Open } = {
  F30: {
    because: "the emulator probes nothing: it is told what it finds",
    proof: "`pulumi up` of a stage of three servers on a real account, with k3s stopped on one",
    inPart: true,
  },
  F47: {
    because:
      "it is killed with all its processes, which leaves the same behind as a second Ctrl-C: a lock and pending steps",
    proof: "Ctrl-C twice in an `up` on a terminal, then the steps of docs/day-2.md",
    inPart: true,
  },
  F50: {
    because: "there is no older release; a state without what this version says of its provider stands for one",
    proof: "`pulumi preview` of a stack of the first release with the second",
    inPart: true,
  },
  F82: {
    because: "the script's order and its faults are tried with a fake k3s; tokens, members and quorum are a real one's",
    proof: "a stage of three servers on a real account, two deleted at Hetzner, then docs/day-2.md",
    inPart: true,
  },
  F83: {
    because: "k3s and systemd are fakes that do what k3s' sources say",
    proof: "`rotate.serverToken` raised on a real account, a server switched off and on meanwhile",
    inPart: true,
  },
};
