import { images, loadBalancerTypes, locations, serverTypes } from "./catalogue.ts";
import { json } from "./collection.ts";
import { apiError } from "./error.ts";
import type { Routes } from "./router.ts";

function readOnly(kind: string, items: readonly { readonly id: number }[]): Routes {
  const one = kind.slice(0, -1);
  return {
    [`GET /${kind}`]: () => ({ kind: "list", name: kind, items }),
    [`GET /${kind}/:id`]: ({ id }) => {
      const item = items.find((candidate) => candidate.id === id);
      if (!item) throw apiError("not_found", `${one} with ID '${id}' not found`);
      return json(200, { [one]: item });
    },
  };
}

export const catalogueRoutes: Routes = {
  ...readOnly("locations", locations),
  ...readOnly("server_types", serverTypes),
  ...readOnly("load_balancer_types", loadBalancerTypes),
  ...readOnly("images", images),
  "GET /images": ({ query }) => {
    const all = query.get("include_deprecated") === "true";
    return { kind: "list", name: "images", items: images.filter(({ deprecated }) => all || !deprecated) };
  },
};
