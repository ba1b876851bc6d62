/** A container image reference in its three parts. */
export interface Image {
  readonly name: string;
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

/** Reads `host:5000/name:tag@digest`: a colon before the last slash belongs to a port. */
export function parseImage(reference: string): Image {
  const [rest = "", digest] = reference.split("@");
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  if (colon < 0) return { name: rest, tag: undefined, digest };
  return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

export function formatImage({ name, tag, digest }: Image): string {
  return `${name}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
}
