import { exposedSecret } from "../../stacks/publish/exposed.ts";
import type { NodeFile } from "./cloud-config.ts";

/** The cluster's own authorities, which only the first server gets, and puts where k3s looks for them. */
const authorities = "/etc/k3s-stages/tls/";

const pem = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?-----END [A-Z0-9 ]+-----/g;

/** An hcloud token is 64 letters and digits; so is a SHA-256, but that one is hexadecimal. */
function hasHcloudToken(text: string): boolean {
  const words = text.match(/(?<![A-Za-z0-9])[A-Za-z0-9]{64}(?![A-Za-z0-9])/g) ?? [];
  return words.some((word) => !/^[0-9a-f]+$/.test(word));
}

/** Declared by `access: none`, and by nothing else: the credential for git, where nobody could hand it over. */
export const credential = "/etc/k3s-stages/credential.json";

/** What a file shows of another system, in words; the cluster's own keys and tokens may be there. */
function foreignSecret({ path, content }: NodeFile): string | undefined {
  const isAuthority = path.startsWith(authorities) && !/BEGIN OPENSSH PRIVATE KEY/.test(content);
  const visible = content.replace(pem, isAuthority ? "" : "$&");
  return exposedSecret(visible) ?? (hasHcloudToken(content.replace(pem, "")) ? "a token of Hetzner's API" : undefined);
}

const isSecret = ({ path, content }: NodeFile): boolean =>
  path === credential || /PRIVATE KEY-----|K10[0-9a-f]{64}::/.test(content);

/** Secrets that user data must not carry, and the cluster's own where others than root can read them. */
export function secretProblems(files: readonly NodeFile[]): readonly string[] {
  const foreign = files.flatMap((file) => {
    if (file.path === credential) return [];
    const secret = foreignSecret(file);
    return secret ? [`${file.path} holds ${secret}: it has to reach the cluster as a Kubernetes Secret`] : [];
  });
  const open = files.filter((file) => isSecret(file) && file.permissions !== "0600");
  return [...foreign, ...open.map(({ path, permissions }) => `${path} holds a secret and has mode ${permissions}`)];
}
