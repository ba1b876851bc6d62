import type { Architecture, Tool } from "./pins.ts";

/** One downloadable file of a release. */
export interface Artefact {
  readonly url: string;
  /** The release's own list of digests, in the format of sha256sum. */
  readonly checksums: string;
  /** As the list calls it. */
  readonly name: string;
  /** The binary's path inside the archive; none when the file is the binary. */
  readonly member: string | undefined;
}

/** Where releases come from, without a slash at the end. */
export interface Hosts {
  readonly github: string;
  readonly helm: string;
}

export const officialHosts: Hosts = { github: "https://github.com", helm: "https://get.helm.sh" };

interface Release {
  readonly tool: Tool;
  readonly version: string;
  readonly architecture: Architecture;
}

function k3s({ version, architecture }: Release, { github }: Hosts): Artefact {
  // k3s-io/k3s scripts/package-cli: amd64 has no suffix; the + of the tag has to be escaped in the path.
  const folder = `${github}/k3s-io/k3s/releases/download/${encodeURIComponent(version)}`;
  const name = architecture === "amd64" ? "k3s" : `k3s-${architecture}`;
  return { url: `${folder}/${name}`, checksums: `${folder}/sha256sum-${architecture}.txt`, name, member: undefined };
}

function flux({ version, architecture }: Release, { github }: Hosts): Artefact {
  const folder = `${github}/fluxcd/flux2/releases/download/v${version}`;
  const name = `flux_${version}_linux_${architecture}.tar.gz`;
  return { url: `${folder}/${name}`, checksums: `${folder}/flux_${version}_checksums.txt`, name, member: "flux" };
}

function helm({ version, architecture }: Release, hosts: Hosts): Artefact {
  const name = `helm-v${version}-linux-${architecture}.tar.gz`;
  const url = `${hosts.helm}/${name}`;
  return { url, checksums: `${url}.sha256sum`, name, member: `linux-${architecture}/helm` };
}

function k9s({ version, architecture }: Release, { github }: Hosts): Artefact {
  const folder = `${github}/derailed/k9s/releases/download/v${version}`;
  const name = `k9s_Linux_${architecture}.tar.gz`;
  return { url: `${folder}/${name}`, checksums: `${folder}/checksums.sha256`, name, member: "k9s" };
}

const releases = { k3s, flux, helm, k9s };

/** Where a pinned tool is downloaded, for its installation on a node and for `npm run pins`. */
export function artefact(release: Release, hosts = officialHosts): Artefact {
  return releases[release.tool](release, hosts);
}
