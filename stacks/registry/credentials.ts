export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

function entryFor(config: unknown, host: string): { readonly auth?: unknown } | undefined {
  const { auths } = (config ?? {}) as { readonly auths?: { readonly [host: string]: { readonly auth?: unknown } } };
  const names = host === "docker.io" ? ["https://index.docker.io/v1/", "docker.io"] : [host, `https://${host}`];
  return names.map((name) => auths?.[name]).find((entry) => entry !== undefined);
}

/**
 * What `docker login` left for a host in ~/.docker/config.json, when it is there in plain (base64) and not in a keychain.
 * @throws Error for a text that is no JSON
 */
export function dockerCredentials(config: string, host: string): Credentials | undefined {
  const auth = entryFor(JSON.parse(config), host)?.auth;
  if (typeof auth !== "string" || auth === "") return undefined;
  const [username = "", ...password] = Buffer.from(auth, "base64").toString("utf8").split(":");
  return { username, password: password.join(":") };
}
