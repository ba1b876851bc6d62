#!/usr/bin/env bash
# Three machines as network namespaces: this one is the node, with a pod behind it and the metadata service before it. Says
# for each of them whether the service answers: as the node comes, after the node's own script $1, and after a second run.
set -euo pipefail

machine() { unshare --net sleep 60 >/dev/null 2>&1 & }
machine && pod=$!
machine && metadata=$!
trap 'kill $pod $metadata $server 2>/dev/null || true' EXIT
own=$(readlink /proc/self/ns/net)
for each in $pod $metadata; do
  until [ "$(readlink "/proc/$each/ns/net")" != "$own" ]; do sleep 0.05; done
done
on() { nsenter --target "$1" --net "${@:2}"; }

ip link set lo up
ip link add cni0 type veth peer name eth0 netns "$pod"
ip link add eth0 type veth peer name eth0 netns "$metadata"
ip addr add 10.42.0.1/24 dev cni0
ip addr add 172.31.1.2/24 dev eth0
on "$pod" ip addr add 10.42.0.2/24 dev eth0
on "$metadata" ip addr add 172.31.1.1/24 dev eth0
on "$metadata" ip addr add 169.254.169.254/32 dev eth0
on "$metadata" ip addr add fe80::a9fe:a9fe/64 dev eth0 nodad
for device in cni0 eth0; do ip link set $device up; done
on "$pod" ip link set eth0 up
on "$metadata" ip link set eth0 up
ip route add 169.254.169.254/32 via 172.31.1.1
on "$pod" ip route add default via 10.42.0.1
on "$metadata" ip route add default via 172.31.1.2
sysctl -qw net.ipv4.ip_forward=1

on "$metadata" python3 -m http.server --bind :: --directory "$(mktemp -d)" 80 >/dev/null 2>&1 &
server=$!

answers() {
  if "${@:2}" curl --silent --output /dev/null --noproxy '*' --max-time 2 "http://$1/"; then echo -n yes; else echo -n no; fi
}
until [ "$(answers 169.254.169.254)" = yes ]; do sleep 0.1; done
# A link-local address is there only once the device has one of its own.
until [ "$(answers '[fe80::a9fe:a9fe%eth0]')" = yes ]; do sleep 0.1; done

report() {
  echo "root $(answers 169.254.169.254) root6 $(answers '[fe80::a9fe:a9fe%eth0]')" \
    "user $(answers 169.254.169.254 user) user6 $(answers '[fe80::a9fe:a9fe%eth0]' user)" \
    "pod $(answers 169.254.169.254 on "$pod") elsewhere $(answers 172.31.1.1 on "$pod") $(answers 172.31.1.1 user)"
}
user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

report
"$1"
report
"$1"
report
