/** What the API server of a node reads beside its flags, each a file in /etc/rancher/k3s. */

interface AnonymousAccess {
  readonly enabled: true;
  readonly conditions: readonly { readonly path: string }[];
}

interface AuthenticationConfiguration {
  readonly apiVersion: string;
  readonly kind: "AuthenticationConfiguration";
  /**
   * Never left out: k3s stops refusing anonymous requests where such a file is given (k3s-io/k3s
   * pkg/daemons/control/server.go), and a file that does not mention them lets every one of them in.
   */
  readonly anonymous: AnonymousAccess;
}

/** Only the two answers that a load balancer's health check asks for. v1 since Kubernetes 1.34. */
const authentication: AuthenticationConfiguration = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthenticationConfiguration",
  anonymous: { enabled: true, conditions: [{ path: "/livez" }, { path: "/readyz" }] },
};

const folder = "/etc/rancher/k3s";

/** By path. */
export const apiServerFiles: { readonly [path: string]: object } = {
  [`${folder}/authentication.yaml`]: authentication,
};

/** `kube-apiserver-arg` of k3s. */
export const apiServerFlags: readonly string[] = [`authentication-config=${folder}/authentication.yaml`];
