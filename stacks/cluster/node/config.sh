#!/usr/bin/env bash
# Puts in place what k3s starts from, and adds to its configuration what only the node itself knows.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

given=$root/etc/k3s-stages/tls
server=$root/var/lib/rancher/k3s/server

# A file that is not as it should be stops the API server, or opens it.
check_api_files() {
  local each
  for each in authentication admission audit; do
    [ -s "$root/etc/rancher/k3s/$each.yaml" ] || fail "/etc/rancher/k3s/$each.yaml is missing; the API would not start"
  done
  grep -q '^anonymous:' "$root/etc/rancher/k3s/authentication.yaml" ||
    fail "/etc/rancher/k3s/authentication.yaml does not mention anonymous requests; all would be let in"
}

# A cluster's authorities are never replaced: every certificate and every token in it was made for them.
place_authorities() {
  if [ ! -d "$given" ]; then return; fi
  if [ -e "$server/tls/server-ca.crt" ] || [ -d "$server/db/etcd" ]; then
    cmp -s "$given/server-ca.crt" "$server/tls/server-ca.crt" ||
      fail "this node has the authorities of a cluster already, others than user data brings; they are kept"
  else
    rm -rf "$server/.tls"
    mkdir -p "$server"
    cp -r "$given" "$server/.tls"
    rm -rf "$server/tls"
    sync
    mv "$server/.tls" "$server/tls"
  fi
  rm -rf "$given"
}

# cloud-init makes the parents of the files it writes readable for everybody.
close_folders() {
  local folder
  for folder in "$root/etc/k3s-stages" "$given" "$server" "$server/tls" "$server/tls/etcd" "$server/manifests"; do
    if [ -d "$folder" ]; then chmod 0700 "$folder"; fi
  done
}

if [ "$(setting role)" = server ]; then check_api_files; fi
place_authorities
close_folders
device=$(interface)
[ -n "$device" ] || fail "no interface has the private address $(setting address)"
echo "flannel-iface: $device" | replace "$root/etc/rancher/k3s/config.yaml.d/discovered.yaml"
