#!/usr/bin/env bash
# A stand-in for the commands that a node's scripts call, named by the link under which it is started. It keeps what they
# would change in the folder $WORLD. It reaches no network, runs no k3s, and knows only the calls that the scripts make.
set -euo pipefail

command=$(basename "$0")
arguments="$*"

# counter NAME: takes one from the number in $WORLD/NAME; false when nothing was left.
counter() {
  local left
  left=$(cat "$WORLD/$1" 2>/dev/null || echo 0)
  [ "$left" -gt 0 ] || return 1
  echo $((left - 1)) >"$WORLD/$1"
}

refuse() {
  echo "$1" >&2
  exit 1
}

# The script that runs the phases, and the phase's process group, which is this one's too, are gone at once.
power_cut() {
  kill -9 "$(cat "$WORLD/pid")"
  kill -9 0
}

curl_() {
  local output url=${*: -1}
  if [[ $arguments == *--head* ]]; then
    if counter late/date; then refuse "curl: (7) connection refused"; fi
    printf 'HTTP/2 200\r\ndate: %s\r\n' "$(date --utc --date="$(cat "$WORLD/offset" 2>/dev/null || echo 0) seconds" '+%a, %d %b %Y %T GMT')"
    return
  fi
  if [[ $arguments == *"--config -"* ]]; then url=$(sed -n 's/^url = "\([^"?]*\).*/\1/p'); fi
  output=$(sed -n 's/.*--output \([^ ]*\).*/\1/p' <<<"$arguments")
  if counter "late/$(basename "$url")"; then refuse "curl: (7) connection refused"; fi
  if [ -e "$WORLD/blackhole" ] && [[ $url == *169.254* ]]; then refuse "curl: (28) Connection timed out"; fi
  cp "$WORLD/downloads/$(basename "$url")" "${output:-/dev/stdout}" 2>/dev/null || refuse "curl: (22) $url: 404"
}

ip_() {
  case $arguments in
    *"addr show to"*)
      [ -e "$WORLD/attached" ] || counter late/address || touch "$WORLD/attached"
      device=$(cat "$WORLD/device" 2>/dev/null || echo enp7s0)
      if [ -e "$WORLD/attached" ]; then echo "3: $device    inet $5 scope global dynamic $device"; fi
      ;;
    *"route show default") cat "$WORLD/route" 2>/dev/null || true ;;
    *"route get 169.254"*)
      if [ -e "$WORLD/blackhole" ]; then echo '169.254.169.254 via 10.0.0.1 dev enp7s0'; else echo '169.254.169.254 via 172.31.1.1 dev eth0'; fi
      ;;
    *"route del"*) rm -f "$WORLD/blackhole" ;;
    *"route get"*) echo '192.0.2.1 via 172.31.1.1 dev eth0 src 198.51.100.7 uid 0 \    cache' ;;
    *) echo "eth0 UP 198.51.100.7/32" ;;
  esac
}

# A route is there once it is written down and asked for.
netplan_() {
  counter late/route || sed -n 's/.*to: default, via: \([^,]*\).*/default via \1 dev enp7s0/p' \
    "$K3S_STAGES_ROOT/etc/netplan/90-k3s-stages.yaml" >"$WORLD/route"
}

# k3s is started at most once, and only from a complete installation.
systemctl_() {
  local root=$K3S_STAGES_ROOT unit=${*: -1}
  if [ "$1" = is-enabled ]; then
    [ -e "$WORLD/started" ]
    return
  fi
  if [ "$unit" = k3s-stages.service ]; then return; fi
  if [ "$unit" = k3s-stages-metadata.service ]; then
    touch "$WORLD/closed"
    return
  fi
  [ -e "$WORLD/closed" ] || refuse "the metadata service is open"
  [ -x "$root/usr/local/bin/k3s" ] || refuse "there is no k3s"
  grep -q '^flannel-iface: enp7s0$' "$root/etc/rancher/k3s/config.yaml.d/discovered.yaml" || refuse "no interface"
  if [ -e "$WORLD/started" ]; then return; fi
  echo "$unit" >"$WORLD/started"
  mkdir -p "$root/var/lib/rancher/k3s/agent"
  if [ "$unit" = k3s ]; then touch "$root/etc/rancher/k3s/k3s.yaml"; fi
  touch "$root/var/lib/rancher/k3s/agent/kubelet.kubeconfig"
}

