#!/usr/bin/env bash
# Hetzner attaches the private network after the server has started, so the address is always late.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

# Of a node without a public interface: by the network's own router, which knows the gateway. Hetzner's DHCP has not said so
# since August 2025, and names no resolvers in a private network; these are Hetzner's.
way_out() {
  command -v netplan >/dev/null || fail "the image has no netplan, which a node without a public address needs"
  replace "$root/etc/netplan/90-k3s-stages.yaml" <<EOF
network:
  version: 2
  ethernets:
    $1:
      dhcp4: true
      routes: [{to: default, via: $2, on-link: true}]
      nameservers: {addresses: [185.12.64.1, 185.12.64.2]}
EOF
  if [ -z "$(ip -4 route show default)" ]; then netplan apply; fi
  [ -n "$(ip -4 route show default)" ] || fail "there is no route to the internet by $2 yet"
}

device=$(interface)
if [ -n "$device" ]; then
  router=$(setting router)
  if [ -n "$router" ]; then way_out "$device" "$router"; fi
  exit 0
fi

# The interface can be there without its address (danjac/django-studio#362): ask for it once, after about a minute.
if [ "$K3S_STAGES_ATTEMPT" = 8 ] && command -v netplan >/dev/null; then netplan apply; fi

ip -br addr >&2
fail "no interface has the private address $(setting address)"
