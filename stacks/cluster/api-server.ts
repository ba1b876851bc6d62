/** What the API server of a node reads beside its flags, each a file in /etc/rancher/k3s. */

interface AuthenticationConfiguration {
  readonly apiVersion: string;
  readonly kind: "AuthenticationConfiguration";
  /**
   * Never left out: k3s stops refusing anonymous requests where such a file is given (k3s-io/k3s
   * pkg/daemons/control/server.go), and a file that does not mention them lets every one of them in.
   */
  readonly anonymous: { readonly enabled: true; readonly conditions: readonly { readonly path: string }[] };
}

/** Only the two answers that a load balancer's health check asks for. v1 since Kubernetes 1.34. */
const authentication: AuthenticationConfiguration = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthenticationConfiguration",
  anonymous: { enabled: true, conditions: [{ path: "/livez" }, { path: "/readyz" }] },
};

/** Who did what to which object, never what was in it; without what every node says every few seconds. */
const audit = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version"] },
    {
      level: "None",
      resources: [
        { group: "coordination.k8s.io", resources: ["leases"] },
        { group: "", resources: ["events"] },
        { group: "events.k8s.io", resources: ["events"] },
      ],
    },
    { level: "Metadata" },
  ],
};

/**
 * For namespaces that say nothing themselves. What k3s and Hetzner's charts run needs more and lies in kube-system; a
 * namespace with labels of its own is judged by those.
 */
const podSecurity = {
  apiVersion: "pod-security.admission.config.k8s.io/v1",
  kind: "PodSecurityConfiguration",
  defaults: { enforce: "baseline", audit: "restricted", warn: "restricted" },
  exemptions: { namespaces: ["kube-system"] },
};

const admission = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AdmissionConfiguration",
  plugins: [{ name: "PodSecurity", configuration: podSecurity }],
};

const at = (name: string): string => `/etc/rancher/k3s/${name}.yaml`;

/** By path. */
export const apiServerFiles: { readonly [path: string]: object } = {
  [at("authentication")]: authentication,
  [at("audit")]: audit,
  [at("admission")]: admission,
};

/** Forward secrecy and an authenticated cipher, for authorities of elliptic curves and of RSA. TLS 1.3 has its own. */
export const cipherSuites = `tls-cipher-suites=${[
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
].join(",")}`;

/** `kube-apiserver-arg` of k3s. The audit log takes at most eleven files of 100 MB, and is kept for a month. */
export const apiServerFlags: readonly string[] = [
  `authentication-config=${at("authentication")}`,
  `admission-control-config-file=${at("admission")}`,
  `audit-policy-file=${at("audit")}`,
  "audit-log-path=/var/lib/rancher/k3s/server/logs/audit.log",
  "audit-log-maxage=30",
  "audit-log-maxbackup=10",
  "audit-log-maxsize=100",
  "service-account-extend-token-expiration=false",
  cipherSuites,
];
