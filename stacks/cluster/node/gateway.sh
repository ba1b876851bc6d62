#!/usr/bin/env bash
# Lets the private network in $1 out to the internet under this machine's public address. Runs at every boot.
set -euo pipefail

# Puts its table in place of the one that an earlier run left, in one step.
by_nft() {
  nft --file - <<END
table ip k3s_stages
delete table ip k3s_stages
table ip k3s_stages {
  chain out {
    type nat hook postrouting priority srcnat
    ip saddr $network ip daddr != $network oifname "$device" masquerade
  }
}
END
}

by_iptables() {
  local rule=(POSTROUTING -s "$network" ! -d "$network" -o "$device" -j MASQUERADE)
  iptables -w -t nat -C "${rule[@]}" 2>/dev/null || iptables -w -t nat -A "${rule[@]}"
}

network=$1
device=$(ip -4 -o route show default | awk '{ print $5; exit }')
if [ -z "$device" ]; then
  echo "there is no route to the internet" >&2
  exit 1
fi
sysctl -qw net.ipv4.ip_forward=1
if command -v nft >/dev/null; then by_nft; else by_iptables; fi
echo "$network goes out by $device"
