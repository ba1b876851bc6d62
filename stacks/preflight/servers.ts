import { zoneOf } from "../config/locations.ts";
import { didYouMean } from "../config/parse.ts";
import type { Architecture, Pins } from "../config/releases/pins.ts";
import { missingDigests } from "../config/releases/pins.ts";
import { lives, type ServerDemand } from "./demand.ts";
import { existingOf, type Findings, few, nothing, type Question, refuse, together, warn } from "./findings.ts";
import { alternatives, described, type Offer, refusal, successor, withdrawal } from "./offers.ts";
import type { ServerType } from "./snapshot.ts";

/** k3s-io/docs installation/requirements: a server needs "2 cores, 2 GB". */
const controlPlane = { cores: 2, memory: 2 };

/** Of no type that is known: what an ordinary node needs. */
const ordinary = { architecture: "x86", cores: 2, memory: 4 };

/** Servers of one line of the configuration that are of one type at one location. */
interface Group {
  readonly type: string;
  readonly location: string;
  readonly path: ServerDemand["path"];
  readonly servers: readonly ServerDemand[];
}

function groups(servers: readonly ServerDemand[]): readonly Group[] {
  const keyed = Map.groupBy(servers, ({ type, location, path }) => JSON.stringify([type, location, path]));
  return [...keyed.values()].flatMap((members) => {
    const [first] = members;
    return first ? [{ type: first.type, location: first.location, path: first.path, servers: members }] : [];
  });
}

const offerAt = ({ snapshot, now }: Question, location: string): Offer => ({
  ...{ location, now, types: snapshot.serverTypes ?? [] },
  currency: snapshot.pricing?.currency ?? "EUR",
});

/** Other locations of the same network zone that have it. */
function elsewhere(type: ServerType, { location, now }: Offer): readonly string[] {
  const others = Object.keys(zoneOf).filter((name) => name !== location && zoneOf[name] === zoneOf[location]);
  return others.filter((other) => refusal(type, { location: other, now }) === undefined);
}

const list = (types: readonly ServerType[], offer: Offer): string =>
  types.map((type) => described(type, offer)).join(", ");

/** Where nothing of the architecture is left, the other one is: a cluster may have both. */
function wayOut(wanted: Parameters<typeof alternatives>[0], offer: Offer): string {
  const { architecture } = wanted;
  const [same, other] = [architecture, architecture === "arm" ? "x86" : "arm"].map((each) =>
    alternatives({ ...wanted, architecture: each }, offer),
  );
  if (same?.length) return `; there can be had instead: ${list(same, offer)}`;
  const none = `; nothing ${architecture} of its size can be had there`;
  return other?.length ? `${none}, of other architecture: ${list(other, offer)}` : none;
}

/** A name that the catalogue has no longer, or never had. */
function unknown(name: string, offer: Offer): string {
  const newer = successor(name, offer.types);
  const none = `Hetzner has no server type ${name}`;
  const names = offer.types.map((type) => type.name);
  if (!newer) return `${none}${didYouMean(name, names)}${wayOut(ordinary, offer)}`;
  const reason = refusal(newer, offer);
  const state = reason === undefined ? "" : `, which ${reason}${wayOut(newer, offer)}`;
  return `${none}; its successor is ${described(newer, offer)}${state}`;
}

/** Those that are still to be made or get another type; a type that has gone does not matter to a server that lives. */
function toBeHad({ type, servers }: Group, { demand, snapshot }: Question): readonly ServerDemand[] {
  return servers.filter((server) => {
    const there = existingOf(snapshot, "servers", server.name);
    return !(lives(there, server, demand) && there.type === type);
  });
}

function orderable(group: Group, question: Question): Findings {
  const { type: name, location, path } = group;
  const offer = offerAt(question, location);
  const type = offer.types.find((each) => each.name === name);
  const isNeeded = toBeHad(group, question).length > 0;
  if (!type) return (isNeeded ? refuse : warn)(path, unknown(name, offer));
  const places = elsewhere(type, offer);
  const there = places.length > 0 ? `; ${name} itself can be had at ${places.join(", ")}` : "";
  const reason = refusal(type, offer);
  if (reason && isNeeded) return refuse(path, `${name} ${reason}${wayOut(type, offer)}${there}`);
  const living = few(group.servers.map((server) => server.name));
  if (reason) return warn(path, `${name} ${reason}: ${living} could not be had again${there}`);
  const end = withdrawal(type, offer);
  return end ? warn(path, `${name} can be ordered at ${location} only until ${end}`) : nothing;
}

function largeEnough({ type: name, path, location, servers }: Group, question: Question): Findings {
  const offer = offerAt(question, location);
  const type = offer.types.find((each) => each.name === name);
  if (!type || servers[0]?.role !== "server") return nothing;
  if (type.cores >= controlPlane.cores && type.memory >= controlPlane.memory) return nothing;
  const least = { ...controlPlane, architecture: type.architecture };
  const needs = `a k3s server needs ${controlPlane.cores} cores and ${controlPlane.memory} GB`;
  return refuse(path, `${described(type, offer)} is too small: ${needs}${wayOut(least, offer)}`);
}

const architectureOf: { readonly [api: string]: Architecture } = { x86: "amd64", arm: "arm64" };

function verifiable({ type: name, path, ...group }: Group, question: Question, pins: Pins): Findings {
  const type = question.snapshot.serverTypes?.find((each) => each.name === name);
  const architecture = architectureOf[type?.architecture ?? ""];
  if (!(type && architecture) || toBeHad({ type: name, path, ...group }, question).length === 0) return nothing;
  const missing = missingDigests(pins, [architecture]);
  if (missing.length === 0) return nothing;
  const digests = `pins.json has no SHA-256 for ${missing.join(", ")}`;
  return refuse(path, `${name} is ${architecture}, and ${digests}: run \`npm run pins\``);
}

/** What runs no k3s needs none of its artefacts. */
const runsK3s = ({ servers }: Group): boolean => servers[0]?.role !== "gateway";

/** Whether every server that is still to be made can be ordered, and can work as what it is for. */
export function serverFindings(question: Question, pins: Pins): Findings {
  const known = question.snapshot.serverTypes ? groups(question.demand.servers) : [];
  const perGroup = known.flatMap((group) => [
    orderable(group, question),
    largeEnough(group, question),
    runsK3s(group) ? verifiable(group, question, pins) : nothing,
  ]);
  return together(perGroup);
}
