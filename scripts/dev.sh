#!/usr/bin/env bash
# Runs the server, and Trunk before it: a change to the page is on screen seconds after it is saved.
#
#   scripts/dev.sh PROGRAM     PROGRAM: the built videossr
#
# Open the printed sign-in link with port 8081 instead of 8080.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

VIDEOSSR_DIST=$root/dist-dev "${1:?which program?}" serve --data data --listen 127.0.0.1:8080 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null' EXIT
say "the page with reload: http://127.0.0.1:8081 (take the sign-in link with this port)"
scripts/web.sh serve
