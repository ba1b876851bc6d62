import { images, loadBalancerTypes, locations, type ServerType, serverTypes } from "./catalogue.ts";
import { json } from "./collection.ts";
import { apiError } from "./error.ts";
import { pricing } from "./prices.ts";
import type { Project } from "./project.ts";
import type { Routes } from "./router.ts";

type View<T> = (project: Project, item: T) => object;

const asItIs: View<object> = (_, item) => item;

function readOnly<T extends { readonly id: number }>(
  kind: string,
  items: readonly T[],
  view: View<T> = asItIs,
): Routes {
  const one = kind.slice(0, -1);
  return {
    [`GET /${kind}`]: ({ project }) => ({ kind: "list", name: kind, items: items.map((item) => view(project, item)) }),
    [`GET /${kind}/:id`]: ({ project, id }) => {
      const item = items.find((candidate) => candidate.id === id);
      if (!item) throw apiError("not_found", `${one} with ID '${id}' not found`);
      return json(200, { [one]: view(project, item) });
    },
  };
}

/** With what was made to run out, or withdrawn. */
const inStock: View<ServerType> = ({ faults }, type) => ({
  ...type,
  locations: type.locations.map((place) => {
    const end = faults.withdrawn(place.name, type.name);
    const available = place.available && faults.hasCapacity(place.name, type.name);
    const deprecation = end ? { announced: "2026-06-01T00:00:00+00:00", unavailable_after: end } : place.deprecation;
    return { ...place, available, recommended: available, deprecation };
  }),
});

const prices = pricing({ locations: locations.map(({ name }) => name), serverTypes, loadBalancerTypes });

export const catalogueRoutes: Routes = {
  ...readOnly("locations", locations),
  ...readOnly("server_types", serverTypes, inStock),
  ...readOnly("load_balancer_types", loadBalancerTypes),
  ...readOnly("images", images),
  "GET /pricing": () => json(200, { pricing: prices }),
  "GET /images": ({ query }) => {
    const all = query.get("include_deprecated") === "true";
    return { kind: "list", name: "images", items: images.filter(({ deprecated }) => all || !deprecated) };
  },
};
