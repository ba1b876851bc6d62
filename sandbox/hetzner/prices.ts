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
