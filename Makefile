# vmareplay: type `make` to see what can be done.

SWIFT ?= swift
BUILD := .build
RELEASE := $(BUILD)/release/vmareplay
CHECKED := .build-checked
FUZZ := .build-fuzz
SECONDS ?= 60
DEMO := Traces/bash-children.strace.gz
APT_PACKAGES := zlib1g-dev strace gcc libc6-dev python3

.DEFAULT_GOAL := help
.PHONY: help setup build test test-debug test-checked fuzz demo lint format traces install clean

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

fuzz: setup ## look for traces that break the reader, for SECONDS=n (default 60)
	$(SWIFT) build --package-path Fuzz --scratch-path $(FUZZ) -c release --sanitize fuzzer \
	  -Xswiftc -assert-config -Xswiftc Debug
	@mkdir -p $(FUZZ)/corpus $(FUZZ)/findings
	SWIFT_BACKTRACE=enable=no $(FUZZ)/release/FuzzReader -max_total_time=$(SECONDS) -max_len=4096 \
	  -timeout=60 -dict=Fuzz/strace.dict -artifact_prefix=$(FUZZ)/findings/ -print_final_stats=1 \
	  $(FUZZ)/corpus Fuzz/Seeds

lint: ## check the formatting
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests \
	  Fuzz/Package.swift Fuzz/Sources

format: ## format the sources in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests \
	  Fuzz/Package.swift Fuzz/Sources

traces: build ## record the bundled traces anew (needs the programs; takes minutes)
	VMAREPLAY=$(abspath $(RELEASE)) sh Traces/record-all.sh

install: build ## install the binary to $(PREFIX)/bin (default /usr/local)
	install -D -m 755 $(RELEASE) $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/vmareplay

clean: ## remove everything that was built
	rm -rf $(BUILD) $(CHECKED) $(FUZZ)
