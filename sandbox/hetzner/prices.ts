/** German VAT, which Hetzner's gross prices contain. */
const vat = 1.19;

function price(net: number) {
  return { net: net.toFixed(10), gross: `${(net * vat).toFixed(10)}000000` };
}

/** As the API has them: decimal strings, per location. An hour costs about 1/625 of a month, traffic is counted in bytes. */
export function prices(locations: readonly string[], monthly: number) {
  return locations.map((location) => ({
    location,
    price_hourly: price(Number((monthly / 625).toFixed(4))),
    price_monthly: price(monthly),
    included_traffic: 20 * 1024 ** 4,
    price_per_tb_traffic: price(1),
  }));
}

/** Per location, without an hour's price of traffic: an address has none. */
const addressPrices = (locations: readonly string[], monthly: number) =>
  prices(locations, monthly).map(({ location, price_hourly, price_monthly }) => ({
    ...{ location, price_hourly, price_monthly },
  }));

interface Sold {
  readonly id: number;
  readonly name: string;
  readonly prices: ReturnType<typeof prices>;
}

export interface Catalogue {
  readonly locations: readonly string[];
  readonly serverTypes: readonly Sold[];
  readonly loadBalancerTypes: readonly Sold[];
}

/**
 * `GET /pricing`, members as in hcloud-go's schema/pricing.go. The prices of addresses and volumes are those of the price lists
 * that the catalogue follows; floating addresses, backups and images are not used here, so their prices are the emulator's.
 */
export function pricing({ locations, serverTypes, loadBalancerTypes }: Catalogue) {
  const types = (sold: readonly Sold[]) => sold.map(({ id, name, prices: own }) => ({ id, name, prices: own }));
  const address = (type: string, monthly: number) => ({ type, prices: addressPrices(locations, monthly) });
  const monthly = (type: string, net: number) => ({
    type,
    prices: locations.map((location) => ({ location, price_monthly: price(net) })),
  });
  return {
    ...{ currency: "EUR", vat_rate: "19.000000" },
    image: { price_per_gb_month: price(0.011) },
    floating_ip: { price_monthly: price(3) },
    floating_ips: [monthly("ipv4", 3), monthly("ipv6", 1)],
    primary_ips: [address("ipv4", 0.5), address("ipv6", 0)],
    traffic: { price_per_tb: price(0) },
    server_backup: { percentage: "20.000000" },
    ...{ server_types: types(serverTypes), load_balancer_types: types(loadBalancerTypes) },
    volume: { price_per_gb_month: price(0.0572) },
  };
}
