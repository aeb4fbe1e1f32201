#!/usr/bin/env bash
# Checks what building VideoSSR Studio needs and installs what is missing. Safe to repeat.
#
#   scripts/setup.sh            what `make run` needs
#   scripts/setup.sh --tests    and the browser that `make test` drives, with what it is checked by
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"                                # rustup may choose the compiler by folder

case ${1:-} in
  '') tests= ;;
  --tests) tests=1 ;;
  *) sed -n '4,5p' "$0" >&2; exit 2 ;;
esac

problems=()
problem() { say "MISSING: $*"; problems+=("$*"); }

check_rust() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  if ! have cargo || ! have rustc; then
    die "MISSING: Rust $wanted or newer; install it from https://rustup.rs and run this again"
  fi
  found=$(rustc --version | awk '{ print $2 }')
  at_least "$wanted" "${found%%-*}" || die "MISSING: Rust $wanted or newer (found $found); run: rustup update stable"
  say "Rust $found"
}

has_compiler() { have cc || have gcc || have clang; }
has_ffmpeg() { pkg-config --atleast-version=59.37 libavcodec && pkg-config --exists libavformat libavutil libswscale; } 2>/dev/null
has_libclang() {
  [ -n "${LIBCLANG_PATH:-}" ] && return 0
  local dir
  for dir in "$(llvm-config --libdir 2>/dev/null || echo /usr/lib)" /usr/lib /usr/lib64 /usr/lib/*-linux-gnu /usr/lib/llvm-*/lib /usr/lib64/llvm*/lib \
    /usr/local/lib /usr/local/opt/llvm/lib /opt/homebrew/opt/llvm/lib /Library/Developer/CommandLineTools/usr/lib; do
    compgen -G "$dir/libclang*.so*" >/dev/null || compgen -G "$dir/libclang.dylib" >/dev/null && return 0
  done
  return 1
}
has_browser() { have chromium || have chromium-browser || have google-chrome || have chrome; }
has_npm() { have npm && have node; }
has_driver() { have chromedriver; }
has_pkgconfig() { have pkg-config; }
has_brotli() { have brotli; }
# For measuring only: it makes long videos of short ones, and Python is the reference.
has_ffmpeg_program() { have ffmpeg; }
has_venv() { python3 -c 'import venv, ensurepip'; } 2>/dev/null

