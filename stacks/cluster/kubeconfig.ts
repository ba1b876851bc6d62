export interface Access {
  /** Name of cluster, user and context alike. */
  readonly cluster: string;
  /** `https://203.0.113.7:6443` */
  readonly server: string;
  readonly caCertificate: string;
  readonly adminCertificate: string;
  readonly adminKey: string;
}

const base64 = (pem: string): string => Buffer.from(pem, "utf8").toString("base64");

/** Same access, same bytes: what depends on this text must not see a change where there is none. */
export function kubeconfig({ cluster, server, caCertificate, adminCertificate, adminKey }: Access): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: ${cluster}
    cluster:
      server: ${server}
      certificate-authority-data: ${base64(caCertificate)}
users:
  - name: ${cluster}
    user:
      client-certificate-data: ${base64(adminCertificate)}
      client-key-data: ${base64(adminKey)}
contexts:
  - name: ${cluster}
    context:
      cluster: ${cluster}
      user: ${cluster}
current-context: ${cluster}
`;
}

/** The access in a text that `kubeconfig` made. */
export function readKubeconfig(text: string): Access {
  const field = (name: string): string => new RegExp(`^ +(?:- )?${name}: (.+)$`, "m").exec(text)?.[1] ?? "";
  const pem = (name: string): string => Buffer.from(field(name), "base64").toString("utf8");
  return {
    cluster: field("name"),
    server: field("server"),
    caCertificate: pem("certificate-authority-data"),
    adminCertificate: pem("client-certificate-data"),
    adminKey: pem("client-key-data"),
  };
}
