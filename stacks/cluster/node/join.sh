#!/usr/bin/env bash
# Waits for the API to join and compares its authority with the token's hash before k3s sends the token.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"

# k3s compares the hash as well; only the clearer message is lost.
command -v openssl >/dev/null || exit 0

certificates=$run/cacerts
trap 'rm -rf "$certificates"' EXIT
rm -rf "$certificates"
mkdir "$certificates"

self_issued() { [ "$(openssl x509 -in "$1" -noout -subject_hash)" = "$(openssl x509 -in "$1" -noout -issuer_hash)" ]; }

# k3s pkg/clientaccess/token.go, hashCA: of a chain the root's DER, of one certificate the file as it is.
authority_hash() {
  local each
  awk '/BEGIN CERTIFICATE/ { n++ } { print > (folder "/" n ".pem") }' folder="$certificates" "$certificates/all"
  if [ ! -e "$certificates/2.pem" ]; then
    sha256sum <"$certificates/all" | cut -d' ' -f1
    return
  fi
  for each in "$certificates"/[2-9].pem; do
    if self_issued "$each"; then
      openssl x509 -in "$each" -outform DER | sha256sum | cut -d' ' -f1
      return
    fi
  done
}

api=$(setting join)
# Unverified on purpose: the answer is what gets verified.
curl --fail --silent --show-error --insecure --proto '=https' --connect-timeout 5 --max-time 10 \
  --output "$certificates/all" "$api/cacerts" || fail "$api does not answer yet"
found=$(authority_hash)
[ "$found" = "$(setting ca_hash)" ] || fail "$api is of another cluster: its authority has SHA-256 ${found:-unknown}"
