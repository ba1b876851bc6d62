#!/usr/bin/env bash
# Hetzner attaches the private network after the server has started, so the address is always late.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

if [ -n "$(interface)" ]; then exit 0; fi

# The interface can be there without its address (danjac/django-studio#362): ask for it once, after about a minute.
if [ "$K3S_STAGES_ATTEMPT" = 8 ] && command -v netplan >/dev/null; then netplan apply; fi

ip -br addr >&2
fail "no interface has the private address $(setting address)"
