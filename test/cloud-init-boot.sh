#!/usr/bin/env bash
# A first boot and a second in a throw-away root, in namespaces of its own: the real cloud-init with its data source for
# Hetzner, real curl, ip and nft. Stand-ins: the metadata service and a mirror of releases (test/cloud-init-servers.py), what
# would change the whole machine (sysctl, swapoff), systemd, and k3s (test/fake-node.sh). $1 is a folder with what the world
# consists of, user data among it; the root's files are left in $1/root.
set -euo pipefail

world=$1
here=$(dirname "$(realpath "$0")")
mount -t tmpfs tmpfs /mnt
mkdir /mnt/{upper,work,root}
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
root=/mnt/root
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
mount -t tmpfs tmpfs $root/run
mount -t tmpfs tmpfs $root/tmp
mount --rbind /dev $root/dev
mkdir -p $root/run/world
mount --bind "$world" $root/run/world

ip link set lo up
ip addr add 169.254.169.254/32 dev lo
ip link add enp7s0 type veth peer name network
ip addr add "$(cat "$world/address")/32" dev enp7s0
ip link set enp7s0 up
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=mirror.example.com \
  -addext subjectAltName=DNS:mirror.example.com -keyout "$world/mirror.key" -out "$world/mirror.crt" 2>/dev/null
echo "127.0.0.1 mirror.example.com" >>$root/etc/hosts

# The machine says that it is Hetzner's.
if [ -d $root/sys/class/dmi/id ]; then
  mkdir -p /mnt/dmi
  echo Hetzner >/mnt/dmi/sys_vendor
  echo 4711 >/mnt/dmi/product_serial
  mount --bind /mnt/dmi $root/sys/class/dmi/id
fi
# shellcheck disable=SC2016 # for that script to expand
printf '#!/bin/sh\ncase $* in *manufacturer*) echo Hetzner ;; *serial*) echo 4711 ;; esac\n' >$root/usr/sbin/dmidecode
printf '#!/bin/sh\nexit 1\n' >$root/usr/bin/systemd-detect-virt # in no container, where DMI would not count
chmod 0755 $root/usr/sbin/dmidecode $root/usr/bin/systemd-detect-virt
for name in systemctl sysctl swapoff; do
  rm -f $root/{usr/local/bin,usr/bin,usr/sbin}/$name
  install -m 0755 "$here/fake-node.sh" $root/usr/bin/$name
done
rm -rf $root/var/lib/cloud $root/etc/cloud/cloud.cfg.d $root/var/log/cloud-init*
cat >$root/etc/cloud/cloud.cfg <<END
datasource_list: [Hetzner]
network: {config: disabled}
cloud_init_modules: [write-files]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
END

python3 "$here/cloud-init-servers.py" "$world" &
server=$!
trap 'kill $server' EXIT
until curl --silent --fail --output /dev/null http://169.254.169.254/hetzner/v1/metadata/instance-id; do sleep 0.1; done

inside() {
  chroot $root env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin WORLD=/run/world K3S_STAGES_ROOT= \
    CURL_CA_BUNDLE=/run/world/mirror.crt "$@"
}

cloud_init() {
  inside cloud-init init --local
  inside cloud-init init
  inside cloud-init modules --mode=config
  inside cloud-init modules --mode=final
}

copies() { grep -rlE 'PRIVATE KEY|K10[0-9a-f]{64}' $root/var/lib/cloud $root/run/cloud-init || true; }

cloud_init >"$world/cloud-init.log" 2>&1
copies >"$world/copies-before"
cp "$world/calls" "$world/first-boot"
inside timeout 200 /usr/local/lib/k3s-stages/bootstrap >"$world/bootstrap.log" 2>&1
copies >"$world/copies-after"
cp $root/run/k3s-stages/status.json "$world/status.json"
cp "$world/calls" "$world/installed"

# Another server token since (stacks/cluster/node/server-token.sh), which user data does not have.
sed -i 's/^token: .*/token: changed/' $root/etc/rancher/k3s/config.yaml

# Power off and on: /run is empty, the disk stays.
rm -rf $root/run/cloud-init $root/run/k3s-stages
cloud_init >>"$world/cloud-init.log" 2>&1
copies >"$world/copies-of-second-boot"
inside timeout 200 /usr/local/lib/k3s-stages/bootstrap >>"$world/bootstrap.log" 2>&1
cp -r /mnt/upper "$world/root"
# For whoever asked for it, where that is not root.
chown -R --reference="$world" "$world/root"
