# Video mall. Bare `make` lists the targets.
SHELL := /bin/bash
GO ?= go
# The race detector compiles every package a second time, so only CI=true or RACE=1 asks for it. It needs cgo.
RACE ?= $(CI)
RACEFLAG := $(if $(filter 1 true,$(RACE)),-race)
ifneq ($(RACEFLAG),)
export CGO_ENABLED := 1
endif
# What a debugger reads takes a third of a program's size and of the time of linking. The flags of the linker change no
# compiled package: make run, make test and go test share what the compiler wrote.
LDFLAGS ?= -ldflags='-s -w'
# gRPC comes with the exporter of traces. Its own tracing calls methods by their names, whereupon the linker keeps every
# method there is: 14 MB that nobody calls.
export GOFLAGS := $(GOFLAGS) -tags=grpcnotrace
# The most bytes that bin/videomall may have.
MAXSIZE := 60000000
# make check vets.
TESTFLAGS ?= -vet=off $(LDFLAGS) $(RACEFLAG)

# Without prettier: templ would hand it the scripts of a page, and a machine that has none would format them otherwise.
TEMPLFMT := $(GO) tool templ fmt -prettier-command none -log-level error

.DEFAULT_GOAL := help
.PHONY: help run dev build test oracles test-fast cover bench findings migration gen css check lint fmt size install install-test clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: install build ## serve a stocked mall on http://127.0.0.1:8080, with its own PostgreSQL and Redis; Ctrl-C stops all of it
	@exec bin/videomall serve

dev: install ## the same on http://127.0.0.1:7331, built anew and reloaded in the browser when a file changes
	@tools/dev.sh

build: ## compile bin/videomall
	$(GO) build $(LDFLAGS) -o bin/videomall .

size: build ## see that bin/videomall is no larger than 60 MB
	@size=$$(wc -c <bin/videomall); [ $$size -le $(MAXSIZE) ] || { echo "bin/videomall has $$size bytes, more than $(MAXSIZE)"; exit 1; }

test: install-test node_modules ## run all tests, browser journeys included; installs what they need if it is missing; RACE=1 adds the race detector
	E2E=required $(GO) test $(TESTFLAGS) -timeout 45m ./...
	@$(MAKE) --no-print-directory oracles

oracles: node_modules ## compare payment providers with their SDKs, which are no dependencies of the mall (needs Node)
	@set -e; for module in test/oracles/*/go.mod; do \
		(cd "$${module%/go.mod}" && E2E=required $(GO) test $(TESTFLAGS) ./...); done

node_modules: package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch node_modules

test-fast: ## run the tests without installing anything; without a browser its journeys are skipped
	$(GO) test $(TESTFLAGS) ./...

PKG ?= ./...
cover: install-test ## show in bin/cover.html which lines the tests run; PKG=./mall/order/... looks at a part
	@mkdir -p bin
	$(GO) test $(TESTFLAGS) -coverpkg=$(PKG) -coverprofile=bin/cover.out $(PKG)
	$(GO) tool cover -html=bin/cover.out -o bin/cover.html
	@$(GO) tool cover -func=bin/cover.out | tail -1

bench: install-test ## measure against the raw limits and how the mall grows, writes bench.json; needs 12 GB of disk, BENCH="-products 0" does not
	$(GO) run ./test/bench $(BENCH)

findings: ## show again what surprised us about players, parsers and ffmpeg; downloads their pinned releases
	@for f in findings/*.sh; do timeout 300 "$$f" || { echo "$$f: no longer so"; exit 1; }; done

migration: ## write the next numbered file of db/migrations: make migration NAME=creator_zone
	@tools/migration.sh "$(NAME)"

gen: ## regenerate templ and sqlc code
	$(GO) tool templ generate -log-level error
	CGO_ENABLED=0 $(GO) tool -modfile=tools/go.mod sqlc generate

css: ## rebuild the styles and vendored scripts below static/dist (needs Node)
	npm ci --no-audit --no-fund --loglevel=error
	npm run --silent build

check: ## formatting, vet, lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'not formatted:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@$(TEMPLFMT) -fail . || { echo 'templ files were not formatted; they are now'; exit 1; }
	$(GO) vet $(RACEFLAG) ./...
	@$(MAKE) --no-print-directory lint

# vet and golangci-lint read what the compiler wrote of each package. They ask for it as make test does, so that it
# compiles once.
GOLANGCI = $$($(GO) tool -modfile=tools/lint/go.mod -n golangci-lint)

lint: ## run the linters of .golangci.yml
	GOFLAGS="$$GOFLAGS $(RACEFLAG)" $(GOLANGCI) run ./...

fmt: ## format Go and templ files
	$(GOLANGCI) fmt
	$(TEMPLFMT) .

install: ## install PostgreSQL, Redis and ffmpeg, where they are missing; where it can't, say how, and the mall does without
	@tools/install.sh --optional $(if $(DATABASE_URL),,postgresql) $(if $(REDIS_URL),,redis) ffmpeg

install-test: ## install PostgreSQL, Redis, Chromium, ffmpeg, nginx and Node for the tests, where they are missing
	@tools/install.sh postgresql redis ffmpeg chromium fonts processes node pdftotext nginx $(if $(RACEFLAG),compiler)

clean: ## remove what was built, and the demo's data
	rm -rf bin .data bench.json loadtest.html
