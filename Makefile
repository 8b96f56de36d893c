# Video mall. Bare `make` lists the targets.
SHELL := /bin/bash
GO ?= go
export CGO_ENABLED ?= 1
# make check vets; and what a debugger reads takes a third of the time of linking fifty test programs.
TESTFLAGS ?= -vet=off -ldflags='-s -w'

.DEFAULT_GOAL := help
.PHONY: help run build test test-fast bench findings gen css check fmt install-test clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: build ## serve a stocked mall on http://127.0.0.1:8080, with its own PostgreSQL and Redis; Ctrl-C stops all of it
	@exec bin/videomall serve

build: ## compile bin/videomall
	$(GO) build -trimpath -o bin/videomall .

test: install-test ## run all tests with the race detector, browser journeys included; installs what they need if it is missing
	E2E=required $(GO) test -race $(TESTFLAGS) -timeout 25m ./...

test-fast: ## run the tests without the race detector and without installing anything
	$(GO) test $(TESTFLAGS) ./...

bench: install-test ## measure against the raw limits and how the mall grows, writes bench.json; needs 12 GB of disk, BENCH="-products 0" does not
	$(GO) run ./test/bench $(BENCH)

findings: ## show again what surprised us about players, parsers and ffmpeg; downloads their pinned releases
	@for f in findings/*.sh; do timeout 300 "$$f" || { echo "$$f: no longer so"; exit 1; }; done

gen: ## regenerate templ and sqlc code
	$(GO) tool templ generate -log-level error
	CGO_ENABLED=0 $(GO) tool -modfile=tools/go.mod sqlc generate

css: ## rebuild the styles and vendored scripts below static/dist (needs Node)
	npm ci --no-audit --no-fund --loglevel=error
	npm run --silent build

# Both read what the compiler wrote of each package. They ask for it as make test does, so that it compiles once.
check: ## formatting, vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'not formatted:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet -race ./...
	GOFLAGS="$$GOFLAGS -race" $$($(GO) tool -modfile=tools/lint/go.mod -n staticcheck) ./...

fmt: ## format Go and templ files
	gofmt -w $$(git ls-files '*.go')
	$(GO) tool templ fmt views

install-test: ## install PostgreSQL, Redis, Chromium and ffmpeg for the tests, where they are missing
	@test/install.sh

clean: ## remove what was built, and the demo's data
	rm -rf bin .data bench.json loadtest.html
