# heddle. `make help` lists what can be made.

GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT    ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
LDFLAGS   := -s -w -X github.com/heddle-io/heddle/collector.version=$(VERSION) -X github.com/heddle-io/heddle/collector.commit=$(COMMIT)
HEDDLE    := bin/heddle
FUZZTIME  ?= 20s

# The product is built without cgo; only the race detector needs a C compiler.
export CGO_ENABLED = 0
# One package never waits for the network twice.
export GOFLAGS ?= -buildvcs=false

.PHONY: help run build ui test test-go test-race test-crash test-ui test-e2e test-browser lint fmt bench fuzz generate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build everything, start heddle with the demo shop feeding it (ctrl-c stops both)
	@$(HEDDLE) demo --history 15m & demo=$$!; \
	trap 'kill $$demo 2>/dev/null; wait $$demo 2>/dev/null' EXIT INT TERM; \
	$(HEDDLE)

build: ui $(HEDDLE) ## build the web UI and bin/heddle

.PHONY: $(HEDDLE)
$(HEDDLE):
	$(GO) build -ldflags '$(LDFLAGS)' -o $@ .

# npm leaves this file behind when it has installed what the lock file says.
ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	@touch $@

# Makes types of the native API's contract; a package of its own.
ui/generate/node_modules/.package-lock.json: ui/generate/package-lock.json
	cd ui/generate && npm ci --no-audit --no-fund
	@touch $@

ui: ui/node_modules/.package-lock.json ## build the web UI into ui/dist
	cd ui && npm run --silent build -- --logLevel warn

test: build test-race test-go test-ui test-e2e test-browser ## run every test
	@echo "all tests passed"

# Go tests run in two ways, and each does what the other cannot:
# - test-go is plain, and is where all of every test runs, once;
# - test-race runs what starts goroutines or guards memory that callers share
#   (a test at the root compares this list with the code), with -short: there
#   tests of one goroutine, in which the detector finds nothing and takes ten
#   times as long, do a part or nothing, and random histories try fewer seeds.
#   Tests of many goroutines are the same in both.
# Nothing of collector/ is here: linking hundreds of packages with the detector is
# not worth the minutes. Neither vets: golangci-lint does (make lint).
# What takes longest is first, so that it does not run alone at the end.
RACE_PACKAGES = ./storage/columnar/... ./exporters/... ./query/api/jaeger ./query/api/native ./query/api/tempo ./query/facet ./query/red \
	./query/selection ./query/traceql ./receivers/... ./storage/catalog ./storage/vfs
test-race: ## Go tests of what runs concurrently under the race detector
	CGO_ENABLED=1 $(GO) test -race -short -vet=off -timeout 40m $(RACE_PACKAGES)

CRASH_ROUNDS ?= 200
MODEL_SEEDS ?= 5000
test-crash: ## kill a writing store and a catalog CRASH_ROUNDS times, and try MODEL_SEEDS random histories on failing disks
	HEDDLE_CRASH_ROUNDS=$(CRASH_ROUNDS) $(GO) test -count=1 -timeout 60m -v -run '^(TestCrash|TestKilledWriterLosesNothing)$$' ./storage/columnar ./storage/catalog
	HEDDLE_TEST_MODEL_SEEDS=$(MODEL_SEEDS) $(GO) test -count=1 -timeout 60m -run '^TestModel$$' ./storage/columnar

test-go: $(HEDDLE) ## all Go tests but those of test-e2e, the import rules among them
	HEDDLE_BINARY=$(CURDIR)/$(HEDDLE) $(GO) test -vet=off -timeout 40m ./storage/columnar $$($(GO) list ./... | grep -v '/collector/e2e$$')

# Building it checks the types and makes what has a size.
test-ui: ui ui/generate/node_modules/.package-lock.json ## unit tests, types and size budget of the UI
	cd ui && npm run --silent check:contract && npm test --silent && npm run --silent check:size

test-e2e: $(HEDDLE) ## the real binary over real sockets with SDKs that are not ours
	HEDDLE_BINARY=$(CURDIR)/$(HEDDLE) $(GO) test -vet=off -count=1 ./collector/e2e/...

# What the binary can show is tested there, where the answers are real; generated
# data are for what it has not got: huge and broken traces, failures, all states
# that must be accessible. The tail has tests for each.
BROWSER_TESTS = $(wildcard ui/test/browser/*.test.mjs)
ON_BINARY     = $(patsubst %,ui/test/browser/%.test.mjs,search tail trace diff keyboard)
ON_GENERATED  = $(filter-out $(ON_BINARY),$(BROWSER_TESTS)) ui/test/browser/tail.test.mjs
test-browser: build ## the page in headless Chromium, on generated data and on the real binary
	.ci/install-chromium
	node --test --test-concurrency=1 $(ON_GENERATED)
	.ci/browser-on-binary $(ON_BINARY)

lint: bin/npm/node_modules/.bin/oxlint ui/node_modules/.package-lock.json ## golangci-lint with the import rules, oxlint
	$(GO) tool -modfile=.ci/tools/go.mod golangci-lint run ./...
	cd ui && PATH="$(CURDIR)/bin/npm/node_modules/.bin:$$PATH" npm run --silent lint

# Not in the UI's lock file: a lock file must list the builds for every
# platform, and registries that mirror only some of them then refuse it all.
OXLINT_VERSION = 1.94.0
bin/npm/node_modules/.bin/oxlint: Makefile
	npm install --prefix bin/npm --no-save --no-package-lock --no-audit --no-fund oxlint@$(OXLINT_VERSION)
	@touch $@

fmt: ## format the Go code
	gofmt -w $$(git ls-files '*.go')

generate: ui/generate/node_modules/.package-lock.json ## generate clients of the native API, and the code of Jaeger's and Tempo's protocols (needs protoc)
	cd ui && npm run --silent generate
	$(GO) generate ./query/api/native/client ./query/api/jaeger/proto/... ./query/api/tempo/tempopb

# Also BASE (a commit; HEAD~1, or HEAD when something is not committed), BENCH
# (a regular expression of Go's benchmarks), BENCHTIME.
bench: bin/benchstat ## this tree against BASE: SPANS (1000000) through the binary and Go's benchmarks, COUNT (4) times in turns
	BENCH='$(BENCH)' BENCHTIME='$(BENCHTIME)' BASE='$(BASE)' COUNT='$(COUNT)' SPANS='$(SPANS)' .ci/bench

bin/benchstat: .ci/tools/go.mod
	cd .ci/tools && $(GO) build -o ../../$@ golang.org/x/perf/cmd/benchstat

fuzz: ## every fuzz target for FUZZTIME (20s)
	@for package in $$($(GO) list ./storage/... ./query/... ./exporters/... ./collector/ingestext); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "== $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package || exit 1; \
		done; \
	done

clean: ## remove what was built, not the module and build caches
	rm -rf bin ui/dist/assets ui/dist/index.html ui/node_modules ui/generate/node_modules collector/e2e/node/node_modules
