# What a developer does here. Nothing needs root, and nothing but Go, Node and
# make need be installed: `make needs` fetches the rest into node_modules.

export CGO_ENABLED = 0

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# A browser at this address shows the demonstration plan.
DEMO_ADDR ?= 127.0.0.1:8080
DEMO_DATA ?= data/demo

.PHONY: run build assets test needs fmt lint bench soak citus notice clean

run: build ## build and start the demonstration plan
	bin/billfold demo --addr $(DEMO_ADDR) --data $(DEMO_DATA)

build: assets
	go build -trimpath -o bin/billfold ./cmd/billfold

assets: ## make the style sheet, fonts and script of the pages
	go run ./scripts/assets

test: ## prove everything, on both engines; what CI runs
	go run ./scripts/test

needs: ## fetch what tests need and this machine lacks
	go run ./scripts/test needs

fmt:
	gofmt -w $$(go list -f '{{.Dir}}' ./...) *.go

# Not part of `test`: a cold build of the analyser costs what all fuzzing does.
lint: ## look for mistakes that vet does not know
	go vet ./...
	go run $(STATICCHECK) ./...

bench: build ## measure, on both engines
	bin/billfold bench all --engine sqlite
	bin/billfold bench all --engine postgres

soak: ## the long runs: 200 kills per engine, minutes of fuzzing
	BILLFOLD_SOAK=1 go run ./scripts/test needs vet tests fuzz

citus: ## the store's suite on the Citus cluster at CITUS_DSN
	@test -n "$(CITUS_DSN)" || { echo "CITUS_DSN is not set: give the address of a Citus coordinator"; exit 1; }
	BILLFOLD_TEST_DSN="$(CITUS_DSN)" go test -count=1 ./internal/store/...

notice: ## name the modules that the binary links, after a change of go.mod
	go run ./scripts/notice ./cmd/... >NOTICE.new && mv NOTICE.new NOTICE

clean:
	rm -rf bin node_modules
	find internal/edge/web/built/files ! -name README.txt -type f -delete
