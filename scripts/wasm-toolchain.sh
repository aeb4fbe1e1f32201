#!/usr/bin/env bash
# Makes a Rust compiler able to build for wasm32-unknown-unknown. Changes nothing where one already is.
#
#   scripts/wasm-toolchain.sh            set it up if it is missing
#   scripts/wasm-toolchain.sh --remove   delete the fallback compiler
#
# First choice: `rustup target add`. Where rustup cannot download (WASM_FORCE_FALLBACK=1 skips the
# attempt), Debian's rustc-web is unpacked into a private folder, without root, and the standard
# library is built for the target from its sources: about a minute, 600 MB.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"                                # rustup may choose the compiler by folder

add_by_rustup() {
  have rustup || return 1
  say "running: rustup target add $wasm_target"
  local answer
  if ! answer=$(rustup target add "$wasm_target" 2>&1); then
    say "rustup could not: $(grep -m 1 '^error' <<<"$answer" || echo 'no reason given')"
    return 1
  fi
  has_std rustc
}

# the first dependency of package $1 whose name matches $2
dependency() { apt-cache depends "$1" | sed -n 's/^ *|\{0,1\}Depends: //p' | grep -E -m 1 "$2"; }

download() {                              # packages into ./debs
  local log=$part/download.log
  mkdir -p "$part/debs"
  (cd "$part/debs" && apt-get download "$@" >"$log" 2>&1) || { cat "$log" >&2; return 1; }
}

unpack() {                                # everything in ./debs
  local deb
  for deb in "$part"/debs/*.deb; do
    case $deb in
      # of the sources only what the standard library needs
      */rust-web-src_*) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$part" --wildcards \
          './usr/lib/rustlib/*' './usr/src/rustc-*/library*' './usr/src/rustc-*/Cargo.*' ;;
      *) dpkg-deb -x "$deb" "$part" ;;
    esac
  done
  rm -rf "$part/debs" "${part:?}/usr/share"
}

# LLVM's own libraries, where this machine lacks them
add_missing_libraries() {
  local llvm=$1 missing names
  missing=$(LD_LIBRARY_PATH=$part/usr/lib/$multiarch ldd "$part/usr/bin/rustc" | awk '/not found/ { print $1 }')
  [ -n "$missing" ] || return 0
  say "adding $(tr '\n' ' ' <<<"$missing")"
  names=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances "$llvm" | grep -E '^lib(z3|edit|xml2|ffi|bsd|md|icu|tinfo|lzma|zstd)' | sort -u)
  # shellcheck disable=SC2086 # a list of names
  download $names && unpack
  [ ! -d "$part/lib" ] || cp -a "$part/lib/$multiarch/." "$part/usr/lib/$multiarch/"
}

# bin/: what the page is built with, runnable from anywhere
write_commands() {
  local llvm_version=$1 tool
  mkdir -p "$part/bin" "$part/usr/lib/rustlib/$host/bin"
  ln -sfn "../../../llvm-$llvm_version/bin/lld" "$part/usr/lib/rustlib/$host/bin/rust-lld"
  for tool in rustc rustdoc; do
    [ -x "$part/usr/bin/$tool" ] || continue
    sed "s/@multiarch@/$multiarch/" >"$part/bin/$tool" <<'W'
#!/bin/sh
home=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$home/usr/lib/@multiarch@${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$home/usr/bin/${0##*/}" "$@"
W
    chmod +x "$part/bin/$tool"
  done
}

# `-Cembed-bitcode`: link time optimisation fails without it. The paths are remapped because panic
# messages carry them into the page. `test`: so that `cargo test` can link for the target.
build_std() {
  local work=$part/build sources
  sources=$(readlink -f "$part/usr/lib/rustlib/src/rust")
  say "building the standard library for $wasm_target with $("$part/bin/rustc" --version)"
  mkdir -p "$work/src"
  printf '[package]\nname = "std-for-the-page"\nedition = "2021"\n[workspace]\n[profile.release]\npanic = "abort"\n' >"$work/Cargo.toml"
  : >"$work/src/lib.rs"
  (cd "$work" && env -u CARGO_TARGET_DIR -u CARGO_BUILD_TARGET -u CARGO_ENCODED_RUSTFLAGS -u RUSTC_WRAPPER \
    RUSTC_BOOTSTRAP=1 RUSTC="$part/bin/rustc" \
    RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=$sources=/rust --remap-path-prefix=$part/usr/lib/rustlib/src/rust=/rust" \
    cargo build -q --release -Zbuild-std=std,panic_abort,proc_macro,test --target "$wasm_target" --target-dir target \
      --config 'source.crates-io.replace-with="vendor"' --config "source.vendor.directory=\"$sources/library/vendor\"") >&2 ||
    die "the standard library did not build; the messages above say why"
  mkdir -p "$part/usr/lib/rustlib/$wasm_target/lib"
  cp "$work/target/$wasm_target/release/deps/"lib*.rlib "$part/usr/lib/rustlib/$wasm_target/lib/"
  rm -f "$part/usr/lib/rustlib/$wasm_target/lib/"libstd_for_the_page-*.rlib
  rm -rf "$work"
}

build_fallback() {
  local std llvm llvm_version
  have apt-get && have dpkg-deb || return 1
  case $(dpkg --print-architecture) in
    amd64) host=x86_64-unknown-linux-gnu multiarch=x86_64-linux-gnu ;;
    arm64) host=aarch64-unknown-linux-gnu multiarch=aarch64-linux-gnu ;;
    *) say "the fallback knows amd64 and arm64 only"; return 1 ;;
  esac
  if ! apt-cache show rustc-web >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then apt-get update -qq >&2 || true; fi
  apt-cache show rustc-web >/dev/null 2>&1 || { say "apt does not know rustc-web (after apt-get update, on Debian 12 or newer, it should)"; return 1; }

  # Built in place: the folder's name is compiled into the standard library's remapping.
  part=$wasm_home
  rm -rf "$part"
  std=$(dependency libstd-rust-web-dev '^libstd-rust-web-[0-9]')
  llvm=$(dependency "$std" '^libllvm[0-9]+')
  llvm_version=${llvm#libllvm}
  llvm_version=${llvm_version%%[!0-9]*}
  say "downloading rustc-web, $std, rust-web-src, $llvm and lld-$llvm_version (140 MB)"
  download rustc-web "$std" libstd-rust-web-dev rust-web-src "$llvm" "lld-$llvm_version" || { say "the download failed"; return 1; }
  unpack
  add_missing_libraries "$llvm"
  write_commands "$llvm_version"
  build_std
  touch "$part/.complete"
  has_fallback
}

case ${1:-} in
  --remove) rm -rf "$wasm_home" ;;
  '')
    has_std rustc && exit 0
    if [ -z "${WASM_FORCE_FALLBACK:-}" ] && add_by_rustup; then exit 0; fi
    has_fallback && exit 0
    say "building a compiler for $wasm_target from Debian's packages"
    build_fallback || die "no compiler for $wasm_target; with access to the internet: rustup target add $wasm_target" ;;
  *) sed -n '4,5p' "$0" >&2; exit 2 ;;
esac
