#!/usr/bin/env bash
# Begins with an etcd snapshot instead of an empty datastore, once in this machine's life and before k3s ever runs on it. The
# snapshot comes by an address that works for some hours only; k3s itself could not ask for the store's keys without an API.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

restored=$state/restored
snapshot=$state/$(setting snapshot)
address=$root/etc/k3s-stages/snapshot

if [ -e "$restored" ]; then exit 0; fi
if systemctl is-enabled --quiet "$(setting unit)"; then fail "k3s has run here; a snapshot is for a new machine only"; fi

fetch_snapshot() {
  # By configuration: an argument can be read by every process of the node.
  printf 'url = "%s"\n' "$(cat "$address")" |
    curl --fail --silent --show-error --proto '=https' --tlsv1.2 --connect-timeout 10 --max-time 1500 \
      --config - --output "$snapshot" ||
    fail "the snapshot $(setting snapshot) cannot be had; its address works for a day after pulumi up made the server"
}

# What an interrupted restore left behind would be refused as reset already.
rm -rf "$root/var/lib/rancher/k3s/server/db"
if [ ! -s "$snapshot" ]; then fetch_snapshot; fi
# The server's own configuration asks for the store, and there this would be the name of an object in it.
k3s server --cluster-reset --cluster-reset-restore-path="$snapshot" --etcd-s3=false 2>&1 | tee "$run/restore.log" || true
grep -q 'has been reset' "$run/restore.log" || fail "k3s server --cluster-reset: $(tail -n 1 "$run/restore.log")"
rm -f "$snapshot" "$address"
setting snapshot | replace "$restored"
