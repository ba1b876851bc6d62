#!/usr/bin/env bash
# Adds to k3s' configuration what only the node itself knows.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

# cloud-init makes the parents of the files it writes readable for everybody.
for folder in server server/tls server/tls/etcd; do
  if [ -d "$root/var/lib/rancher/k3s/$folder" ]; then chmod 0700 "$root/var/lib/rancher/k3s/$folder"; fi
done

device=$(interface)
[ -n "$device" ] || fail "no interface has the private address $(setting address)"
echo "flannel-iface: $device" | replace "$root/etc/rancher/k3s/config.yaml.d/discovered.yaml"
