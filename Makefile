# The commands of the project. `make` alone lists them.

TARGET  := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
PROGRAM := $(TARGET)/release/videossr
CARGO   ?= cargo

# What the page is made of: it is built again only when one of these is newer.
PAGE := $(shell find frontend shared static -path static/nano -prune -o -path static/clips -prune -o -type f -print) \
        Trunk.toml Cargo.toml Cargo.lock

# Where tests and programs started from here find the page and the files beside it.
export VIDEOSSR_DIST   ?= $(CURDIR)/dist
export VIDEOSSR_STATIC ?= $(CURDIR)/static

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test bench lint build page setup setup-tests dev cuda warmup clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

run: setup build ## install what is missing, build, and open the demo: sample videos and a live run
	$(PROGRAM) demo

# A browser that is missing is a failure: setup-tests has installed one.
test: export VIDEOSSR_REQUIRE_BROWSER = 1
test: setup-tests build ## unit, integration and browser tests
	VIDEOSSR_PYTHON=$$(scripts/python.sh reader tests/python/requirements.txt || echo python3) \
	$(CARGO) test --release --workspace --exclude frontend --no-fail-fast
	$(CARGO) test --release -p frontend

bench: setup-tests build ## measure data, samples, tokens, steps and the page, and print the figures
	$(CARGO) run --release -p tests --bin bench
	CARGO="$(CARGO)" scripts/bench-data.sh $(PROGRAM)
	CARGO="$(CARGO)" scripts/bench-rl.sh

lint: ## formatting and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	@for script in scripts/*.sh .ci/run; do bash -n "$$script" || exit 1; done

# The same selection as `test`: another one would give shared dependencies other features and
# build burn a second time.
build: page ## the page and the program, optimised
	$(CARGO) build --release --workspace --exclude frontend

page: dist/index.html

dist/index.html: $(PAGE)
	scripts/web.sh build
	@touch $@

setup: ## check what the build needs, install what is missing
	@scripts/setup.sh

setup-tests:
	@scripts/setup.sh --tests

dev: setup ## server, and the page with reload on http://127.0.0.1:8081
	$(CARGO) build --release --workspace --exclude frontend
	scripts/dev.sh $(PROGRAM)

cuda: setup page ## the same program for NVIDIA GPUs
	$(CARGO) build --release -p videossr --features cuda

# The clips beside the repository are used where they are; static/nano/README.md lists them.
warmup: build ## train the nano policy in static/nano anew
	$(PROGRAM) warmup --preset nano --out static/nano static/clips $(wildcard ../shared/clips)

clean: ## delete everything that was built here
	$(CARGO) clean
	rm -rf dist dist-dev
