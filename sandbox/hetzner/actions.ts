import { apiError } from "./error.ts";
import type { Action, Reference } from "./model.ts";
import { type Project, timestamp } from "./project.ts";
import type { Routes } from "./router.ts";

export interface Step {
  readonly command: string;
  readonly resources: readonly Reference[];
  /** Starts when that one is done, as `start_server` follows `create_server`. */
  readonly after?: Action;
}

const isRunning = (project: Project, { finishes }: Action): boolean => project.clock() < finishes;

/** Unfinished actions whose first resource this is; they lock it. */
export function runningActions(project: Project, { id, type }: Reference): readonly Action[] {
  return [...project.tables.actions.values()].filter(
    (action) => isRunning(project, action) && action.resources[0]?.id === id && action.resources[0].type === type,
  );
}

/**
 * Servers answer 423 while an action runs, networks 409 to a second change of subnets. Whether load balancers and firewalls
 * do is not known; here they take changes side by side, because the official provider sends them so without a retry.
 */
export function checkUnlocked(project: Project, resource: Reference): void {
  if (resource.type !== "server" && resource.type !== "network") return;
  if (runningActions(project, resource).length === 0) return;
  if (resource.type === "server") throw apiError("locked", "server is locked");
  throw apiError("conflict", "the network is being changed by another action, please retry");
}

/** Starts an action; its effect is there at once unless a fault makes the action fail or hang, in which case nothing changes. */
export function begin(project: Project, step: Step, effect: () => void = () => undefined): Action {
  const locked = step.resources[0];
  if (locked && !step.after) checkUnlocked(project, locked);
  const error = project.faults.takeAction(step.command);
  const hangs = project.faults.takeHang(step.command);
  const started = step.after?.finishes ?? project.clock();
  const finishes = hangs ? Number.MAX_SAFE_INTEGER : started + project.actionMilliseconds;
  const { command, resources } = step;
  const action: Action = { id: project.nextId(), command, started, finishes, resources, error };
  if (!(error || hangs)) effect();
  project.tables.actions.set(action.id, action);
  return action;
}

export function actionView(project: Project, action: Action) {
  const done = !isRunning(project, action);
  const { id, command, resources } = action;
  return {
    id,
    command,
    status: done ? (action.error ? "error" : "success") : "running",
    progress: done ? 100 : 0,
    started: timestamp(action.started),
    finished: done ? timestamp(action.finishes) : null,
    resources,
    error: done ? action.error : null,
  };
}

export const actionRoutes: Routes = {
  "GET /actions": ({ project, query }) => {
    // Listing all actions was removed from the API in 2025; only `?id=` is left.
    if (!query.has("id")) throw apiError("deprecated_api_endpoint", "an id is required", { announcement: "" });
    const wanted = query.getAll("id").flatMap((id) => project.tables.actions.get(Number(id)) ?? []);
    return { kind: "list", name: "actions", items: wanted.map((action) => actionView(project, action)) };
  },
  "GET /actions/:id": ({ project, id }) => {
    const action = project.tables.actions.get(id);
    if (!action) throw apiError("not_found", `action with ID '${id}' not found`);
    return { kind: "json", status: 200, body: { action: actionView(project, action) } };
  },
};
