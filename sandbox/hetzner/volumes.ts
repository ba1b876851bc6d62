import { z } from "zod";
import { type Collection, collectionRoutes, find, json } from "./collection.ts";
import { parseBody } from "./error.ts";
import { labelsSchema } from "./labels.ts";
import type { Volume } from "./model.ts";
import { checkName, checkQuota, timestamp } from "./project.ts";
import type { Routes } from "./router.ts";

/** As the CSI driver makes and deletes them; attaching, resizing and formatting are left out. */
const volumes: Collection<Volume> = {
  kind: "volumes",
  one: "volume",
  table: (tables) => tables.volumes,
  view: (_, volume) => volume,
};

const creation = z.object({
  name: z.string().min(1),
  size: z.int().min(10).max(10_240),
  server: z.int().optional(),
  labels: labelsSchema.default({}),
});

export const volumeRoutes: Routes = {
  ...collectionRoutes(volumes),
  "POST /volumes": ({ project, body }) => {
    const { name, size, server, labels } = parseBody(creation, body);
    checkName(project, "volumes", { name });
    checkQuota(project, "volumes");
    const created = timestamp(project.clock());
    const volume: Volume = { id: project.nextId(), name, labels, created, size, server: server ?? null };
    project.tables.volumes.set(volume.id, volume);
    return json(201, { volume, action: null, next_actions: [] });
  },
  "DELETE /volumes/:id": ({ project, id }) => {
    find(volumes, project, id);
    project.tables.volumes.delete(id);
    return { kind: "empty" };
  },
};
