# vmareplay: type `make` to see what can be done.

SWIFT ?= swift
BUILD := .build
RELEASE := $(BUILD)/release/vmareplay
CHECKED := .build-checked
DEMO := Traces/bash-children.strace.gz
APT_PACKAGES := zlib1g-dev strace gcc libc6-dev python3

.DEFAULT_GOAL := help
BENCH_TRACE := Traces/churn-glibc.strace.gz
.PHONY: help setup build test test-debug test-checked demo bench bench-save bench-check \
  bench-against bench-peers lint format traces install clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages that are missing (zlib and, for the tests, strace and a compiler)
	@sh Scripts/setup.sh $(APT_PACKAGES)

build: setup ## build the release binary
	$(SWIFT) build -c release --product vmareplay

demo: build ## build, and replay a bundled recording
	$(RELEASE) replay $(DEMO)

test: test-debug test-checked ## set up and run every test

test-debug: setup # the tests in debug, where every mutation is checked
	$(SWIFT) test

test-checked: setup # the exhaustive tests, optimised and checked
	$(SWIFT) test -c release --scratch-path $(CHECKED) \
	  -Xswiftc -enable-testing -Xswiftc -DCHECKED -Xswiftc -DEXHAUSTIVE

bench: build ## time all indexes on a recording, and over the number of VMAs
	$(RELEASE) bench $(BENCH_TRACE) --vmas 8,64,1k,16k,64k

bench-save: build ## keep the times of this checkout for a later bench-check
	$(RELEASE) bench $(BENCH_TRACE) --vmas 64,1k --save .build/bench.saved

bench-check: build ## compare with what bench-save kept; fails if something became worse
	$(RELEASE) bench $(BENCH_TRACE) --vmas 64,1k --against .build/bench.saved

bench-against: build ## compare with another revision: make bench-against REV=...
	SWIFT="$(SWIFT)" sh Scripts/bench-against.sh "$(REV)" $(RELEASE) $(BENCH_TRACE)

bench-peers: setup ## compare the indexes with C and C++ structures in one process (minutes)
	cd Benchmarks/Peers && $(SWIFT) build -c release && .build/release/peers

lint: ## check the formatting
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format: ## format the sources in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

traces: build ## record the bundled traces anew (needs the programs; takes minutes)
	VMAREPLAY=$(abspath $(RELEASE)) sh Traces/record-all.sh

install: build ## install the binary to $(PREFIX)/bin (default /usr/local)
	install -D -m 755 $(RELEASE) $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/vmareplay

clean: ## remove everything that was built
	rm -rf $(BUILD) $(CHECKED)
