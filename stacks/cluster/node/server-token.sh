#!/usr/bin/env bash
# Brings a living server to another token, which comes by standard input. It is no phase: a pod runs it that enters the machine
# (stacks/cluster/server-token.ts), on every server the first step before the second on any. Every step may run again after any
# interruption.
#   prepare  from now on a start of k3s that fails is followed by one with the other token
#   rotate   etcd's copy of the cluster's keys takes the new one; once, on any server
#   switch   k3s starts with the new one, and that is the end of it
# before and after are what systemd runs around every start of k3s until then: a server comes up only with the token that etcd
# has (k3s-io/k3s pkg/cluster/storage.go), and one that was off meanwhile has nobody who could tell it.
set -euo pipefail
umask 077

root=${K3S_STAGES_ROOT:-}
config=$root/etc/rancher/k3s/config.yaml
own=$root/var/lib/k3s-stages/server-token
unit=$root/etc/systemd/system/k3s.service.d/k3s-stages-server-token.conf

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

configured() { sed -n 's/^token: //p' "$config"; }

put() {
  cat >"$1.new"
  sync "$1.new"
  mv "$1.new" "$1"
}

# In one step and by the shell alone: an argument can be read by every process of the node.
configure() {
  local text
  if [ "$(configured)" = "$1" ]; then return; fi
  text=$(cat "$config")
  printf '%s\n' "${text/"token: $(configured)"/"token: $1"}" | put "$config"
}

# What k3s says itself, without a token.
said() {
  journalctl --unit=k3s --lines=50 --output=cat 2>/dev/null | grep -E 'level=(error|fatal)' | tail -n 1 |
    sed 's/K10[^ "]*/(token)/g' || true
}

# A start with the wrong token may have left a file there that k3s then takes for newer than etcd's and refuses; it comes from
# etcd when it is missing (k3s-io/k3s pkg/cluster/bootstrap.go, isNewerFile).
before() {
  local old new
  if [ ! -e "$own/new" ]; then return; fi
  old=$(cat "$own/old")
  new=$(cat "$own/new")
  rm -f "$root/var/lib/rancher/k3s/server/cred/passwd"
  if [ ! -e "$own/tried" ]; then
    : >"$own/tried"
  elif [ "$(configured)" = "$new" ]; then
    configure "$old"
  else
    configure "$new"
  fi
}

after() { rm -f "$own/tried"; }

# Until k3s runs, with either token, and answers.
settle() {
  local tries
  for ((tries = 0; tries < 60; tries++)); do
    if systemctl is-active --quiet k3s &&
      k3s kubectl --kubeconfig="$root/etc/rancher/k3s/k3s.yaml" get --raw=/readyz --request-timeout=10s >/dev/null 2>&1; then
      return
    fi
    sleep 5
  done
  fail "k3s does not answer on this server; k3s: $(said)"
}

prepare() {
  if [ "$(configured)" = "$new" ] && [ ! -e "$own" ]; then return; fi
  [ -n "$(configured)" ] || fail "/etc/rancher/k3s/config.yaml has no token"
  mkdir -p "$own" "$(dirname "$unit")"
  if [ "$(configured)" != "$new" ]; then configured | put "$own/old"; fi
  put "$own/new" <<<"$new"
  put "$own/program" <<<"$BASH_EXECUTION_STRING"
  put "$unit" <<END
[Service]
ExecStartPre=-/usr/bin/env bash $own/program before
ExecStartPost=-/usr/bin/env bash $own/program after
END
  systemctl daemon-reload
}

rotate() {
  settle
  # It has started with it, so etcd has it.
  if [ "$(configured)" = "$new" ]; then return; fi
  # k3s hides its own arguments; what it takes here is the password alone (k3s-io/k3s pkg/server/handlers/token.go).
  if K3S_TOKEN=$(configured) k3s token rotate --new-token "${new##*:}" >/dev/null; then return; fi
  # It begins with a file of its own, and would refuse the next try for that; a start puts it back.
  systemctl restart k3s || true
  fail "k3s token rotate failed on this server; k3s: $(said)"
}

switch() {
  if [ "$(configured)" = "$new" ] && [ ! -e "$own" ]; then return; fi
  settle
  configure "$new"
  systemctl restart k3s || true
  settle
  [ "$(configured)" = "$new" ] || fail "k3s does not start with the new token and runs with the old one; k3s: $(said)"
  rm -f "$unit"
  rmdir --ignore-fail-on-non-empty "$(dirname "$unit")"
  systemctl daemon-reload
  rm -rf "$own"
}

if [[ $* == before || $* == after ]]; then
  "$1"
  exit
fi
new=$(cat)
[[ $new =~ ^K10[0-9a-f]{64}::server:[0-9a-f]{64}$ ]] || fail "no token came to this server"
for step in "$@"; do "$step"; done
