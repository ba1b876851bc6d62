import * as pulumi from "@pulumi/pulumi";
import { sayWayOut } from "./stacks/cluster/hooks.ts";
import { K3sCluster } from "./stacks/cluster/k3s-cluster.ts";
import { kubeconfig } from "./stacks/cluster/kubeconfig.ts";
import { Pki } from "./stacks/cluster/pki.ts";
import { hetznerAccount, loadStage } from "./stacks/config/load.ts";
import { render } from "./stacks/gitops/render.ts";
import { versionsOf } from "./stacks/gitops/versions.ts";
import { Preflight } from "./stacks/preflight/program.ts";
import { GitOpsTree } from "./stacks/publish/tree.ts";

/** One stage: its cluster's certificates, the cluster, and its part of the GitOps repository. */
export default async function stage() {
  const loaded = loadStage();
  const { fleet, stage, pins } = loaded;
  const preflight = new Preflight(loaded, hetznerAccount());
  await preflight.cleared;
  const { url: _, pushUrl, branch } = fleet.repository;
  const name = `${fleet.project}-${stage.name}`;
  const pki = new Pki(stage.name, { cluster: name });
  const hooks = { onError: [sayWayOut(preflight.namesake)] };
  const seen = { transformations: [preflight.sees] };
  const cluster = new K3sCluster(stage.name, { fleet, stage, pins, secrets: pki, hooks }, seen);
  const { files, placeholders } = render(fleet, stage.name, versionsOf(pins));
  // After the cluster: when Hetzner refuses a server, nothing has been committed.
  const tree = new GitOpsTree(
    stage.name,
    { stage: stage.name, url: pushUrl, branch, path: stage.path, files, placeholders },
    { dependsOn: cluster },
  );
  await preflight.say();
  const { caCertificate, adminCertificate, adminKey, expires } = pki;
  const access = { cluster: name, server: cluster.endpoint, caCertificate, adminCertificate, adminKey };
  return {
    endpoint: cluster.endpoint,
    ingressAddress: cluster.ingressAddress,
    nodes: cluster.nodes,
    commit: tree.commit,
    kubeconfig: pulumi.secret(pulumi.output(access).apply(kubeconfig)),
    kubeconfigExpires: expires,
  };
}
