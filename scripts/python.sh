#!/usr/bin/env bash
# Readies a virtual environment outside the clone and prints the path of its python. Safe to
# repeat. Python is never needed to build or to run: it measures, and reads what we write.
#
#   scripts/python.sh NAME REQUIREMENTS
set -euo pipefail
. "$(dirname "$0")/lib.sh"

[ $# = 2 ] || { sed -n '5p' "$0" >&2; exit 2; }
wanted=$root/$2
venv=$tools/$1
python=${PYTHON:-python3}

have "$python" || die "python3 is not there"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "$2 needs Python 3.10 or newer"

# Made anew when the list of packages changed, else left alone.
if ! cmp -s "$wanted" "$venv/.installed"; then
  rm -rf "$venv"
  say "installing the packages of $2 into $venv (once)"
  "$python" -m venv "$venv" >&2 || die "python3 cannot make a virtual environment (Debian: apt-get install python3-venv)"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$wanted" >&2 || {
    rm -rf "$venv"
    die "the packages of $2 cannot be installed here"
  }
  cp "$wanted" "$venv/.installed"
fi
printf '%s\n' "$venv/bin/python"
