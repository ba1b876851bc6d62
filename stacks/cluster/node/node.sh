# shellcheck shell=bash disable=SC2034 # the phases use these names
# What every phase shares. K3S_STAGES_ROOT is empty on a node; tests set it to a folder that stands for /.
set -euo pipefail
# Without it a failure inside $(…) passes for an empty answer.
shopt -s inherit_errexit
umask 077

root=${K3S_STAGES_ROOT:-}
state=$root/var/lib/k3s-stages
run=$root/run/k3s-stages
bin=$root/usr/local/bin

# Settings are read as text and never sourced: whatever a value holds, it is not run.
setting() { sed -n "s/^$1=//p" "$root/etc/k3s-stages/node.env"; }

# The last line on stderr is the reason that the status shows.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) fail "there is no k3s for $(uname -m)" ;;
  esac
}

# The interface that carries the private address. Never by name: names differ by server type and image.
interface() { ip -4 -o addr show to "$(setting address)/32" | awk '{ print $2; exit }'; }

# An agent asks as its kubelet, which may read its own node and little more. The unit has no HOME, so kubectl and flux would
# keep what they learn of the API below /.
use_cluster() {
  export KUBECACHEDIR=$run/kube-cache
  case $(setting role) in
    server) export KUBECONFIG=$root/etc/rancher/k3s/k3s.yaml ;;
    *) export KUBECONFIG=$root/var/lib/rancher/k3s/agent/kubelet.kubeconfig ;;
  esac
}

# Puts stdin in place of a file in one step, and only when that changes it.
replace() {
  mkdir -p "$(dirname "$1")"
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi
}
