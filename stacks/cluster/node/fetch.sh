#!/usr/bin/env bash
# Installs what is pinned and not there. What was installed once is left alone: an upgrade in the cluster may have
# replaced it since, and a restart of the node must not take that back.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

scratch=$state/fetch
trap 'rm -rf "$scratch"' EXIT

download() {
  curl --fail --silent --show-error --location --proto '=https' --proto-redir '=https' --tlsv1.2 \
    --connect-timeout 10 --max-time 300 --max-filesize 268435456 --retry 3 --output "$scratch/artefact" "$1"
}

verify() {
  local actual
  actual=$(sha256sum "$scratch/artefact" | cut -d' ' -f1)
  [ "$actual" = "$2" ] || fail "$1 has SHA-256 $actual, pinned is $2"
}

unpack() {
  if [ "$1" = - ]; then
    mv "$scratch/artefact" "$scratch/binary"
  else
    tar -xzOf "$scratch/artefact" "$1" >"$scratch/binary"
  fi
}

place() {
  mkdir -p "$bin"
  install -m 0755 "$scratch/binary" "$bin/.$1.new"
  # Before the name: a power cut must not leave an empty file under it.
  sync "$bin/.$1.new"
  mv "$bin/.$1.new" "$bin/$1"
}

fetch() {
  local tool=$1 digest=$2 url=$3 member=$4
  if [ "$(cat "$state/$tool.sha256" 2>/dev/null)" = "$digest" ] && [ -x "$bin/$tool" ]; then return; fi
  [[ $digest =~ ^[0-9a-f]{64}$ ]] || fail "no SHA-256 is pinned for $url"
  rm -rf "$scratch"
  mkdir "$scratch"
  download "$url"
  verify "$url" "$digest"
  unpack "$member"
  place "$tool"
  replace "$state/$tool.sha256" <<<"$digest"
  echo "installed $tool from $url"
}

wanted=$(architecture)
grep -q "^k3s $wanted " "$root/etc/k3s-stages/artefacts" || fail "this machine is $wanted, its server type was taken for another"
while read -r -u 3 tool architecture digest url member; do
  if [ "$architecture" = "$wanted" ]; then fetch "$tool" "$digest" "$url" "$member"; fi
done 3<"$root/etc/k3s-stages/artefacts"
