#!/usr/bin/env bash
# Adds to k3s' configuration what only the node itself knows.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

# cloud-init makes the parents of the files it writes readable for everybody.
for folder in server server/tls server/tls/etcd; do
  if [ -d "$root/var/lib/rancher/k3s/$folder" ]; then chmod 0700 "$root/var/lib/rancher/k3s/$folder"; fi
done

# Asks the routing table only, nothing is sent: the address with which this node reaches the internet.
public_address() { ip -4 -o route get 192.0.2.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p'; }

discovered() {
  echo "flannel-iface: $device"
  # The kubeconfig names the public address, which nobody knows before the server exists.
  if [ "$(setting role)" = server ]; then printf 'tls-san+:\n  - %s\n' "$public"; fi
}

device=$(interface)
[ -n "$device" ] || fail "no interface has the private address $(setting address)"
public=$(public_address)
[ -n "$public" ] || fail "there is no route to the internet"
discovered | replace "$root/etc/rancher/k3s/config.yaml.d/discovered.yaml"
