#!/usr/bin/env bash
# Trunk's post_build hook: puts FILE.gz and FILE.br beside each compressible file of a release build.
set -euo pipefail
[ "${TRUNK_PROFILE:-}" = release ] || exit 0

find "${TRUNK_STAGING_DIR:?}" -type f -size +512c \
  \( -name '*.html' -o -name '*.js' -o -name '*.css' -o -name '*.wasm' -o -name '*.svg' -o -name '*.json' -o -name '*.txt' \) |
  while IFS= read -r file; do
    gzip -9nkf "$file"
    if command -v brotli >/dev/null; then brotli -q 11 -kf "$file"; fi
  done
