#!/usr/bin/env bash
# Builds the image and runs it, and tests chart, unit and Compose file with the programs
# that read them. It takes minutes, and needs Linux, root or sudo, npm and systemd-analyze.
# What cannot run is an error. Arguments, such as -test.run Chart, go to the tests.
#
# DEPLOY_HELM and DEPLOY_MCPAUTH name programs that are there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

helm_version=v4.3.2

fail() {
  echo "deploy: $*" >&2
  exit 1
}

[[ $(uname -s) == Linux ]] || fail "the image is started with mount and chroot: run this on Linux"
root=()
[[ $EUID == 0 ]] || root=(sudo --non-interactive)
for program in go npm node curl unshare setpriv chroot ip systemd-analyze; do
  command -v "$program" >/dev/null || fail "$program is needed and not installed"
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [[ -z ${DEPLOY_HELM:-} ]]; then
  GOBIN=$scratch go install "helm.sh/helm/v4/cmd/helm@$helm_version"
  DEPLOY_HELM=$scratch/helm
fi
if [[ -z ${DEPLOY_MCPAUTH:-} ]]; then
  go -C .. build -o "$scratch/mcpauth" ./cmd/mcpauth
  DEPLOY_MCPAUTH=$scratch/mcpauth
fi

# Twice, from two directories: the digests and the files must be the same.
[[ -z $(git -C .. status --porcelain) ]] || echo "deploy: changes that are not committed are not in the image" >&2
git clone --quiet --no-hardlinks .. "$scratch/clone1"
git clone --quiet "$scratch/clone1" "$scratch/clone2"
for n in 1 2; do
  go run ./image -source "$scratch/clone$n" -o "$scratch/images$n" | tee "$scratch/digests$n"
done
cmp "$scratch/digests1" "$scratch/digests2" && diff -rq "$scratch/images1" "$scratch/images2" ||
  fail "another directory makes another image"

package=$(sed -nE 's/.*"(@modelcontextprotocol\/server-everything@[0-9.]+)".*/\1/p' compose/compose.yaml)
[[ -n $package ]] || fail "compose.yaml names no version of the sample server"
npm install --prefix "$scratch/npm" --ignore-scripts --no-audit --no-fund --loglevel=error "$package"

# With a loopback of its own, as containers have, in which all ports are free.
go test -c -o "$scratch/test" .
"${root[@]}" env "PATH=$PATH" "DEPLOY_HELM=$DEPLOY_HELM" "DEPLOY_MCPAUTH=$DEPLOY_MCPAUTH" "DEPLOY_IMAGES=$scratch/images1" \
  "DEPLOY_NODE_MODULES=$scratch/npm/node_modules" DEPLOY_NETWORK=own \
  unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$scratch/test" -test.v -test.timeout=10m "$@"
