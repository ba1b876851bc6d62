#!/usr/bin/env bash
# Lets the private network in $1 out to the internet under this machine's public address. Runs at every boot.
set -euo pipefail

network=$1
device=$(ip -4 -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
if [ -z "$device" ]; then
  echo "there is no route to the internet" >&2
  exit 1
fi

sysctl -qw net.ipv4.ip_forward=1
rule=(POSTROUTING -s "$network" ! -d "$network" -o "$device" -j MASQUERADE)
iptables -w -t nat -C "${rule[@]}" 2>/dev/null || iptables -w -t nat -A "${rule[@]}"
echo "$network goes out by $device"
