#!/usr/bin/env bash
# Where nobody reaches the API from outside, the credential for git came with user data. Here it becomes the Secret that
# the flux phase waits for, and leaves the disk.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"
use_cluster

given=$root/etc/k3s-stages/credential.json
if [ ! -e "$given" ]; then exit 0; fi
kubectl apply --server-side --force-conflicts --field-manager=k3s-stages --filename="$given" >/dev/null
rm -f "$given"
