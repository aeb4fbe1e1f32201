#!/usr/bin/env bash
# Readies the Python reference of tests/reference in a virtual environment outside the clone,
# and prints the path of its python. Safe to repeat; nothing else of the project needs it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

wanted=$root/tests/reference/requirements.txt
venv=$tools/reference
python=${PYTHON:-python3}

have "$python" || die "python3 is not there: the reference cannot be measured"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "the reference needs Python 3.10 or newer"

# Made anew when the list of packages changed, else left alone.
if ! cmp -s "$wanted" "$venv/.installed"; then
  rm -rf "$venv"
  say "installing the reference's packages into $venv (once)"
  "$python" -m venv "$venv" >&2 || die "python3 cannot make a virtual environment (Debian: apt-get install python3-venv)"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$wanted" >&2 || {
    rm -rf "$venv"
    die "the packages of tests/reference/requirements.txt cannot be installed here"
  }
  cp "$wanted" "$venv/.installed"
fi
printf '%s\n' "$venv/bin/python"
