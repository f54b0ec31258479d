# To be sourced in this directory: installs the MCP servers in Python, as pinned. Needs the function fail.

command -v python3 >/dev/null || fail "python3 is needed and not installed"

# Installed anew only when what is pinned, or Python, has changed. The stamp is written last.
python_stamp=.venv/.interop-stamp
python_state=$(python3 --version && cat python/requirements.txt)
if [[ ! -f $python_stamp || $(<"$python_stamp") != "$python_state" ]]; then
  python3 -m venv --clear .venv || fail "no virtual environment can be made: Debian has that in the package python3-venv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --requirement python/requirements.txt
  printf '%s' "$python_state" >"$python_stamp"
fi
