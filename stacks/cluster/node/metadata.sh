#!/usr/bin/env bash
# User data holds the cluster's keys and can be read at the metadata service for the life of the server. What is routed
# through this node, which is what pods send, and what other users than root send, gets no further. Hetzner's own drivers
# run as root in the host's network.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

ipv4=169.254.169.254
ipv6=fe80::a9fe:a9fe

# In one transaction; a table of its own, which neither k3s nor kube-proxy flushes.
by_nft() {
  nft --file - <<END
table inet k3s_stages
delete table inet k3s_stages
table inet k3s_stages {
  chain forward {
    type filter hook forward priority filter - 10
    ip daddr $ipv4 reject
    ip6 daddr $ipv6 reject
  }
  chain output {
    type filter hook output priority filter - 10
    meta skuid != 0 ip daddr $ipv4 reject
    meta skuid != 0 ip6 daddr $ipv6 reject
  }
}
END
}

reject() {
  local command=$1 chain=$2
  shift 2
  "$command" --wait --check "$chain" "$@" --jump REJECT 2>/dev/null ||
    "$command" --wait --insert "$chain" "$@" --jump REJECT
}

by_iptables() {
  reject iptables FORWARD --destination $ipv4
  reject iptables OUTPUT --destination $ipv4 --match owner ! --uid-owner 0
  reject ip6tables FORWARD --destination $ipv6
  reject ip6tables OUTPUT --destination $ipv6 --match owner ! --uid-owner 0
}

if command -v nft >/dev/null; then by_nft; else by_iptables; fi
