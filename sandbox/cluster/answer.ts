import { parse } from "yaml";
import { discovery } from "./discovery.ts";
import { type Place, placeOf } from "./kinds.ts";
import { apiVersion, type KubeObject, type Objects, place } from "./objects.ts";

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
}

export interface Said {
  readonly status: number;
  readonly body: object | string;
}

const reasons: { readonly [status: number]: string } = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "AlreadyExists",
  415: "UnsupportedMediaType",
};

/** A refusal in the API's own form (apimachinery metav1.Status). */
export function refusal(status: number, message: string): Said {
  const reason = reasons[status] ?? "InternalError";
  return {
    status,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code: status },
  };
}

/** Questions that change what an answer says and are not understood here must not be passed over. */
const understood = ["fieldManager", "force", "fieldValidation", "pretty", "limit", "timeoutSeconds", "fieldSelector"];

const called = ({ kind, name }: Place): string => `${kind.resource}${kind.group ? `.${kind.group}` : ""} "${name}"`;

function write(objects: Objects, at: Place, { method, contentType, body }: Asked): Said {
  const there = objects.get(at);
  const value = (contentType.includes("yaml") ? parse(body) : JSON.parse(body)) as { readonly [key: string]: unknown };
  const status = there ? 200 : 201;
  switch (`${method} ${contentType.split(";")[0]}`) {
    case "PATCH application/apply-patch+yaml":
      return { status, body: objects.merge(at, value) };
    case "PATCH application/merge-patch+json":
    case "PATCH application/strategic-merge-patch+json":
      return there ? { status, body: objects.merge(at, value) } : refusal(404, `${called(at)} not found`);
    case "PUT application/json":
      return there ? { status, body: objects.put(at, value) } : refusal(404, `${called(at)} not found`);
    default:
      return refusal(415, `${method} of ${contentType} is not understood by this stand-in`);
  }
}

function create(objects: Objects, at: Place, { body }: Asked): Said {
  const value = JSON.parse(body) as { readonly metadata?: { readonly name?: string } };
  const named = { ...at, name: value.metadata?.name };
  if (objects.get(named)) return refusal(409, `${called(named)} already exists`);
  return { status: 201, body: objects.put(named, { ...value }) };
}

function one(objects: Objects, at: Place, asked: Asked): Said {
  const there = objects.get(at);
  if (asked.method === "PATCH" || asked.method === "PUT") return write(objects, at, asked);
  if (!there) return refusal(404, `${called(at)} not found`);
  if (asked.method === "GET") return { status: 200, body: there };
  if (asked.method !== "DELETE") return refusal(405, `${asked.method} is not supported on an object`);
  objects.remove(at);
  return { status: 200, body: there };
}

function many(objects: Objects, at: Place, asked: Asked): Said {
  if (asked.method === "POST") return create(objects, at, asked);
  if (asked.method !== "GET") return refusal(405, `${asked.method} is not supported on a list`);
  const selector = asked.url.searchParams.get("fieldSelector");
  const [, node] = /^spec\.nodeName=(.+)$/.exec(selector ?? "") ?? [];
  if (selector && !node) return refusal(400, `fieldSelector ${selector} is not understood by this stand-in`);
  const runsThere = ({ spec }: KubeObject) => (spec as { readonly nodeName?: string } | undefined)?.nodeName === node;
  const items = objects.list(at).filter((item) => !node || runsThere(item));
  return { status: 200, body: { kind: `${at.kind.kind}List`, apiVersion: apiVersion(at.kind), metadata: {}, items } };
}

/** One request of somebody who may do everything. `installed` says whether Flux has brought its kinds. */
export function answer(objects: Objects, asked: Asked, installed: boolean): Said {
  const known = discovery(asked.url.pathname, installed);
  if (known) return { status: 200, body: known };
  const at = placeOf(asked.url.pathname);
  if (!at || (at.kind.flux && !installed)) return { status: 404, body: "404 page not found\n" };
  const strange = [...asked.url.searchParams.keys()].filter((name) => !understood.includes(name));
  if (strange.length > 0) return refusal(400, `${strange.join(", ")} is not understood by this stand-in`);
  const { namespace } = at;
  const isWrite = asked.method !== "GET" && asked.method !== "DELETE";
  if (isWrite && namespace && !objects.get(place(namespace, { kind: "Namespace" })))
    return refusal(404, `namespaces "${namespace}" not found`);
  return at.name === undefined ? many(objects, at, asked) : one(objects, at, asked);
}
