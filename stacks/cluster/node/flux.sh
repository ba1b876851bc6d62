#!/usr/bin/env bash
# Hands the cluster over to the GitOps repository, once in the cluster's life, and does nothing where Flux has applied it: server 1
# may be made again before or after that. The credential comes as a Kubernetes Secret, never by user data, and is on this node only
# while flux bootstrap runs.
# shellcheck source-path=SCRIPTDIR source=node.sh
. "${K3S_STAGES_ROOT:-}/usr/local/lib/k3s-stages/node.sh"
use_cluster

credential=$run/credential
trap 'rm -rf "$credential"' EXIT
rm -rf "$credential"
mkdir "$credential"

kustomization=kustomizations.kustomize.toolkit.fluxcd.io
repository=gitrepositories.source.toolkit.fluxcd.io

in_flux() { kubectl --namespace=flux-system "$@"; }

# Asked in two steps, so that an API that does not answer is never taken for a cluster without Flux.
applied() {
  local known
  known=$(kubectl get crd "$kustomization" --ignore-not-found --output=name)
  if [ -z "$known" ]; then return; fi
  in_flux get "$kustomization" flux-system --ignore-not-found --output='jsonpath={.status.lastAppliedRevision}'
}

need() { in_flux get secret "$1" --output=name >/dev/null || fail "waiting for the Secret flux-system/$1"; }

part() { in_flux get secret flux-bootstrap --output="go-template={{ index .data \"$1\" | base64decode }}"; }

# Another commit right after its own keeps it waiting for all of its time (fluxcd/flux2 pkg/bootstrap/bootstrap.go waits for its
# very own one). Images that take longer only mean another try.
arguments=(
  --branch="$(setting branch)" --path="$(setting path)" --version="$(setting flux)"
  "--components-extra=image-reflector-controller,image-automation-controller" --timeout=3m
)

# Tokens by environment: arguments can be read by every process of the node.
take_credential() {
  local username
  case $(setting credential) in
    github)
      GITHUB_TOKEN=$(part password)
      export GITHUB_TOKEN
      arguments+=(--token-auth --owner="$(setting owner)" --repository="$(setting repository)" --personal="$(setting personal)")
      ;;
    token)
      username=$(part username)
      GIT_PASSWORD=$(part password)
      export GIT_PASSWORD
      arguments+=(--token-auth --username="$username" --url="$(setting url)" --silent)
      ;;
    *)
      part identity >"$credential/identity"
      arguments+=(--private-key-file="$credential/identity" --url="$(setting url)" --silent)
      ;;
  esac
}

bootstrap() { flux bootstrap "$(setting bootstrap)" "${arguments[@]}" 2>&1 | tee "$run/flux.log"; }

# Flux's last words, after the way out where there is one.
said() {
  local words way=
  words=$(tail -n 1 "$run/flux.log" | tr -cd ' -~' | sed 's/^ *//')
  case $words in
    *'unable to authenticate'* | *'authentication required'* | *'authorization failed'* | *': 401 '*)
      way="the host refuses the credential; give it the right there, or set another and pulumi up"
      ;;
    *' read only'* | *declined* | *protected*) way="the credential may not push to $(setting branch); let it" ;;
    *'epository not found'* | *'create new Git repository'*) way="no such repository, or the credential may not see it" ;;
    *"couldn't find remote ref"*) way="there is no branch $(setting branch); make it" ;;
    *non-fast-forward* | *'object not found'* | *'update ref'* | *'lock ref'*) way="another commit came first, it tries again" ;;
    *'dial tcp'*) way="not reached, it tries again" ;;
  esac
  echo "${way:+$way: }$words"
}

# flux bootstrap trusts the host keys that it is shown and stores those; the ones that came with the credential replace them.
pin_host_keys() {
  local pinned
  pinned=$(in_flux get secret flux-bootstrap --ignore-not-found --output='jsonpath={.data.known_hosts}')
  if [ -z "$pinned" ]; then return; fi
  in_flux patch secret flux-system --type=merge --patch="{\"data\":{\"known_hosts\":\"$pinned\"}}"
}

healthy() { in_flux wait --for=condition=Ready "$repository/flux-system" "$kustomization/flux-system" --timeout="$1"; }

revision=$(applied)
if [ -z "$revision" ]; then
  need flux-bootstrap
  decryption=$(setting decryption)
  if [ -n "$decryption" ]; then need "$decryption"; fi
  take_credential
  # So its own verdict is not the last word: it fails on a healthy cluster when another stage commits meanwhile.
  bootstrap || healthy 30s || fail "flux bootstrap: $(said)"
fi
pin_host_keys
# What Flux makes of later commits is for nobody's boot to wait for.
[ -n "$revision" ] || healthy 5m
