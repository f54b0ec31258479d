# To be sourced in this directory: sets chromium to the browser that walks the login pages, Debian's, or another one
# named by INTEROP_CHROMIUM. Needs the function fail.

chromium=${INTEROP_CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
if [[ -z $chromium && $EUID == 0 ]] && command -v apt-get >/dev/null; then
  echo "interop: installing chromium" >&2
  { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >&2 ||
    fail "chromium could not be installed"
  chromium=$(command -v chromium || true)
fi
[[ -x $chromium ]] ||
  fail "Chromium is needed and not installed: install the package chromium, or name a browser in INTEROP_CHROMIUM"
