#!/usr/bin/env bash
# Until Hetzner's cloud controller manager has seen this node, nothing but that is scheduled to it. It needs a token, which
# comes as a Kubernetes Secret.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"
use_cluster

taints=$(kubectl get node "$(setting name)" --output='jsonpath={.spec.taints[*].key}' --request-timeout=10s)
if [[ $taints != *node.cloudprovider.kubernetes.io/uninitialized* ]]; then exit 0; fi
if [ "$(setting role)" = server ]; then
  kubectl --namespace=kube-system get secret hcloud --output=name >/dev/null ||
    fail "waiting for the Secret kube-system/hcloud"
fi
fail "waiting for hcloud-cloud-controller-manager to see this node; its log is in kube-system"
