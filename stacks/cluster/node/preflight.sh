#!/usr/bin/env bash
# What the later phases take for granted.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

has() { command -v "$1" >/dev/null; }

architecture >/dev/null

for command in awk base64 cmp curl ip sha256sum swapoff sysctl systemctl tar; do
  has "$command" || fail "the image has no $command; use another image"
done
has nft || has ip6tables || fail "the image has neither nft nor ip6tables; use another image"

free=$(df -Pk "$root/var/lib" | awk 'NR == 2 { print $4 }')
[ "$free" -ge 4194304 ] || fail "only $free KiB are free below /var/lib, images need 4 GiB"

release_host() { awk '{ split($4, part, "/"); print part[1] "//" part[3]; exit }' "$root/etc/k3s-stages/artefacts"; }

# Certificates are valid from the minute of their making on.
clock() {
  local host answer off
  if [ "$(timedatectl show --property=NTPSynchronized --value 2>/dev/null)" = yes ]; then return; fi
  host=$(release_host)
  # Unverified on purpose: by a wrong clock no certificate is valid, and nothing but the date is taken.
  answer=$(curl --silent --show-error --insecure --head --connect-timeout 5 --max-time 10 "$host" |
    tr -d '\r' | sed -n 's/^[Dd]ate: //p' | tail -n 1)
  [ -n "$answer" ] || fail "the clock is not synchronised yet, and $host does not say what time it is"
  off=$(($(date +%s) - $(date --date="$answer" +%s)))
  [ "${off#-}" -le 300 ] || fail "the clock is $off seconds off that of $host, and not synchronised yet"
}

instance() {
  curl --fail --silent --show-error --noproxy '*' --connect-timeout 2 --max-time 5 \
    http://169.254.169.254/hetzner/v1/metadata/instance-id
}

device_to() { ip -4 -o route get "$1" | sed -n 's/.* dev \([^ ]*\).*/\1/p'; }

# Some servers get a route to it through the private network, where nothing answers (kube-hetzner#2268).
metadata() {
  local id device
  id=$(instance || true)
  if [[ $id =~ ^[0-9]+$ ]]; then return; fi
  device=$(device_to 169.254.169.254)
  if [ "$device" != "$(device_to 192.0.2.1)" ]; then
    ip -4 route del 169.254.169.254/32 || true
    fail "the metadata service was routed through $device, where it does not answer; the route is removed now"
  fi
  fail "the metadata service does not answer with this server's id through $device; volumes need it"
}

clock
if [ "$(setting cloud)" = hcloud ]; then metadata; fi
