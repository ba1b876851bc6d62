import { z } from "zod";
import { type Collection, collectionRoutes, find, json } from "./collection.ts";
import { apiError, parseBody } from "./error.ts";
import { labelsSchema } from "./labels.ts";
import type { PlacementGroup } from "./model.ts";
import { checkName, checkQuota, type Project, timestamp } from "./project.ts";
import type { Routes } from "./router.ts";

const members = (project: Project, id: number): readonly number[] =>
  [...project.tables.servers.values()].filter((server) => server.placement_group === id).map((server) => server.id);

export const placementGroupView = (project: Project, group: PlacementGroup) => ({
  ...group,
  servers: members(project, group.id),
});

const placementGroups: Collection<PlacementGroup> = {
  kind: "placement_groups",
  one: "placement_group",
  table: (tables) => tables.placement_groups,
  view: placementGroupView,
};

/** Spread groups take ten servers; code and words as in terraform-provider-hcloud#1170. */
export function checkPlacementGroup(project: Project, id: number): void {
  find(placementGroups, project, id);
  if (members(project, id).length < 10) return;
  const message = `placement group with ID ${id} contains already 10 servers`;
  throw apiError("placement_group_member_limit_reached", message);
}

const creation = z.object({ name: z.string().min(1), type: z.literal("spread"), labels: labelsSchema.default({}) });

export const placementGroupRoutes: Routes = {
  ...collectionRoutes(placementGroups),
  "POST /placement_groups": ({ project, body }) => {
    const { name, type, labels } = parseBody(creation, body);
    checkName(project, "placement_groups", { name });
    checkQuota(project, "placement_groups");
    const group: PlacementGroup = { id: project.nextId(), name, labels, created: timestamp(project.clock()), type };
    project.tables.placement_groups.set(group.id, group);
    return json(201, { placement_group: placementGroupView(project, group), action: null });
  },
  "DELETE /placement_groups/:id": ({ project, id }) => {
    find(placementGroups, project, id);
    for (const server of members(project, id)) {
      const member = project.tables.servers.get(server);
      if (member) project.tables.servers.set(server, { ...member, placement_group: null });
    }
    project.tables.placement_groups.delete(id);
    return { kind: "empty" };
  },
};
