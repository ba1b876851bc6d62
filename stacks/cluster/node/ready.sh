#!/usr/bin/env bash
# The API answers and this node is Ready in it.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"
use_cluster

[ -e "$KUBECONFIG" ] || fail "$(setting unit) has not started yet"

if [ "$(setting role)" = server ]; then
  kubectl get --raw=/readyz --request-timeout=10s >/dev/null || fail "the API is not ready"
fi
condition='jsonpath={.status.conditions[?(@.type=="Ready")].status}'
ready=$(kubectl get node "$(setting name)" --output="$condition" --request-timeout=10s)
[ "$ready" = True ] || fail "the node $(setting name) is not Ready"
