import { isDeepStrictEqual } from "node:util";
import { isLasting, wayOut } from "../stacks/access/failure.ts";
import { type Credentials, kube } from "../stacks/access/kube.ts";
import { kubeconfig } from "../stacks/cluster/kubeconfig.ts";
import type { CreateRequest, Resource } from "./resource.ts";
import { UserError } from "./resource.ts";
import { type Properties, secret, unknown } from "./values.ts";
import { type Found, wait } from "./waiting.ts";

/** Seconds. A server needs two to four minutes from its order to its API; slow mirrors are no reason to give up. */
const longest = 20 * 60;

const credentialsOf = (inputs: Properties): Credentials => ({
  server: String(inputs["server"]),
  caCertificate: String(inputs["caCertificate"]),
  adminCertificate: String(inputs["adminCertificate"]),
  adminKey: String(inputs["adminKey"]),
});

/**
 * /readyz is open to everybody; a resource is not, so both certificates are proved. The last is of the kinds that k3s brings,
 * some moments after the others.
 */
const paths = ["/readyz", "/api/v1/namespaces/kube-system", "/apis/helm.cattle.io/v1/helmcharts"];

async function look(credentials: Credentials, signal: AbortSignal): Promise<Found<undefined>> {
  const api = kube(credentials, signal);
  try {
    for (const path of paths) {
      const answer = await api.ask({ path });
      if (answer.kind === "failure") {
        const { failure } = answer;
        return { kind: "waiting", seen: failure.seen, wayOut: wayOut(failure), lasting: isLasting(failure) };
      }
      if (answer.status !== 200) {
        const seen = `${path} answers ${answer.status}`;
        return { kind: "waiting", seen, wayOut: "The server's console in the Hetzner console says more." };
      }
    }
    return { kind: "done", value: undefined };
  } finally {
    api.close();
  }
}

const text = ({ cluster, ...rest }: Properties): string =>
  kubeconfig({ cluster: String(cluster), ...credentialsOf(rest) });

async function answered({ inputs, log, signal, timeout }: CreateRequest, pause: number): Promise<void> {
  const credentials = credentialsOf(inputs);
  const what = `the API of ${inputs["cluster"]} at ${credentials.server}`;
  const deadline = timeout || longest;
  try {
    await wait({ what, look: () => look(credentials, signal), log, signal, deadline, pause });
  } catch (error) {
    throw signal.aborted ? new UserError(`cancelled while waiting for ${what}`) : error;
  }
}

/**
 * The cluster's API answers to the stage's own certificates. Its output is the kubeconfig that all Kubernetes resources hang
 * on, so an update never makes it unknown in a preview: the provider, and everything in the cluster, would be replaced.
 */
export function apiReady({ pause = 2 } = {}): Resource {
  return {
    async create(request) {
      const { inputs, preview } = request;
      if (preview) return { id: "", outputs: { kubeconfig: secret(unknown) } };
      await answered(request, pause);
      return { id: String(inputs["cluster"]), outputs: { kubeconfig: secret(text(inputs)) } };
    },
    async update(request) {
      const { inputs, oldInputs, oldOutputs, preview } = request;
      if (preview) return { outputs: { kubeconfig: secret(oldOutputs["kubeconfig"] ?? unknown) } };
      // A renewed admin certificate is no reason to wait: the authority is the same. A new machine begins with no API.
      const names = ["server", "caCertificate", "machines"];
      const isOther = names.some((name) => !isDeepStrictEqual(oldInputs[name], inputs[name]));
      if (isOther) await answered(request, pause);
      return { outputs: { kubeconfig: secret(text(inputs)) } };
    },
  };
}
