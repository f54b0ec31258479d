# Targets for people. Continuous integration runs .ci instead.
#
#   make test        unit tests of the module and of bench/, with the race detector
#   make lint        gofmt, go vet, staticcheck
#   make interop     real authorization servers and MCP clients (needs Node.js)
#   make bench       what verification costs, beside other libraries; BENCH="-json FILE" passes flags
#   make bench-http  the same under load over HTTP (needs wrk and Node.js); BENCH_HTTP="-duration 10s" passes flags
#   make bench-plot  draws docs/performance.svg from the results in bench/results
#   make fuzz        differential fuzzing against go-jose and jwx for FUZZTIME (3m)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: all test lint interop bench bench-http bench-plot fuzz

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES := $(patsubst %/go.mod,%,$(wildcard go.mod interop/go.mod bench/go.mod))
MODULES := $(patsubst go.mod,.,$(MODULES))
FUZZTIME ?= 3m
BENCH ?=
BENCH_HTTP ?=

all: lint test

test:
	go test -race ./...
	cd bench && go test ./...

lint:
	@unformatted=$$(git ls-files '*.go' | xargs gofmt -l); \
	  [[ -z $$unformatted ]] || { echo "gofmt would change: $$unformatted"; exit 1; }
	@for module in $(MODULES); do \
	  echo "go vet, staticcheck: $$module"; \
	  (cd $$module && go vet ./... && go run $(STATICCHECK) ./...); \
	done

interop:
	interop/run

bench:
	@cd bench && go build -o bin/bench . && bin/bench $(BENCH)

bench-http:
	@bench/http/run $(BENCH_HTTP)

bench-plot:
	cd bench && go run ./plot -out ../docs/performance.svg results/bench.json results/http.json

fuzz:
	cd bench && go test ./differential -run '^$$' -fuzz FuzzDifferential -fuzztime $(FUZZTIME) -fuzzminimizetime 20x
