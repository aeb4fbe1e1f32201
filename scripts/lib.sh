# shellcheck shell=bash
# What the other scripts share: where tools live, and how messages look. Installs nothing.
# Kept to what bash 3.2 understands (macOS).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Tools are built once per user, outside the clone, so that every clone finds them.
tools=${VIDEOSSR_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/videossr-studio}

wasm_target=wasm32-unknown-unknown
wasm_home=$tools/rust-wasm                # the fallback compiler, where one was needed
binaryen=$tools/binaryen                  # wasm-opt, where the system has none or an old one
trunk_version=0.21.14
binaryen_version=132.0.0
splitter_version=0.2.4
axe_version=4.14.1
axe_hash=sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least WANTED FOUND: both dotted numbers
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$1" ]; }

# The library and the command line tool must be the very same version.
locked_bindgen() { awk '/^name = "wasm-bindgen"$/ { getline; gsub(/.* = "|"/, ""); print; exit }' "$root/Cargo.lock"; }

has_std() {                               # does the compiler $1 hold a standard library for the page?
  local lib
  lib=$("$1" --print target-libdir --target "$wasm_target" 2>/dev/null) || return 1
  compgen -G "$lib/libstd-*.rlib" >/dev/null
}

has_fallback() { [ -e "$wasm_home/.complete" ] && has_std "$wasm_home/bin/rustc"; }

# Puts the page's tools on PATH. Only for building the page: native code keeps the usual compiler.
use_web_tools() {
  # A cargo or rustup that runs us leaves these behind; they would choose another compiler.
  unset RUSTC CARGO
  PATH=$tools/bin:$PATH
  if ! has_std rustc; then
    has_fallback || return 1
    PATH=$wasm_home/bin:$PATH
    # for cargo, which rustup may start with its own compilers first on PATH
    export RUSTC=$wasm_home/bin/rustc RUSTDOC=$wasm_home/bin/rustdoc
  fi
  PATH=$binaryen/node_modules/.bin:$PATH
  # Trunk reads this as a boolean, while the convention is "set to anything".
  [ -z "${NO_COLOR:-}" ] || export NO_COLOR=true
  export PATH TRUNK_SKIP_VERSION_CHECK=true
}

trunk_fits() {
  local v
  v=$(trunk --version 2>/dev/null) || return 1
  v=${v#* }
  at_least "$trunk_version" "$v" && ! at_least 0.23.0 "$v"
}

# Old ones (Debian 12 has 108) garble the function table: the page then fails before it starts.
wasm_opt_fits() {
  local v
  v=$(wasm-opt --version 2>/dev/null) || return 1
  v=${v#wasm-opt version }
  at_least "${binaryen_version%%.*}" "${v%% *}"
}

bindgen_fits() { [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $(locked_bindgen)" ]; }

# It cannot say its version, but cargo remembers what it installed.
splitter_fits() { grep -q "^\"wasm_split_cli_support $splitter_version " "$tools/.crates.toml" 2>/dev/null && have wasm-split-cli; }

# What browser tests look for barriers with (MPL-2.0; used, not shipped).
axe=$tools/axe-core-$axe_version
axe_fits() { [ -e "$axe/axe.min.js" ]; }
