#!/usr/bin/env bash
# A stand-in for systemd and k3s on a server that lives, as far as its token is concerned, named by the link under which it is
# started. $WORLD is this server's, $ETCD the file with the token by which etcd's copy of the cluster's keys is encrypted. Of k3s
# it has what its sources say and others have measured on v1.34: a start with another token than etcd's fails, and leaves a
# passwd behind that the next start takes for newer than etcd's; `token rotate` asks for the token that k3s runs with, writes
# its own passwd first, and is refused where only that was done.
set -euo pipefail

command=$(basename "$0")
arguments="$*"
root=$K3S_STAGES_ROOT
passwd=$root/var/lib/rancher/k3s/server/cred/passwd
unit=$root/etc/systemd/system/k3s.service.d/k3s-stages-server-token.conf

refuse() {
  echo "$1" | tee -a "$WORLD/journal" >&2
  exit 1
}

power_cut() {
  rm -f "$WORLD/running"
  kill -9 "$(cat "$WORLD/pid")"
  kill -9 0
}

configured() { sed -n 's/^token: //p' "$root/etc/rancher/k3s/config.yaml"; }

# What the unit as systemd last read it runs before or after a start, by the commands of a script that is no longer there too.
around() { sed -n "s/^$1=-//p" "$WORLD/loaded" 2>/dev/null | bash || true; }

k3s_starts() {
  if [ -e "$WORLD/broken" ]; then refuse 'level=fatal msg="out of memory"'; fi
  if [ -e "$passwd" ] && grep -q newer "$passwd" && [ "$(cat "$passwd")" != "newer $(cat "$ETCD")" ]; then
    refuse 'level=fatal msg="cred/passwd newer than datastore and could cause a cluster outage"'
  fi
  if [ "$(configured)" != "$(cat "$ETCD")" ]; then
    echo "newer $(configured)" >"$passwd"
    refuse 'level=fatal msg="bootstrap data already found and encrypted with different token K10abc::server:hunter2"'
  fi
  configured >"$passwd"
  configured >"$WORLD/running"
}

# As systemd does with Restart=always, though not for ever.
start() {
  local tries
  for ((tries = 0; tries < 4; tries++)); do
    around ExecStartPre
    if (k3s_starts 2>/dev/null); then
      around ExecStartPost
      return
    fi
  done
  exit 1
}

reload() { if [ -e "$unit" ]; then cp "$unit" "$WORLD/loaded"; else rm -f "$WORLD/loaded"; fi; }

systemctl_() {
  case $arguments in
    daemon-reload) reload ;;
    "is-active --quiet k3s") [ -e "$WORLD/running" ] ;;
    "restart k3s")
      configured >>"$WORLD/restarts"
      rm -f "$WORLD/running"
      start
      ;;
    # A machine that is switched on.
    boot)
      rm -f "$WORLD/running"
      reload
      start
      ;;
    *) refuse "systemctl: unknown call $arguments" ;;
  esac
}

rotate() {
  local new=${arguments##*--new-token } full
  full="$(sed 's/::server:.*//' "$WORLD/running")::server:$new"
  [ "$K3S_TOKEN" = "$(cat "$WORLD/running")" ] || refuse "FATA Error: not authorized"
  if [ "$(cat "$passwd")" = "$full" ] && [ "$(cat "$ETCD")" != "$full" ]; then refuse "FATA Error: 500 different token"; fi
  echo "$full" >"$passwd"
  if [ -e "$WORLD/cut-in-rotate" ]; then power_cut; fi
  if [ -e "$WORLD/no-majority" ]; then
    rm "$WORLD/no-majority"
    refuse "FATA Error: 500 etcdserver: no leader"
  fi
  echo "$full" >"$ETCD"
}

k3s_() {
  case $arguments in
    *"get --raw=/readyz"*) [ -e "$WORLD/running" ] ;;
    "token rotate --new-token "*) rotate ;;
    *) refuse "k3s: unknown call $arguments" ;;
  esac
}

journalctl_() { cat "$WORLD/journal" 2>/dev/null || true; }
sync_() { :; }
sleep_() { :; }

if [ "$arguments" != boot ]; then
  echo "$command $arguments" >>"$WORLD/calls"
  if [ "$(wc -l <"$WORLD/calls")" = "$(cat "$WORLD/cut" 2>/dev/null || true)" ]; then power_cut; fi
fi
if [ "$command" = fake-server.sh ]; then command=systemctl; fi
"${command}_" "$@"
