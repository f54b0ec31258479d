# Targets for people. Continuous integration runs .ci instead.
#
#   make test        the tests of every module, with the race detector
#   make lint        gofmt, go vet, staticcheck
#   make tidy        go.mod and go.sum of every module
#   make interop     real authorization servers and MCP clients (needs Node.js)
#   make bench       what verification costs, beside other libraries; BENCH="-json FILE" passes flags
#   make bench-http  the same under load over HTTP (needs wrk and Node.js); BENCH_HTTP="-duration 10s" passes flags
#   make bench-resilience  what an authorization server in trouble costs; BENCH_RESILIENCE="-duration 30s" passes flags
#   make bench-results  all three, written to bench/results, docs/performance.md and docs/performance.svg
#   make bench-page     writes these documents from bench/results again
#   make fuzz        differential fuzzing against go-jose and jwx for FUZZTIME (3m)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: all test lint tidy interop bench bench-http bench-resilience bench-results bench-page fuzz

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES = $(shell go list -m -f '{{.Dir}}') bench interop deploy
FUZZTIME ?= 3m
BENCH ?=
BENCH_HTTP ?=

all: lint test

test:
	go test -race work
	go -C bench test ./...

lint:
	@unformatted=$$(git ls-files '*.go' | xargs gofmt -l); \
	  [[ -z $$unformatted ]] || { echo "gofmt would change: $$unformatted"; exit 1; }
	@for module in $(MODULES); do \
	  echo "go vet, staticcheck: $$module"; \
	  (cd $$module && go vet ./... && go run $(STATICCHECK) ./...); \
	done

tidy:
	.ci/tidy

interop:
	interop/run

bench:
	@go -C bench build -o bin/bench .
	@bench/bin/bench $(BENCH)

bench-http:
	@bench/http/run $(BENCH_HTTP)

bench-resilience:
	@go -C bench build -o bin/bench-resilience ./resilience
	@bench/bin/bench-resilience $(BENCH_RESILIENCE)

bench-results:
	mkdir -p bench/results
	$(MAKE) bench BENCH="-json bench/results/bench.json $(BENCH)"
	$(MAKE) bench-http BENCH_HTTP="-json bench/results/http.json $(BENCH_HTTP)"
	$(MAKE) bench-resilience BENCH_RESILIENCE="-json bench/results/resilience.json $(BENCH_RESILIENCE)"
	$(MAKE) bench-page

bench-page:
	go -C bench run ./publish -page ../docs/performance.md -plot ../docs/performance.svg results/bench.json results/http.json results/resilience.json

fuzz:
	cd bench && go test ./differential -run '^$$' -fuzz FuzzDifferential -fuzztime $(FUZZTIME) -fuzzminimizetime 20x
