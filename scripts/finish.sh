#!/usr/bin/env bash
# Trunk's post_build hook: cuts a release build's program into the page and the screens it fetches
# later (frontend/src/screens.rs), and puts FILE.gz and FILE.br beside each compressible file.
#
# Trunk has no place for the cut, which lies between the linker and wasm-bindgen. So this takes the
# linker's output, makes the program anew and leaves of Trunk's only the names in index.html.
set -euo pipefail
[ "${TRUNK_PROFILE:-}" = release ] || exit 0
. "$(dirname "$0")/lib.sh"
cd "$root"

staging=${TRUNK_STAGING_DIR:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

target=$(cargo metadata --format-version 1 --no-deps --offline | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
linked=$target/$wasm_target/wasm-release/frontend.wasm

quietly() {                               # shows what a command says only where it fails
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; die "failed: $1"; }
}

cut_and_bind() {                          # fills $work/page
  quietly wasm-split-cli "$linked" "$work/parts" --out-name frontend
  quietly wasm-bindgen --target web --no-typescript --keep-lld-exports \
    --out-dir "$work/page" --out-name frontend "$work/parts/frontend.wasm"
  rm "$work/parts/frontend.wasm"
  mv "$work/parts"/*.wasm "$work/page"
  mv "$work/parts/__wasm_split.js" "$work/page/parts.js"
}

shrink() {
  local file
  wasm_opt_fits || { say "no fitting wasm-opt: the page is larger than it need be"; return; }
  for file in "$work/page"/*.wasm; do
    quietly wasm-opt -Oz "$file" -o "$work/small.wasm"
    mv "$work/small.wasm" "$file"
  done
}

digest() { if have sha256sum; then sha256sum; else shasum -a 256; fi | cut -c1-16; }

# One hash for all: files of two builds must never meet, as they share one memory. This script is in
# it, since it has its hand in the files too. A file that does not come is no error of the program:
# leaving the page stops what is being fetched ahead.
name() {
  local hash file base
  hash=$({ find "$work/page" -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cat; cat scripts/finish.sh; } | digest)
  rm -f "$staging"/frontend-*.js "$staging"/frontend-*_bg.wasm
  sed "s#from \"\./__wasm_split\.js\"#from \"./frontend-parts-$hash.js\"#" "$work/page/frontend.js" >"$staging/frontend-$hash.js"
  sed -e "s#\./frontend\.js#./frontend-$hash.js#" \
    -e "s#\"\./\([a-z0-9_]*\)\.wasm\"#\"./frontend-\1-$hash.wasm\"#" \
    -e 's#console\.error(e)#console.warn(e)#' "$work/page/parts.js" >"$staging/frontend-parts-$hash.js"
  for file in "$work/page"/*.wasm; do
    base=$(basename "$file" .wasm)
    case $base in
      frontend_bg) mv "$file" "$staging/frontend-${hash}_bg.wasm" ;;
      *) mv "$file" "$staging/frontend-$base-$hash.wasm" ;;
    esac
  done
  sed -E -e "s#frontend-[0-9a-f]+(_bg\.wasm|\.js)#frontend-$hash\1#g" \
    -e "s#<link rel=\"modulepreload\"#<link rel=\"modulepreload\" href=\"/frontend-parts-$hash.js\" crossorigin=\"anonymous\">&#" \
    "$staging/index.html" >"$work/index.html"
  mv "$work/index.html" "$staging/index.html"
}

# Which files each part of the page lies in, so that the server can announce them with an address.
list_parts() {
  awk -F'"' '
    /^const __chunk_/ { split($0, word, " "); now = word[2] }
    /^export const __wasm_split_load_/ { now = $0; sub(/^export const __wasm_split_load_/, "", now); sub(/ .*/, "", now); part = now }
    /fetch\(new URL\(/ { file[now] = $2; sub(/^\./, "", file[now]) }
    part != "" && /^, \[/ {
      line = "\"" file[part] "\""
      gsub(/[^a-z0-9_,]/, ""); count = split($0, needed, ",")
      for (i = 1; i <= count; i++) if (needed[i] in file) line = line ",\"" file[needed[i]] "\""
      printf "%s\"%s\":[%s]", (any++ ? "," : "{"), part, line
      part = ""
    }
    END { print (any ? "}" : "{}") }' "$staging"/frontend-parts-*.js >"$staging/parts.json"
}

# One style sheet for the whole page: ten small ones cost more to ask for than to send.
join_styles() {
  local hash
  sed -n 's#.*rel="stylesheet" href="/\([^"]*\)".*#\1#p' "$staging/index.html" >"$work/sheets"
  while IFS= read -r sheet; do cat "$staging/$sheet"; echo; done <"$work/sheets" >"$work/page.css"
  hash=$(digest <"$work/page.css")
  mv "$work/page.css" "$staging/page-$hash.css"
  awk -v link="  <link rel=\"stylesheet\" href=\"/page-$hash.css\">" '
    !/rel="stylesheet"/ { print } /rel="stylesheet"/ && !told++ { print link }' "$staging/index.html" >"$work/index.html"
  mv "$work/index.html" "$staging/index.html"
  while IFS= read -r sheet; do rm "$staging/$sheet"; done <"$work/sheets"
}

compress() {
  find "$staging" -type f -size +512c \
    \( -name '*.html' -o -name '*.js' -o -name '*.css' -o -name '*.wasm' -o -name '*.svg' -o -name '*.json' -o -name '*.txt' \) |
    while IFS= read -r file; do
      gzip -9nkf "$file"
      if have brotli; then brotli -q 11 -kf "$file"; fi
    done
}

cut_and_bind
shrink
name
list_parts
join_styles
compress
