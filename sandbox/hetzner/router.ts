import type { Project } from "./project.ts";

export interface Call {
  readonly project: Project;
  /** The number in the path; 0 where there is none. */
  readonly id: number;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly body: object }
  | { readonly kind: "list"; readonly name: string; readonly items: readonly object[] }
  | { readonly kind: "empty" };

export type Handler = (call: Call) => Answer;

/** By operation: method and path with `:id` for the number, `POST /servers/:id/actions/poweron`. */
export interface Routes {
  readonly [operation: string]: Handler;
}

/** The operation that a request names, whether or not it exists. */
export function operationOf(method: string, path: string): { readonly operation: string; readonly id: number } {
  const [, id = "0"] = /^\/\w+\/(\d+)(?=\/|$)/.exec(path) ?? [];
  return { operation: `${method} ${path.replace(/^(\/\w+)\/\d+(?=\/|$)/, "$1/:id")}`, id: Number(id) };
}
