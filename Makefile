# larder: `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

# How long each fuzz target runs in `make fuzz`.
FUZZTIME ?= 10s
# How long the mixed load of `make soak` runs.
SOAK_DURATION ?= 1h
# How many histories `make histories` runs.
HISTORIES ?= 200000
# Arguments for `make run`, for example ARGS="--port 7000 --maxmemory 1gb".
ARGS ?=
# Arguments for `make bench` and `make bench-quick`, for example BENCHARGS="-only memcached".
BENCHARGS ?=

# The Go heap stands in for the reserved address range (so that the race detector
# and checkptr see every access) and the expensive checks are on.
CHECKED_TAGS := heapmem,invariants
CHECKED_PACKAGES := ./engine/... ./server/... ./protocol/... ./persistence/...

.PHONY: help
help: ## List the targets
	@awk -F ':[^#]*## ' '/^[a-z-]+:[^#]*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/larder
	go build -trimpath -o bin/larder ./cmd/larder

.PHONY: run
run: build ## Build bin/larder and run it on defaults (ARGS="..." adds arguments)
	bin/larder $(ARGS)

.PHONY: oracles
oracles: ## Install the servers that the tests compare larder with, when missing
	@.ci/oracles

.PHONY: clients
clients: ## Install the clients that the tests drive the server with, when missing
	@.ci/clients

.PHONY: test
test: oracles clients ## Run the fast tests (under ten minutes)
	go test -timeout 10m ./...

.PHONY: race
race: ## Run the race detector over the heap-backed memory, invariants on
	go test -race -tags $(CHECKED_TAGS) -timeout 15m $(CHECKED_PACKAGES)

.PHONY: check
check: fmt vet staticcheck house ## Formatting, vet, staticcheck, import arrows, size ratchet

.PHONY: fmt
fmt: ## Fail when a Go file is not formatted
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then \
		printf 'not formatted (gofmt -w repairs):\n%s\n' "$$unformatted" >&2; exit 1; \
	fi

# Both tag sets: each hides files from the other.
.PHONY: vet
vet: ## go vet, both builds
	go vet ./...
	go vet -tags $(CHECKED_TAGS) ./...
	cd test/clients/go && go vet ./...

# The tool directive in go.mod pins the version.
.PHONY: staticcheck
staticcheck: ## staticcheck, both builds
	go tool staticcheck ./...
	go tool staticcheck -tags $(CHECKED_TAGS) ./...
	cd test/clients/go && go tool -modfile=$(CURDIR)/go.mod staticcheck ./...

.PHONY: house
house: ## The import arrows and the size ratchet (test/house)
	go test -count=1 ./test/house/...

.PHONY: cross
cross: ## Compile for the other systems
	GOOS=darwin GOARCH=arm64 go build ./...
	GOOS=windows GOARCH=amd64 go build ./...

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (default 10s)
	@.ci/fuzz $(FUZZTIME)

.PHONY: bench
bench: oracles build ## Compare with redis-server and memcached (under ten minutes)
	go run ./bench -server bin/larder $(BENCHARGS)

.PHONY: bench-quick
bench-quick: oracles build ## The same in one minute
	go run ./bench -quick -server bin/larder $(BENCHARGS)

.PHONY: profile
profile: ## Make the profile that the compiler is given anew (cmd/larder/default.pgo)
	@.ci/profile

.PHONY: compat-long
compat-long: oracles ## Compare long random histories with the real servers
	COMPAT_LONG=1 go test -count=1 -timeout 6h ./test/compat

.PHONY: crash
crash: ## Kill a server that writes its log 200 times, and look for what it has acknowledged
	CRASH_ROUNDS=200 go test -count=1 -timeout 1h -v -run TestAcknowledgedWritesSurvive ./cmd/larder

.PHONY: histories
histories: ## Run HISTORIES random lives of the log on a file system that fails (default 200000)
	go test -count=1 -timeout 6h -v -run Histories ./persistence/oplog -histories $(HISTORIES)

.PHONY: soak
soak: ## Mixed load with changing value sizes for SOAK_DURATION (default 1h)
	SOAK_DURATION=$(SOAK_DURATION) go test -count=1 -timeout 24h -run Soak ./test/soak

.PHONY: clean
clean: ## Remove what the other targets built
	rm -rf bin out
