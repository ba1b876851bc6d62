#!/usr/bin/env bash
# Brings this node from its first boot into its cluster, phase by phase. A phase checks or does one thing and fails with
# the reason; this script tries it again until its deadline. Every phase may run again after any interruption.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

# Seconds until a phase gives up. Two of them wait for a Secret that is handed over when somebody is there to do it.
budget() {
  case $1 in
    fetch) echo 900 ;;
    join | ready | restore) echo 1800 ;;
    cloud | flux) echo 7200 ;;
    *) echo 300 ;;
  esac
}

# Not the time of day: a node's first time synchronisation moves that one.
now() { cut -d. -f1 "$root/proc/uptime"; }

# A reason as one harmless line of JSON text. An attempt that was cut off at its deadline gives none, but perhaps its shell's
# word for that, so the last one stays.
reason() {
  local line
  line=$(sed -E '/^(Terminated|Killed)$/d' "$run/stderr" | tail -n 1 | tr -cd ' -~' | tr -d '"\134' | cut -c-300)
  echo "${line:-${error:-took too long}}"
}

report() {
  printf '{"phase":"%s","state":"%s","attempt":%d,"since":"%s","error":"%s"}\n' \
    "$phase" "$1" "$attempt" "$since" "$error" >"$run/status.json.new"
  chmod 0644 "$run/status.json.new"
  mv "$run/status.json.new" "$run/status.json"
  publish
}

# For those who cannot see the console. A server owns a key of a ConfigMap, which needs no Node to be there yet; a kubelet may
# write to its own Node and to nothing else (NodeRestriction). While there is no API nobody reads it.
publish() (
  use_cluster
  [ -e "$KUBECONFIG" ] || exit 0
  name=$(setting name)
  if [ "$(setting role)" = server ]; then
    printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"k3s-stages-status","namespace":"kube-system"},"data":{"%s":"%s"}}' \
      "$name" "$(sed 's/"/\\"/g' "$run/status.json")" |
      timeout 15 kubectl apply --server-side --field-manager="$name" --filename=- --request-timeout=10s
  else
    timeout 15 kubectl annotate node "$name" --overwrite "k3s-stages/status=$(cat "$run/status.json")" --request-timeout=10s
  fi >/dev/null 2>&1 || true
)

begin() {
  phase=$1 attempt=0 error=
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  : >"$run/stderr"
}

# Grows to ten seconds and is spread, so that joiners do not meet again (k3s takes one etcd learner at a time).
pause() {
  local seconds=$((attempt < 5 ? attempt * 2 : 10))
  seconds=$((seconds + RANDOM % 3))
  sleep $((seconds < $1 ? seconds : $1))
}

give_up() {
  report failed
  fail "$phase: gave up after $attempt attempts: $error"
}

attempt_phase() {
  attempt=$((attempt + 1))
  report running
  echo "$phase: attempt $attempt"
  K3S_STAGES_ATTEMPT=$attempt timeout --kill-after=10 "$1" \
    "$root/usr/local/lib/k3s-stages/$phase" 2>"$run/stderr" </dev/null
}

run_phase() {
  begin "$1"
  local left deadline=$(($(now) + $(budget "$1")))
  while left=$((deadline - $(now))) && ! attempt_phase $((left > 1 ? left : 1)); do
    cat "$run/stderr" >&2
    error=$(reason)
    left=$((deadline - $(now)))
    [ "$left" -gt 0 ] || give_up
    report waiting
    pause "$left"
  done
}

mkdir -p "$run" "$state"
chmod 0755 "$run"
read -ra phases <<<"$(setting phases)"
for each in "${phases[@]}"; do run_phase "$each"; done
begin "done"
report "done"
echo "done"
