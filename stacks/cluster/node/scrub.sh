#!/usr/bin/env bash
# Removes cloud-init's copies of user data, so that no backup or image of this disk has them. The metadata service goes
# on showing it, to root. At every boot, because cloud-init writes them again.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

shopt -s nullglob
instances=$root/var/lib/cloud/instances

# From it cloud-init knows at the next boot where it is, without asking the network; so it stays, without user data.
forget='
import pickle, sys
with open(sys.argv[1], "rb") as file:
    source = pickle.load(file)
source.userdata_raw = source.userdata = None
with open(sys.argv[1] + ".new", "wb") as file:
    pickle.dump(source, file)
'
for cache in "$instances"/*/obj.pkl; do
  if python3 -c "$forget" "$cache" 2>/dev/null; then mv "$cache.new" "$cache"; else rm -f "$cache" "$cache.new"; fi
done

rm -f "$instances"/*/{user-data.txt,user-data.txt.i,cloud-config.txt,scripts/runcmd}
rm -f "$root"/run/cloud-init/{combined-cloud-config.json,instance-data-sensitive.json,cloud-config.txt}
