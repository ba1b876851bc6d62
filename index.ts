import { clusterAccess, handOver } from "./stacks/access/in-cluster.ts";
import { repositoryCredential, toldToNodes } from "./stacks/access/repository.ts";
import { stageSecrets } from "./stacks/access/secrets.ts";
import { departures } from "./stacks/cluster/departures.ts";
import { sayWayOut } from "./stacks/cluster/hooks.ts";
import { K3sCluster } from "./stacks/cluster/k3s-cluster.ts";
import { adminKubeconfig, stagePki } from "./stacks/cluster/pki.ts";
import { topology } from "./stacks/cluster/topology.ts";
import { givenToRun, hetznerAccount, loadStage } from "./stacks/config/load.ts";
import { render } from "./stacks/gitops/render.ts";
import { versionsOf } from "./stacks/gitops/versions.ts";
import { Preflight } from "./stacks/preflight/program.ts";
import { GitOpsTree, publishable } from "./stacks/publish/tree.ts";

/**
 * One stage, in the order in which it comes up: certificates and a deploy key, machines, the cluster's API, what Flux needs
 * there, the stage's part of the GitOps repository, the credential for it; and it ends when the stage works.
 */
export default async function stage() {
  const loaded = loadStage();
  const { fleet, stage, pins } = loaded;
  const { pushUrl, branch } = fleet.repository;
  const { cluster: name, nodes, protect } = topology(fleet, stage);
  const { kustomizations, ...contents } = publishable(render(fleet, stage.name, versionsOf(pins)), givenToRun());
  const preflight = new Preflight(loaded, hetznerAccount());
  await preflight.cleared;
  const secrets = stageSecrets();
  const pki = await stagePki(stage, { cluster: name, hooks: preflight.first });
  const credential = repositoryCredential({ fleet, stage, secrets });
  const told = { secrets: toldToNodes(stage, pki, { ...credential, ...secrets }), after: [credential.proved] };
  const hooks = { onError: [sayWayOut(preflight.namesake)] };
  const seen = { transformations: [preflight.sees] };
  const cluster = new K3sCluster(stage.name, { fleet, stage, pins, ...told, admin: pki, hooks }, seen);
  const access = clusterAccess({ fleet, stage, secrets, pki, name, cluster, targets: preflight.targets });
  // After the cluster: when Hetzner refuses a server, nothing has been committed.
  const tree = new GitOpsTree(
    stage.name,
    { stage: stage.name, url: pushUrl, branch, path: stage.path, ...contents },
    { dependsOn: [cluster, ...(access?.resources ?? [])] },
  );
  const expected = { nodes: nodes.map((node) => node.name), kustomizations, url: pushUrl, branch };
  const works = handOver(access, { stage, pins, credential, tree, ...expected });
  departures({ stage: stage.name, name, cluster, pki, account: hetznerAccount(), protect, after: [tree, ...works] });
  await preflight.say();
  return {
    endpoint: cluster.endpoint,
    ingressAddress: cluster.ingressAddress,
    nodes: cluster.nodes,
    commit: tree.commit,
    deployKey: credential.publicKey,
    kubeconfig: adminKubeconfig(pki, { cluster: name, server: cluster.endpoint }),
    kubeconfigExpires: pki.expires,
  };
}
