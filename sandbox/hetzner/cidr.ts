/** IPv4 ranges as numbers; both ends belong to the range. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** `undefined` for what is not a dotted quad. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.reduce((sum, part) => sum * 256 + Number(part), 0) : undefined;
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** `undefined` unless it is a network address with its prefix: `10.0.0.0/8`, not `10.0.0.1/8`. */
export function parseRange(text: string): Range | undefined {
  const [address, prefix, ...rest] = text.split("/");
  const first = parseAddress(address ?? "");
  if (first === undefined || rest.length > 0 || !/^(\d|[12]\d|3[0-2])$/.test(prefix ?? "")) return undefined;
  const bits = Number(prefix);
  const size = 2 ** (32 - bits);
  return first % size === 0 ? { first, last: first + size - 1, bits } : undefined;
}

export const contains = (outer: Range, inner: { readonly first: number; readonly last: number }): boolean =>
  outer.first <= inner.first && inner.last <= outer.last;

export const overlaps = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].flatMap((text) => parseRange(text) ?? []);

/** RFC 1918, the only ranges a Hetzner network may have. */
export const isPrivate = (range: Range): boolean => privateRanges.some((outer) => contains(outer, range));
