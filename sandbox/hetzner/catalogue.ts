import { prices } from "./prices.ts";

/**
 * What Hetzner sells, as two public price lists had it in August and September 2026 (mixxor/eu-cloud-prices
 * prices/hetzner.json, robhunter/agentdeals#1286; members as in hcloud-go's schema package). Numeric ids, the prices of the
 * larger load balancers and those outside the EU are the emulator's own; everything else a program may rely on.
 */
const eu = ["fsn1", "nbg1", "hel1"] as const;
const everywhere = [...eu, "ash", "hil", "sin"] as const;

const location = (
  id: number,
  name: string,
  rest: { readonly at: readonly [string, string]; readonly zone: string },
) => ({
  id,
  name,
  description: `${rest.at[1]} (emulated)`,
  country: rest.at[0],
  city: rest.at[1],
  latitude: 0,
  longitude: 0,
  network_zone: rest.zone,
});

export const locations = [
  location(1, "fsn1", { at: ["DE", "Falkenstein"], zone: "eu-central" }),
  location(2, "nbg1", { at: ["DE", "Nuremberg"], zone: "eu-central" }),
  location(3, "hel1", { at: ["FI", "Helsinki"], zone: "eu-central" }),
  location(4, "ash", { at: ["US", "Ashburn, VA"], zone: "us-east" }),
  location(5, "hil", { at: ["US", "Hillsboro, OR"], zone: "us-west" }),
  location(6, "sin", { at: ["SG", "Singapore"], zone: "ap-southeast" }),
] as const;
export type Location = (typeof locations)[number];

interface Line {
  readonly category: string;
  readonly cpu: "shared" | "dedicated";
  readonly architecture: "x86" | "arm";
  readonly locations: readonly string[];
  /** Not orderable anywhere since summer 2026 when false. */
  readonly available: boolean;
}

const lines: { readonly [prefix: string]: Line } = {
  cx: { category: "cost_optimized", cpu: "shared", architecture: "x86", locations: eu, available: false },
  cax: { category: "cost_optimized", cpu: "shared", architecture: "arm", locations: eu, available: false },
  cpx: { category: "regular_purpose", cpu: "shared", architecture: "x86", locations: everywhere, available: true },
  ccx: { category: "general_purpose", cpu: "dedicated", architecture: "x86", locations: everywhere, available: true },
};

/** Name, cores, memory in GB, disk in GB, net price of a month in EUR. */
const sizes: readonly (readonly [string, number, number, number, number])[] = [
  ["cx23", 2, 4, 40, 5.99],
  ["cx33", 4, 8, 80, 8.99],
  ["cx43", 8, 16, 160, 16.49],
  ["cx53", 16, 32, 320, 29.99],
  ["cax11", 2, 4, 40, 6.49],
  ["cax21", 4, 8, 80, 10.99],
  ["cax31", 8, 16, 160, 21.49],
  ["cax41", 16, 32, 320, 41.49],
  ["cpx12", 1, 2, 40, 11.99],
  ["cpx22", 2, 4, 80, 19.99],
  ["cpx32", 4, 8, 160, 35.99],
  ["cpx42", 8, 16, 320, 69.99],
  ["cpx52", 12, 24, 480, 100.99],
  ["cpx62", 16, 32, 640, 130.49],
  ["ccx13", 2, 8, 80, 43.49],
  ["ccx23", 4, 16, 160, 86.49],
  ["ccx33", 8, 32, 240, 138.99],
  ["ccx43", 16, 64, 360, 276.49],
  ["ccx53", 32, 128, 600, 533.99],
  ["ccx63", 48, 192, 960, 854],
];

function serverType([name, cores, memory, disk, monthly]: (typeof sizes)[number], index: number) {
  const line = lines[name.replace(/\d+$/, "")] ?? lines["cpx"];
  const sold = locations.filter((place) => line?.locations.includes(place.name));
  return {
    id: 101 + index,
    name,
    description: name.toUpperCase(),
    category: line?.category ?? "",
    cores,
    memory,
    disk,
    storage_type: "local",
    cpu_type: line?.cpu ?? "shared",
    architecture: line?.architecture ?? "x86",
    deprecated: false,
    deprecation: null,
    prices: prices(line?.locations ?? [], monthly),
    locations: sold.map(({ id, name: at }) => ({
      id,
      name: at,
      recommended: line?.available ?? false,
      available: line?.available ?? false,
      deprecation: null,
    })),
  };
}

export const serverTypes = sizes.map(serverType);
export type ServerType = (typeof serverTypes)[number];

/** Name, services, targets, certificates, net price of a month. */
const balancers: readonly (readonly [string, number, number, number, number])[] = [
  ["lb11", 5, 25, 10, 7.49],
  ["lb21", 15, 75, 25, 22.49],
  ["lb31", 30, 150, 50, 44.99],
];

export const loadBalancerTypes = balancers.map(([name, services, targets, certificates, monthly], index) => ({
  id: 1 + index,
  name,
  description: name.toUpperCase(),
  max_connections: 10_000 * 2 ** index,
  max_services: services,
  max_targets: targets,
  max_assigned_certificates: certificates,
  deprecated: null,
  prices: prices(everywhere, monthly),
}));

/** Name, flavor, version, and since when Hetzner calls it deprecated. */
const systems: readonly (readonly [string, string, string, string | null])[] = [
  ["debian-11", "debian", "11", "2026-08-31T00:00:00+00:00"],
  ["debian-12", "debian", "12", null],
  ["debian-13", "debian", "13", null],
  ["ubuntu-22.04", "ubuntu", "22.04", null],
  ["ubuntu-24.04", "ubuntu", "24.04", null],
  ["ubuntu-26.04", "ubuntu", "26.04", null],
];

export const images = (["x86", "arm"] as const).flatMap((architecture, half) =>
  systems.map(([name, flavor, version, deprecated], index) => ({
    id: 201 + half * 100 + index,
    type: "system",
    status: "available",
    name,
    description: `${flavor} ${version} (emulated)`,
    image_size: null,
    disk_size: 5,
    created: "2026-05-01T00:00:00+00:00",
    created_from: null,
    bound_to: null,
    os_flavor: flavor,
    os_version: version,
    architecture,
    rapid_deploy: true,
    protection: { delete: false },
    deprecated,
    deleted: null,
    labels: {},
  })),
);
export type Image = (typeof images)[number];

/** By number or name, as every request may name a thing of the catalogue. */
export function pick<T extends { readonly id: number; readonly name: string }>(
  items: readonly T[],
  wanted: string | number,
): T | undefined {
  return items.find((item) => item.id === Number(wanted) || item.name === wanted);
}
