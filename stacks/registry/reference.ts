/** Where an image's tags are listed. */
export interface Place {
  /** As credentials name it: `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
  readonly host: string;
  /** Address of its API: `https://registry-1.docker.io`. */
  readonly url: string;
  /** `library/nginx` for Docker Hub's `nginx`. */
  readonly name: string;
}

const dockerHub = "docker.io";
const dockerNames = [dockerHub, "index.docker.io", "registry-1.docker.io"];

/** Plain HTTP on this machine only, as go-containerregistry has it (pkg/name/registry.go, Scheme). */
const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);

/** Docker's reading of a name: the first part is a host if it has a dot or a port, or is localhost (distribution/reference). */
export function placeOf(image: string): Place {
  const [first = "", ...rest] = image.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const host = hasHost ? first : dockerHub;
  const name = hasHost ? rest.join("/") : image;
  if (dockerNames.includes(host)) {
    return {
      host: dockerHub,
      url: "https://registry-1.docker.io",
      name: name.includes("/") ? name : `library/${name}`,
    };
  }
  return { host, url: `${isLoopback(host) ? "http" : "https"}://${host}`, name };
}

/** One spelling of every image: `nginx` and `docker.io/library/nginx` are the same. */
export function canonicalName(image: string): string {
  const { host, name } = placeOf(image);
  return `${host}/${name}`;
}

/** OCI distribution specification, "Pulling manifests". */
export const isTag = (text: string): boolean => /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(text);