# name | check | Debian, Ubuntu | Fedora | Homebrew | needed or wanted
packages() {
  cat <<'T'
a C compiler|has_compiler|gcc libc6-dev|gcc|llvm|needed
pkg-config|has_pkgconfig|pkg-config|pkgconf-pkg-config|pkgconf|needed
FFmpeg 5.1 or newer, with headers|has_ffmpeg|libavcodec-dev libavformat-dev libavutil-dev libswscale-dev|ffmpeg-free-devel|ffmpeg|needed
libclang|has_libclang|libclang-dev|clang-devel|llvm|needed
brotli|has_brotli|brotli|brotli|brotli|wanted
T
  [ -n "$tests" ] && cat <<'T'
a Chromium browser|has_browser|chromium|chromium|--cask chromium|needed
chromedriver|has_driver|chromium-driver|chromedriver|--cask chromedriver|needed
npm|has_npm|npm|npm|node|needed
the ffmpeg program|has_ffmpeg_program|ffmpeg|ffmpeg-free|ffmpeg|wanted
Python with venv|has_venv|python3-venv|python3|python|wanted
T
  return 0
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

updated=
apt_update() {
  [ -z "$updated" ] || return 1
  updated=1
  say "running: apt-get update"
  as_root apt-get update -qq >&2
}

apt_install() {
  as_root true || return 1
  apt-cache show "$@" >/dev/null 2>&1 || apt_update || true
  say "running: apt-get install $*"
  local try="env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
  # shellcheck disable=SC2086 # a command and its words
  as_root $try "$@" </dev/null >&2 || { apt_update && as_root $try "$@" </dev/null >&2; }
}

how_to_install() {                        # apt packages, Fedora packages, Homebrew formulae
  if have apt-get; then echo "sudo apt-get install $1"
  elif have dnf; then echo "sudo dnf install $2"
  elif have brew; then echo "brew install $3"
  else echo "install what your system calls: $1"; fi
}

check_packages() {
  local name check apt dnf brew need
  while IFS='|' read -r name check apt dnf brew need; do
    if $check; then say "$name: there"; continue; fi
    # shellcheck disable=SC2086 # a list of packages
    if have apt-get && apt_install $apt && $check; then say "$name: installed"; continue; fi
    if [ "$need" = needed ]; then
      problem "$name ($(how_to_install "$apt" "$dnf" "$brew"))"
    else
      say "$name: not there, going on without ($(how_to_install "$apt" "$dnf" "$brew"))"
    fi
  done < <(packages)
}

# These tools only pass files along, so a quick build of them serves better than a fast program. Their
# network features are left out: everything they could fetch is set up here.
build_tool() {                            # cargo's arguments
  (cd "$tools" && env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTC -u CARGO \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=false CARGO_TARGET_DIR="$tools/build" PATH="$native_path" \
    cargo install --quiet --force --root "$tools" --no-default-features "$@") >&2
}

install_tool() {                          # crate, version, further arguments of cargo
  local crate=$1@$2
  shift 2
  say "building $crate (some minutes, once)"
  mkdir -p "$tools"
  build_tool --locked "$crate" "$@" && return
  # a registry mirror may lag behind the versions the tool was locked to
  say "trying $crate again with the newest dependencies on offer"
  build_tool "$crate" "$@"
}

check_wasm_opt() {
  if ! wasm_opt_fits && have npm; then
    say "installing wasm-opt $binaryen_version"
    npm install --silent --no-audit --no-fund --prefix "$binaryen" "binaryen@$binaryen_version" >&2 || true
    PATH=$binaryen/node_modules/.bin:$PATH
  fi
  if wasm_opt_fits; then say "$(wasm-opt --version)"; else say "wasm-opt: not there, the page will be a fifth larger"; fi
}

# The package as npm packs it, checked against the hash kept here, whatever the registry says.
fetch_axe() {
  local dir=$axe.part hash='process.stdout.write("sha512-" + crypto.createHash("sha512").update(fs.readFileSync(0)).digest("base64"))'
  rm -rf "$dir"
  mkdir -p "$dir"
  npm pack --silent --pack-destination "$dir" "axe-core@$axe_version" >/dev/null || return 1
  if [ "$(node -e "$hash" <"$dir/axe-core-$axe_version.tgz")" != "$axe_hash" ]; then
    say "axe-core $axe_version is not what it was: its hash differs"
    return 1
  fi
  tar -xzf "$dir/axe-core-$axe_version.tgz" -C "$dir" --strip-components 1 package/axe.min.js package/LICENSE
  rm -rf "$axe"
  rm "$dir"/*.tgz
  mv "$dir" "$axe"
}

check_axe() {
  if ! axe_fits && have npm; then
    say "fetching axe-core $axe_version"
    fetch_axe || true
  fi
  if axe_fits; then say "axe-core $axe_version"; else problem "axe-core $axe_version (install npm, then run this again)"; fi
}

check_web_tools() {
  if "$root/scripts/wasm-toolchain.sh"; then
    use_web_tools
    say "$(rustc --version) for the page"
  else
    problem "a Rust compiler for $wasm_target (rustup target add $wasm_target)"
    PATH=$tools/bin:$PATH
  fi
  bindgen_fits || install_tool wasm-bindgen-cli "$(locked_bindgen)" || true
  if bindgen_fits; then say "$(wasm-bindgen --version)"; else problem "wasm-bindgen-cli $(locked_bindgen) (cargo install wasm-bindgen-cli)"; fi
  trunk_fits || install_tool trunk "$trunk_version" || true
  if trunk_fits; then say "$(trunk --version)"; else problem "trunk $trunk_version (cargo install --locked trunk@$trunk_version)"; fi
  splitter_fits || install_tool wasm_split_cli_support "$splitter_version" --features build-binary || true
  if splitter_fits; then say "wasm-split-cli $splitter_version"; else problem "wasm-split-cli $splitter_version (cargo install wasm_split_cli_support@$splitter_version --features build-binary --root $tools)"; fi
  check_wasm_opt
  rm -rf "$tools/build"
}

lock() {                                  # two runs at once would build everything twice
  mkdir -p "$tools"
  have flock || return 0
  exec 9>"$tools/.lock"
  flock -n 9 || { say "waiting for another run of this script"; flock 9; }
}

native_path=$PATH
check_rust
lock
check_packages
check_web_tools
[ -z "$tests" ] || check_axe

if [ ${#problems[@]} -gt 0 ]; then
  line=$(printf '; %s' "${problems[@]}")
  die "cannot go on, missing: ${line#; }"
fi
say "everything is there"
