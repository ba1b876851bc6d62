import { join } from "node:path";

/** Everything the sandbox ever writes lies below `.sandbox/` of the checkout; deleting it leaves no trace. */
export interface Layout {
  readonly checkout: string;
  readonly root: string;
  /** The copy of the project in which every Pulumi command runs. */
  readonly work: string;
  /** Pulumi's local file backend, and its home. */
  readonly backend: string;
  readonly pulumiHome: string;
  readonly repositories: string;
  readonly hetzner: string;
  /** What is in the clusters, as etcd would keep it; their secrets too. */
  readonly clusters: string;
  readonly github: string;
  readonly registry: string;
  readonly ports: string;
  /** Sends the configured repository's URL to the loopback git server (git's own `url.<base>.insteadOf`). */
  readonly gitConfig: string;
  readonly report: string;
  /** Holds the number of the process that uses the sandbox. */
  readonly lock: string;
}

export function layoutOf(checkout: string, root = join(checkout, ".sandbox")): Layout {
  return {
    checkout,
    root,
    work: join(root, "work"),
    backend: join(root, "backend"),
    pulumiHome: join(root, "pulumi-home"),
    repositories: join(root, "git"),
    hetzner: join(root, "hetzner.json"),
    clusters: join(root, "clusters.json"),
    github: join(root, "github.json"),
    registry: join(root, "registry.json"),
    ports: join(root, "ports.json"),
    gitConfig: join(root, "gitconfig"),
    report: join(root, "report.json"),
    lock: join(root, "lock"),
  };
}
