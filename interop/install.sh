# To be sourced in this directory: installs the npm and Python parts as locked, and
# sets node22 to the Node.js for the conformance suite. Needs the function fail.

for tool in go node npm python3; do
  command -v "$tool" >/dev/null || fail "$tool is needed and not installed"
done
# oidc-provider uses them for DPoP, and would refuse every proof without.
node -e 'process.exit(URL.parse && require("node:crypto").hash ? 0 : 1)' ||
  fail "a recent Node.js 20 or a later one is needed, found $(node --version)"

# npm_install DIRECTORY COMMAND... has npm install what a directory has locked: only when that, or what installs it, has
# changed. The stamp is written last, so a broken installation is not taken for a finished one.
npm_install() (
  state=$(node --version && npm --version && cat "$1"/package{,-lock}.json .npmrc)
  cd "$1"
  stamp=node_modules/.interop-stamp
  if [[ ! -f $stamp || $(<"$stamp") != "$state" ]]; then
    npm "${@:2}" --ignore-scripts --no-audit --no-fund --loglevel=error
    printf '%s' "$state" >"$stamp"
  fi
)
npm_install . ci # which removes everything first

# The conformance suite needs Node.js 22: the one from npm, or the system's where npm has none for it.
node22=$(compgen -G "$PWD/node_modules/node-*/bin/node" | head -1 || true)
: "${node22:=$(command -v node)}"
"$node22" -e 'process.exit(require("node:fs").globSync ? 0 : 1)' ||
  fail "Node.js 22 is needed for the conformance suite, found $("$node22" --version)"
