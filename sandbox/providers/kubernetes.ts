/**
 * A thin STAND-IN for Pulumi's kubernetes provider 4.34, for machines that cannot download the official plugin. It is
 * attached in the sandbox only (PULUMI_DEBUG_PROVIDERS) and talks to loopback addresses only. It has Namespaces, Secrets,
 * ConfigMaps and HelmCharts, which it applies on the server's side with the kubeconfig it is given, as the official provider does with
 * upsertExistingObjects and enablePatchForce; deleteUnreachable it knows too. It does not have: any other kind, schemas, conflicts
 * between field managers, generated names, waiting, and dry runs on the server.
 */
import { type Served, serve } from "../../provider/protocol.ts";
import { type Provider, type Resource, UserError } from "../../provider/resource.ts";
import { isProperties, type Properties, secret, unknown, type Value } from "../../provider/values.ts";
import { type Answer, type Kube, kube, type Question } from "../../stacks/access/kube.ts";
import { readKubeconfig } from "../../stacks/cluster/kubeconfig.ts";

interface Where {
  /** As Pulumi's tokens and the API's paths have it. */
  readonly api: string;
  readonly path: string;
  readonly namespaced: boolean;
}

const resources: { readonly [kind: string]: Where } = {
  Namespace: { api: "core/v1", path: "namespaces", namespaced: false },
  Secret: { api: "core/v1", path: "secrets", namespaced: true },
  ConfigMap: { api: "core/v1", path: "configmaps", namespaced: true },
  HelmChart: { api: "helm.cattle.io/v1", path: "helmcharts", namespaced: true },
};

const part = (value: Value | undefined, name: string): Value | undefined =>
  isProperties(value) ? value[name] : undefined;

interface Named {
  readonly name: string;
  readonly namespace: string;
}

function nameOf(inputs: Properties): Named {
  const { metadata } = inputs;
  const [name, namespace] = [part(metadata, "name"), part(metadata, "namespace")];
  if (typeof name !== "string") throw new UserError("this stand-in for the kubernetes provider wants metadata.name");
  return { name, namespace: typeof namespace === "string" ? namespace : "default" };
}

function pathOf(kind: string, { name, namespace }: Named): string {
  const { api, path, namespaced } = resources[kind] ?? { api: "core/v1", path: "", namespaced: false };
  const root = api === "core/v1" ? "/api/v1" : `/apis/${api}`;
  return `${root}/${namespaced ? `namespaces/${namespace}/` : ""}${path}/${name}`;
}

const idOf = (kind: string, { name, namespace }: Named): string =>
  resources[kind]?.namespaced ? `${namespace}/${name}` : name;

const namedBy = (id: string): Named => {
  const [namespace = "", name] = id.split("/");
  return name === undefined ? { name: namespace, namespace: "" } : { name, namespace };
};

/** The provider marks what a Secret holds, however it was given. */
function marked(kind: string, object: Properties): Properties {
  if (kind !== "Secret") return object;
  const hidden = Object.entries(object).filter(([name]) => name === "data" || name === "stringData");
  return { ...object, ...Object.fromEntries(hidden.map(([name, value]) => [name, secret(value)])) };
}

/** Of a refusal in the API's own form its sentence. */
function sentence(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message: string }).message;
  } catch {
    return text.slice(0, 500);
  }
}

function said(answer: Answer, allowed: readonly number[]): Answer & { readonly kind: "answer" } {
  if (answer.kind === "failure")
    throw new UserError(`configured Kubernetes cluster is unreachable: ${answer.failure.seen}`);
  if (allowed.includes(answer.status)) return answer;
  throw new UserError(`the API answers ${answer.status}: ${sentence(answer.text)}`);
}

type Ask = (question: Question) => Promise<Answer>;

function resource(kind: string, ask: Ask, forgets: () => boolean): Resource {
  const apply = async (inputs: Properties): Promise<Properties> => {
    const path = `${pathOf(kind, nameOf(inputs))}?fieldManager=pulumi-kubernetes&force=true`;
    const body = JSON.stringify(inputs);
    const answer = await ask({ method: "PATCH", path, contentType: "application/apply-patch+yaml", body });
    return marked(kind, JSON.parse(said(answer, [200, 201]).text) as Properties);
  };
  return {
    diff: ({ oldInputs, inputs }) => {
      const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(inputs)])];
      const changed = names.filter((name) => JSON.stringify(oldInputs[name]) !== JSON.stringify(inputs[name]));
      const moved = idOf(kind, nameOf(oldInputs)) !== idOf(kind, nameOf(inputs));
      const kinds = changed.map((name) => [name, moved && name === "metadata" ? "UPDATE_REPLACE" : "UPDATE"] as const);
      return { changes: Object.fromEntries(kinds), deleteBeforeReplace: false };
    },
    create: async ({ inputs, preview }) => {
      if (preview) return { id: "", outputs: marked(kind, inputs) };
      return { id: idOf(kind, nameOf(inputs)), outputs: await apply(inputs) };
    },
    read: async ({ id, inputs }) => {
      const found = await ask({ path: pathOf(kind, namedBy(id)) });
      if (found.kind === "failure" && forgets()) return undefined;
      const answer = said(found, [200, 404]);
      if (answer.status === 404) return undefined;
      return { id, inputs, outputs: marked(kind, JSON.parse(answer.text) as Properties) };
    },
    update: async ({ inputs, preview }) => ({ outputs: preview ? marked(kind, inputs) : await apply(inputs) }),
    delete: async ({ id }) => {
      said(await ask({ method: "DELETE", path: pathOf(kind, namedBy(id)) }), [200, 202, 404]);
    },
  };
}

function connect(variables: Properties): Kube {
  const { kubeconfig } = variables;
  if (typeof kubeconfig !== "string" || kubeconfig === unknown)
    throw new UserError("the kubernetes provider has no kubeconfig");
  const access = readKubeconfig(kubeconfig);
  if (!/^https:\/\/127\./.test(access.server))
    throw new UserError(`this stand-in for the kubernetes provider talks to loopback only, not to "${access.server}"`);
  return kube(access, new AbortController().signal);
}

/** Serves on loopback, for PULUMI_DEBUG_PROVIDERS=kubernetes:<port>. */
export async function startKubernetesProvider({ port = 0 } = {}): Promise<Served> {
  let current: Kube | undefined;
  let forgets = false;
  const ask: Ask = (question) => {
    if (!current) throw new Error("the provider was not configured");
    return current.ask(question);
  };
  const provider: Provider = {
    name: "kubernetes",
    version: "4.34.2",
    configure: (variables) => {
      current?.close();
      current = connect(variables);
      forgets = String(variables["deleteUnreachable"]) === "true";
    },
    resources: Object.fromEntries(
      Object.entries(resources).map(([kind, { api }]) => [
        `kubernetes:${api}:${kind}`,
        resource(kind, ask, () => forgets),
      ]),
    ),
  };
  const served = await serve(provider, { port });
  return {
    ...served,
    close: async () => {
      current?.close();
      await served.close();
    },
  };
}
