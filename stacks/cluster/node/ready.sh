#!/usr/bin/env bash
# The API answers and this node is Ready in it.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"
use_cluster

# With what k3s says itself, and the way out where there is one. Tokens are in none of its messages; to be sure.
not_ready() {
  local said
  said=$(journalctl --unit="$(setting unit)" --lines=99 --output=cat 2>/dev/null |
    grep -iE 'level=(error|fatal)|learner|: 40[13] ' | tail -n 1 | sed 's/K10[^ "]*/(token)/g' || true)
  case $said in
    *learner*) said="etcd takes one new member at a time, k3s tries again" ;;
    *'critical configuration'*) said="its settings differ from the cluster's; replace this node: $said" ;;
    *'password rejected'*) said="delete the Secret kube-system/$(setting name).node-password.k3s: $said" ;;
    *': 40'[13]' '*) said="its token is not the cluster's; pulumi up brings that, or replace this node: $said" ;;
  esac
  fail "$1${said:+; k3s: $said}"
}

[ -e "$KUBECONFIG" ] || not_ready "$(setting unit) has not started yet"

if [ "$(setting role)" = server ]; then
  kubectl get --raw=/readyz --request-timeout=10s >/dev/null || not_ready "the API is not ready"
fi
condition='jsonpath={.status.conditions[?(@.type=="Ready")].status}'
ready=$(kubectl get node "$(setting name)" --output="$condition" --request-timeout=10s)
[ "$ready" = True ] || not_ready "the node $(setting name) is not Ready"
