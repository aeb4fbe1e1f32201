#!/usr/bin/env bash
# Builds the page with Trunk, with the compiler and tools that scripts/setup.sh found or made.
#
#   scripts/web.sh build          optimised, compressed, into dist/
#   scripts/web.sh dev            quick and unoptimised, into dist-dev/
#   scripts/web.sh serve          dev, with rebuild and reload, on http://127.0.0.1:8081
#   scripts/web.sh run COMMAND    any command with those tools on PATH
#
# Further arguments go to Trunk.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

task=${1:-}
[ $# -gt 0 ] && shift
use_web_tools || die "no compiler for $wasm_target yet; run scripts/setup.sh"

if [ "$task" != run ]; then
  bindgen_fits || die "wasm-bindgen $(locked_bindgen) is not there yet; run scripts/setup.sh"
  trunk_fits || die "trunk $trunk_version is not there yet; run scripts/setup.sh"
  splitter_fits || die "wasm-split-cli $splitter_version is not there yet; run scripts/setup.sh"
fi

# Panic messages carry the paths of dependencies into the page; they should not tell where it was
# built. `erase_components` makes Leptos give every component the same type instead of one of its
# own: a sixth less to download. The variable is for this target alone: programs that run during
# the build stay as they are.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --cfg erase_components"

case $task in
  build) exec trunk build --release "$@" ;;
  dev) exec trunk build --dist dist-dev "$@" ;;
  serve) exec trunk serve --dist dist-dev "$@" ;;
  run) exec "$@" ;;
  *) sed -n '4,9p' "$0" >&2; exit 2 ;;
esac
