# vmareplay: type `make` to see what can be done.

SWIFT ?= swift
BUILD := .build
RELEASE := $(BUILD)/release/vmareplay
CHECKED := .build-checked
ASAN := .build-asan
TSAN := .build-tsan
FUZZ := .build-fuzz
SECONDS ?= 60
SEEDS ?= 2000
FIRST ?= 1
DEMO := Traces/bash-children.strace.gz
APT_PACKAGES := zlib1g-dev strace gcc libc6-dev python3
# Used where it is there (see Package.swift): tried once, without asking for a password.
FASTER_PACKAGES := libisal-dev

.DEFAULT_GOAL := help
BENCH_TRACE := Traces/churn-glibc.strace.gz
.PHONY: help setup build test test-debug test-checked test-asan test-tsan test-cost fuzz fuzz-kernel demo \
  bench bench-check bench-thresholds bench-indexes bench-save bench-compare bench-counts \
  bench-against bench-peers bench-decode docs lint format traces install clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages that are missing (zlib and, for the tests, strace and a compiler)
	@sh Scripts/setup.sh $(APT_PACKAGES)
	@[ -e $(BUILD)/.faster-tried ] || { mkdir -p $(BUILD) && touch $(BUILD)/.faster-tried && \
	  SUDO='sudo -n' sh Scripts/setup.sh $(FASTER_PACKAGES) || \
	  echo 'setup: going on with zlib alone' >&2; }

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

# Without the exhaustive tests of the model, which take too long so: they have no unsafe code that
# the others have not. The file of suppressions says why each stands.
test-asan: setup ## the tests under the address sanitizer (and the leak sanitizer)
	LSAN_OPTIONS=suppressions=$(abspath Tests/lsan.supp):print_suppressions=0 \
	  $(SWIFT) test --sanitize address --scratch-path $(ASAN) \
	  --filter 'SyscallABITests|AddressSpacesTests|TraceReadingTests|ReportsTests' \
	  --skip 'ExhaustiveMergeTests|LockstepTests'

# Only the reader has a thread of its own.
test-tsan: setup ## the reader's tests under the thread sanitizer
	$(SWIFT) test --sanitize thread --scratch-path $(TSAN) --filter TraceReadingTests

test-cost: setup ## count instructions, allocations and retains a line under valgrind
	@sh Scripts/setup.sh valgrind
	$(SWIFT) build --package-path Benchmarks/Decode -c release
	python3 Benchmarks/cost.py

bench-decode: build ## reading ten million lines against inflating them (takes minutes)
	python3 Benchmarks/decode.py --vmareplay $(RELEASE)

fuzz: setup ## look for traces that break the reader, for SECONDS=n (default 60)
	$(SWIFT) build --package-path Fuzz --scratch-path $(FUZZ) -c release --sanitize fuzzer \
	  -Xswiftc -assert-config -Xswiftc Debug
	@mkdir -p $(FUZZ)/corpus $(FUZZ)/findings
	SWIFT_BACKTRACE=enable=no $(FUZZ)/release/FuzzReader -max_total_time=$(SECONDS) -max_len=4096 \
	  -timeout=60 -dict=Fuzz/strace.dict -artifact_prefix=$(FUZZ)/findings/ -print_final_stats=1 \
	  $(FUZZ)/corpus Fuzz/Seeds

fuzz-kernel: setup ## random programs against the running kernel, SEEDS=n (default 2000) from FIRST=1
	VMA_LIVE_SEEDS="$(FIRST)..<$$(($(FIRST) + $(SEEDS)))" $(SWIFT) test --filter KernelTests

bench: setup ## time lookups, merges, decoding and replay (the first build takes six minutes)
	cd Benchmarks && $(SWIFT) package benchmark --no-progress --filter 'time-.*'

bench-check: setup ## the counts of the same benchmarks must be those in Benchmarks/Thresholds
	cd Benchmarks && $(SWIFT) package benchmark thresholds check --no-progress --filter 'counts-.*'

bench-thresholds: setup # write those counts anew
	cd Benchmarks && $(SWIFT) package --allow-writing-to-package-directory \
	  benchmark thresholds update --no-progress --filter 'counts-.*'

bench-indexes: build ## time all indexes on a recording, and over the number of VMAs
	$(RELEASE) bench $(BENCH_TRACE) --vmas 8,64,1k,16k,64k

bench-save: build ## keep the times of this checkout for a later bench-compare
	$(RELEASE) bench $(BENCH_TRACE) --vmas 64,1k --save .build/bench.saved

bench-compare: build ## compare with what bench-save kept; fails if something became worse
	$(RELEASE) bench $(BENCH_TRACE) --vmas 64,1k --against .build/bench.saved

bench-counts: build # write anew the counts that `make test` compares with
	$(RELEASE) bench $(BENCH_TRACE) --vmas 64,256 --counts-only \
	  --save Benchmarks/Baselines/churn-glibc.bench

bench-against: build ## compare with another revision: make bench-against REV=...
	SWIFT="$(SWIFT)" sh Scripts/bench-against.sh "$(REV)" $(RELEASE) $(BENCH_TRACE)

bench-peers: setup ## compare the indexes with C and C++ structures in one process (minutes)
	cd Benchmarks/Peers && $(SWIFT) build -c release && .build/release/peers

docs: setup ## build the documentation of AddressSpaces (a .doccarchive below .build/plugins)
	$(SWIFT) package generate-documentation --target AddressSpaces

lint: ## check the formatting
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests \
	  Fuzz/Package.swift Fuzz/Sources Benchmarks/Decode/Package.swift Benchmarks/Decode/Sources \
	  Benchmarks/Package.swift Benchmarks/Workload Benchmarks/Benchmarks

format: ## format the sources in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests \
	  Fuzz/Package.swift Fuzz/Sources Benchmarks/Decode/Package.swift Benchmarks/Decode/Sources \
	  Benchmarks/Package.swift Benchmarks/Workload Benchmarks/Benchmarks

traces: build ## record the bundled traces anew (needs the programs; takes minutes)
	VMAREPLAY=$(abspath $(RELEASE)) sh Traces/record-all.sh

install: build ## install the binary to $(PREFIX)/bin (default /usr/local)
	install -D -m 755 $(RELEASE) $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/vmareplay

clean: ## remove everything that was built
	rm -rf $(BUILD) $(CHECKED) $(ASAN) $(TSAN) $(FUZZ) .build-bench
