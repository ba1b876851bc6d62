import type { Price, ServerType } from "./snapshot.ts";

interface Place {
  readonly location: string;
  readonly now: Date;
}

export const priceAt = (
  { prices }: { readonly prices: readonly (Price & { readonly location: string })[] },
  location: string,
): Price | undefined => prices.find((price) => price.location === location);

const isPast = (moment: string | null | undefined, now: Date): boolean =>
  moment !== null && moment !== undefined && new Date(moment) <= now;

/** Why a type cannot be ordered somewhere, as the end of a sentence; nothing when it can. */
export function refusal(type: ServerType, { location, now }: Place): string | undefined {
  const sold = type.locations.find(({ name }) => name === location);
  if (type.locations.length > 0 && !sold) return `is not sold at ${location}`;
  const end = sold?.deprecation?.unavailable_after;
  if (isPast(end, now)) return `was withdrawn at ${location} on ${end?.slice(0, 10)}`;
  return sold?.available === false ? `cannot be ordered at ${location} now` : undefined;
}

/** Announced, and still to come: the day from which on a type cannot be ordered there any more. */
export function withdrawal(type: ServerType, { location, now }: Place): string | undefined {
  const end = type.locations.find(({ name }) => name === location)?.deprecation?.unavailable_after;
  return end && !isPast(end, now) ? end.slice(0, 10) : undefined;
}

/**
 * Hetzner's own naming: letters for the line, digits for the size, and the last digit for the generation. cx21 went on as
 * cx22 and cx23, cpx11 as cpx12.
 */
const parsed = (name: string) => /^(?<line>[a-z]+)(?<size>[0-9]+)(?<generation>[0-9])$/.exec(name)?.groups;

/** The newest type of the same line and size, when there is a newer one. */
export function successor(name: string, types: readonly ServerType[]): ServerType | undefined {
  const old = parsed(name);
  const newer = types.filter((type) => {
    const other = parsed(type.name);
    return other && old && other["line"] === old["line"] && other["size"] === old["size"] && type.name > name;
  });
  return newer.toSorted((a, b) => (a.name < b.name ? 1 : -1))[0];
}

/** Types that can be ordered there in the place of one: same architecture, at least its cores and memory; cheapest first. */
export function alternatives(wanted: Pick<ServerType, "architecture" | "cores" | "memory">, from: Offer) {
  const fits = from.types.filter(
    (type) => type.architecture === wanted.architecture && type.cores >= wanted.cores && type.memory >= wanted.memory,
  );
  const orderable = fits.filter((type) => refusal(type, from) === undefined);
  const net = (type: ServerType) => priceAt(type, from.location)?.net ?? Number.POSITIVE_INFINITY;
  return orderable.toSorted((a, b) => net(a) - net(b)).slice(0, 3);
}

export interface Offer extends Place {
  readonly types: readonly ServerType[];
  readonly currency: string;
}

/** `cpx22 (2 cores, 4 GB, 19.99 EUR a month)` */
export function described(type: ServerType, { location, currency }: Pick<Offer, "location" | "currency">): string {
  const price = priceAt(type, location);
  const cost = price ? `, ${price.net.toFixed(2)} ${currency} a month` : "";
  return `${type.name} (${type.cores} ${type.cores === 1 ? "core" : "cores"}, ${type.memory} GB${cost})`;
}
