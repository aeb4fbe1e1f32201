#!/usr/bin/env bash
# The training part of `make bench`: our GRPO step beside the same step in PyTorch, made as
# tests/reference/rl_step.py has it. Takes a quarter of an hour on two idle cores; `--rounds 1`,
# or one part by `--only small`, `large`, `group` or `frames`, is quicker.
#
#   scripts/bench-rl.sh [OPTION]...     options of `rl_bench compare`
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"

python=$(scripts/python.sh rl tests/reference/requirements-rl.txt) || { say "training: not measured without PyTorch"; exit 0; }
cargo=${CARGO:-cargo}
# The same selection as everywhere else, so that nothing is built a second time.
"$cargo" build --quiet --release --workspace --exclude frontend --example rl_bench
bench=${CARGO_TARGET_DIR:-target}/release/examples/rl_bench

"$bench" compare "$python" tests/reference/rl_step.py static/nano static/clips "$@"
