/** IPv4 ranges as numbers: what the configuration's network rules and the fixed node addresses are computed with. */
export interface Cidr {
  readonly text: string;
  /** The first address, as an unsigned 32-bit number. */
  readonly first: number;
  /** How many addresses the range has. */
  readonly size: number;
}

const toNumber = (address: string): number => address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);

const toAddress = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");

/** Reads `10.0.0.0/16`, which must already be known to be an IPv4 range. Host bits are cut off. */
export function cidr(text: string): Cidr {
  const [address = "", bits = "32"] = text.split("/");
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(toNumber(address) / size) * size;
  return { text: `${toAddress(first)}/${bits}`, first, size };
}

/** The address at `index` of a range: 0 is the network's own, 1 is Hetzner's gateway. */
export const addressAt = (range: Cidr, index: number): string => toAddress(range.first + index);

export const contains = (outer: Cidr, inner: Cidr): boolean =>
  inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size;

export const overlaps = (a: Cidr, b: Cidr): boolean => a.first < b.first + b.size && b.first < a.first + a.size;

/** RFC 1918: the only ranges Hetzner accepts for a private network. */
export const privateRanges: readonly Cidr[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(cidr);
