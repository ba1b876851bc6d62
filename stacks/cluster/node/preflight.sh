#!/usr/bin/env bash
# What the later phases take for granted.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

architecture >/dev/null

for command in awk cmp curl ip sha256sum systemctl tar; do
  command -v "$command" >/dev/null || fail "the image has no $command; use another image"
done

free=$(df -Pk "$root/var/lib" | awk 'NR == 2 { print $4 }')
[ "$free" -ge 4194304 ] || fail "only $free KiB are free below /var/lib, images need 4 GiB"
