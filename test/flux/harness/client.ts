/** A Kubernetes client for tests: HTTPS by a kubeconfig, server-side apply, and no more. */
import { Agent, request } from "node:https";
import { parse } from "yaml";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, read by tests
  readonly [key: string]: any;
}

export type Reference = Pick<KubernetesObject, "apiVersion" | "kind"> & {
  readonly name: string;
  readonly namespace?: string | undefined;
};

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
  readonly body: any;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: string;
}

/** The API refused: its own words. */
class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  constructor({ status, body }: Answer, what: string) {
    super(`${what}: ${status} ${body?.message ?? JSON.stringify(body)}`);
    this.status = status;
  }
}

function transport(kubeconfig: string) {
  const { clusters, users } = parse(kubeconfig);
  const pem = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
  const agent = new Agent({
    keepAlive: true,
    ca: pem(clusters[0].cluster["certificate-authority-data"]),
    cert: pem(users[0].user["client-certificate-data"]),
    key: pem(users[0].user["client-key-data"]),
  });
  const call = ({ method, path, type, body }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { accept: "application/json", ...(type ? { "content-type": type } : {}) };
      const sent = request(new URL(path, clusters[0].cluster.server), { method, agent, headers }, async (response) => {
        const chunks: Buffer[] = [];
        try {
          for await (const chunk of response) chunks.push(chunk as Buffer);
        } catch (error) {
          reject(error);
        }
        const text = Buffer.concat(chunks).toString("utf8");
        const isJson = response.headers["content-type"]?.startsWith("application/json");
        resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
      });
      sent.on("error", reject).end(body);
    });
  return { call, close: () => agent.destroy() };
}

interface Kind {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface Apply {
  /** Nothing is stored. */
  readonly dryRun?: boolean;
  /** `status` writes an object's status. */
  readonly subresource?: "status";
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export type KubernetesClient = ReturnType<typeof kubernetesClient>;

export function kubernetesClient(kubeconfig: string) {
  const { call, close } = transport(kubeconfig);
  const kinds = new Map<string, readonly Kind[]>();

  async function checked(what: string, one: Call): Promise<Answer["body"]> {
    const answer = await call(one);
    if (answer.status >= 300) throw new ApiError(answer, what);
    return answer.body;
  }

  async function kindsOf(apiVersion: string): Promise<readonly Kind[]> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { resources } = await checked(apiVersion, { method: "GET", path });
    return resources.filter(({ name }: Kind) => !name.includes("/"));
  }

  /** Path of the kind's objects. Kinds that come later, with their CRD, are asked for again. */
  async function collection({ apiVersion, kind, namespace }: Omit<Reference, "name">): Promise<string> {
    const find = () => kinds.get(apiVersion)?.find((each) => each.kind === kind);
    if (!find()) kinds.set(apiVersion, await kindsOf(apiVersion));
    const found = find();
    if (!found) throw new Error(`the API serves no ${kind} in ${apiVersion}`);
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    return `${root}${found.namespaced && namespace ? `/namespaces/${namespace}` : ""}/${found.name}`;
  }

  const path = async (reference: Reference): Promise<string> =>
    `${await collection({ namespace: "default", ...reference })}/${reference.name}`;

  return {
    close,
    ready: () =>
      call({ method: "GET", path: "/readyz" }).then(
        ({ status }) => status === 200,
        () => false,
      ),
    /** Server-side apply in which an unknown field is an error. @throws ApiError */
    async apply(object: KubernetesObject, { dryRun, subresource }: Apply = {}): Promise<KubernetesObject> {
      const { apiVersion, kind, metadata } = object;
      const { name, namespace = "default" } = metadata;
      const query = new URLSearchParams({ fieldManager: "test", fieldValidation: "Strict", force: "true" });
      if (dryRun) query.set("dryRun", "All");
      const to = `${await path({ apiVersion, kind, name, namespace })}${subresource ? `/${subresource}` : ""}?${query}`;
      // JSON is YAML, and reads alike in YAML 1.1, where `yes` would be a truth value.
      const body = JSON.stringify(object);
      return checked(`${kind} ${name}`, { method: "PATCH", path: to, type: "application/apply-patch+yaml", body });
    },
    /** Reviews, which are answered and not stored. */
    async create(object: KubernetesObject): Promise<KubernetesObject> {
      const to = await collection({ ...object, namespace: object.metadata.namespace });
      return checked(object.kind, { method: "POST", path: to, type: "application/json", body: JSON.stringify(object) });
    },
    /** Of a service account. */
    async token({ name, namespace }: { readonly name: string; readonly namespace: string }): Promise<string> {
      const to = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} });
      return (await checked(name, { method: "POST", path: to, type: "application/json", body })).status.token;
    },
    /** Whether every CRD is served. */
    async established(): Promise<boolean> {
      const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      const { items } = await checked("CRDs", { method: "GET", path });
      const served = ({ status }: KubernetesObject) =>
        status?.conditions?.some(({ type, status: is }: Condition) => type === "Established" && is === "True") ?? false;
      return items.every(served);
    },
    async get(reference: Reference): Promise<KubernetesObject | undefined> {
      const answer = await call({ method: "GET", path: await path(reference) });
      if (answer.status === 404) return undefined;
      if (answer.status >= 300) throw new ApiError(answer, `${reference.kind} ${reference.name}`);
      return answer.body;
    },
    /** In all namespaces, if none is given. */
    async list(of: Omit<Reference, "name">): Promise<readonly KubernetesObject[]> {
      const { items } = await checked(of.kind, { method: "GET", path: await collection(of) });
      return items.map((item: object) => ({ apiVersion: of.apiVersion, kind: of.kind, ...item }));
    },
    async merge(reference: Reference, change: object, subresource?: "status"): Promise<void> {
      const to = `${await path(reference)}${subresource ? `/${subresource}` : ""}`;
      const body = JSON.stringify(change);
      const type = "application/merge-patch+json";
      await checked(`${reference.kind} ${reference.name}`, { method: "PATCH", path: to, type, body });
    },
    async remove(reference: Reference): Promise<void> {
      const answer = await call({ method: "DELETE", path: await path(reference) });
      if (answer.status >= 300 && answer.status !== 404) throw new ApiError(answer, reference.name);
    },
  };
}
