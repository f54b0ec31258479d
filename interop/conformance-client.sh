#!/usr/bin/env bash
# Runs the MCP conformance suite's client scenarios against package client and
# the MCP Go SDK: everything that both revisions require, what they list as
# extensions, each in its own right, and the fallbacks of 2025-03-26. Fails
# unless there is not one failure.
#   interop/conformance-client.sh                # all of it
#   interop/conformance-client.sh auth/dpop ...  # some scenarios
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
  echo "conformance-client: $*" >&2
  exit 1
}

. ./install.sh

revisions=(2026-07-28 2025-11-25)
extensions=(auth/dpop auth/dpop-nonce auth/wif-jwt-bearer auth/enterprise-managed-authorization
  auth/client-credentials-jwt auth/client-credentials-basic)
backcompat=(auth/2025-03-26-oauth-metadata-backcompat auth/2025-03-26-oauth-endpoint-fallback)

suite=$PWD/node_modules/@modelcontextprotocol/conformance/dist/index.js

mkdir -p bin
go build -o bin/ ./cmd/conformance-client
command=$PWD/bin/conformance-client

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check runs the suite and demands that it saw something, and no failure, in
# what counts and in what does not.
check() {
  local title=$1
  shift
  if ! "$node22" "$suite" client --command "$command" --timeout 120000 "$@" >"$log" 2>&1; then
    cat "$log"
    fail "$title failed"
  fi
  local result
  result=$(grep -E '^(Total: |Passed: )' "$log" | tail -1) || { cat "$log"; fail "$title said nothing"; }
  if [[ ! $result =~ (^|[^0-9])0\ failed ]] || grep -qE '^ *✗|[1-9][0-9]* failing' "$log"; then
    cat "$log"
    fail "$title: $result"
  fi
  echo "$title: $result"
}

if [[ $# -gt 0 ]]; then
  for scenario in "$@"; do
    check "$scenario" --scenario "$scenario"
  done
  exit
fi
for revision in "${revisions[@]}"; do
  check "requirements of $revision" --requirements "$revision"
done
for scenario in "${extensions[@]}" "${backcompat[@]}"; do
  check "$scenario" --scenario "$scenario"
done
