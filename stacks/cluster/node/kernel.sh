#!/usr/bin/env bash
# The kernel as the kubelet wants to find it: it does not start where a setting differs. At every boot.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

settings=$root/etc/sysctl.d/90-k3s-stages.conf
[ -s "$settings" ] || fail "$settings is missing, and the kubelet does not start without its settings"
sysctl --quiet --load="$settings"
# Memory limits of pods mean little where there is swap.
swapoff --all