secret() {
  local name=$1
  if [ ! -d "$WORLD/secrets/$name" ] && [[ $arguments == *--ignore-not-found* ]]; then return; fi
  if [ ! -d "$WORLD/secrets/$name" ] || counter "late/$name"; then refuse "secrets \"$name\" not found"; fi
  case $arguments in
    *--output=name*) echo "secret/$name" ;;
    *known_hosts*) base64 -w0 "$WORLD/secrets/$name/known_hosts" 2>/dev/null || true ;;
    *go-template*) cat "$WORLD/secrets/$name/$(sed -n 's/.*data "\([^"]*\)".*/\1/p' <<<"$arguments")" ;;
  esac
}

# The Secret in a list of objects, whose data is one key.
hand_over() {
  mkdir -p "$WORLD/secrets/flux-bootstrap"
  printf '%b' "$(sed -n 's/.*"identity":"\([^"]*\)".*/\1/p' "$1")" >"$WORLD/secrets/flux-bootstrap/identity"
}

# What fake flux has done is the text of $WORLD/flux: the revision that the cluster applied.
kubectl_() {
  case $arguments in
    *"get --raw=/readyz"*) if counter late/ready; then refuse "connection refused"; else echo ok; fi ;;
    *"get node"*taints*) if counter late/cloud; then echo node.cloudprovider.kubernetes.io/uninitialized; fi ;;
    *"get node"*) echo True ;;
    *"annotate node"*) echo "$3 $5" >"$WORLD/annotated" ;;
    *"apply --server-side --force-conflicts"*) hand_over "${arguments##*--filename=}" ;;
    *"apply --server-side"*) cat >"$WORLD/published" ;;
    *"get crd"*)
      if counter late/crd; then refuse "the server is currently unable to handle the request"; fi
      if [ -e "$WORLD/flux" ]; then echo crd; fi
      ;;
    *"get kustomization"*) cat "$WORLD/flux" ;;
    *"get secret"*) secret "$4" ;;
    *"delete secret"*) echo "$4" >>"$WORLD/deleted" ;;
    *"patch secret"*) echo "$arguments" >"$WORLD/patched" ;;
    *wait*)
      if counter late/healthy; then refuse "timed out waiting for the condition"; fi
      [ -e "$WORLD/flux" ] || refuse "no matching resources found"
      ;;
    *) refuse "kubectl: unknown call $arguments" ;;
  esac
}

# A reset puts a datastore there, and is refused where one is.
k3s_() {
  local db=$K3S_STAGES_ROOT/var/lib/rancher/k3s/server/db
  [ ! -e "$WORLD/started" ] || refuse "k3s runs"
  [ ! -e "$db" ] || refuse "etcd membership was already reset"
  mkdir -p "$db"
  if counter cut/restore; then power_cut; fi
  cat "$(sed -n 's/.*--cluster-reset-restore-path=\([^ ]*\).*/\1/p' <<<"$arguments")" >"$db/etcd"
  echo "$arguments" >>"$WORLD/resets"
  echo "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now"
}

flux_() {
  echo "$arguments" >"$WORLD/flux-arguments"
  echo "${GIT_PASSWORD:-}" >"$WORLD/flux-password"
  echo "${GITHUB_TOKEN:-}" >"$WORLD/flux-token"
  cp "$(sed -n 's/.*--private-key-file=\([^ ]*\).*/\1/p' <<<"$arguments")" "$WORLD/flux-key" 2>/dev/null || true
  if counter late/flux; then refuse "failed to push: non-fast-forward update"; fi
  if [ -e "$WORLD/hangs" ]; then tail -f /dev/null; fi
  echo "main@sha1:1" >"$WORLD/flux"
  if counter late/verdict; then refuse "timed out waiting for its own commit"; fi
}

# The fake clock: nobody waits, but time passes.
sleep_() {
  local uptime
  uptime=$(cut -d. -f1 "$K3S_STAGES_ROOT/proc/uptime")
  echo "$((uptime + $1 * $(cat "$WORLD/speed"))).00 0.00" >"$K3S_STAGES_ROOT/proc/uptime"
}

journalctl_() { cat "$WORLD/journal" 2>/dev/null || true; }
sync_() { if [ -e "$WORLD/full" ]; then refuse "sync: No space left on device"; fi; }
nft_() { cat >/dev/null; }
swapoff_() { touch "$WORLD/unswapped"; }
sysctl_() { cp "${arguments##*--load=}" "$WORLD/sysctl"; }
timedatectl_() { cat "$WORLD/synchronized" 2>/dev/null || echo yes; }
df_() { printf 'Filesystem blocks Used Available\n/dev/sda1 0 0 %s\n' "$(cat "$WORLD/free")"; }
uname_() { cat "$WORLD/machine"; }

echo "$command $arguments" >>"$WORLD/calls"
if [ "$(grep -c "^$command " "$WORLD/calls")" = "$(cat "$WORLD/cut/$command" 2>/dev/null || true)" ]; then power_cut; fi
"${command}_" "$@"
