#!/usr/bin/env bash
# The data part of `make bench`: frames, samples and whole datasets, beside the Python reference
# in tests/reference. The clips beside the repository are used too where they are there.
#
#   scripts/bench-data.sh [VIDEOSSR_PROGRAM]
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

python=$(scripts/python.sh reference tests/reference/requirements.txt) || { say "data: not measured without the Python reference"; exit 0; }
cargo=${CARGO:-cargo}
# The same selection as everywhere else, so that nothing is built a second time.
"$cargo" build --quiet --release --workspace --exclude frontend --example data_bench
bench=${CARGO_TARGET_DIR:-target}/release/examples/data_bench

videos=()
for folder in static/clips ../shared/clips; do
  for file in "$folder"/*.{mp4,mkv,avi,webm,ogv}; do
    [ -e "$file" ] || continue
    # What lies in both folders is measured once.
    case " ${videos[*]##*/} " in *" ${file##*/} "*) ;; *) videos+=("$file") ;; esac
  done
done

"$bench" compare "$python" tests/reference/pipeline.py "$tools/long-clips" "$@" -- "${videos[@]}"
