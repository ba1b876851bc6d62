#!/usr/bin/env bash
# The snapshot knows this node's name with the password of a machine that is gone; k3s would not let this one in.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

if [ -e "$state/rejoined" ]; then exit 0; fi
export KUBECONFIG=$root/etc/rancher/k3s/k3s.yaml
kubectl --namespace=kube-system delete secret "$(setting name).node-password.k3s" --ignore-not-found --request-timeout=10s
setting name | replace "$state/rejoined"
