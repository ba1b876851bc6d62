#!/usr/bin/env bash
# Starts k3s now and at every boot; it restarts by itself until it has joined.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

if [ ! -e "$bin/kubectl" ]; then ln -s k3s "$bin/kubectl"; fi

systemctl enable --now k3s-stages-metadata.service
# Starting what runs is nothing: a second run restarts no node.
systemctl enable --now --no-block "$(setting unit)"
