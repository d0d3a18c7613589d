# `make` alone lists what there is.

GO ?= go
# Building works in a checkout without version information, too. The tests are compiled as the programs are that they run,
# so that nothing is compiled twice; the race detector needs CGO_ENABLED=1.
export GOFLAGS := -buildvcs=false -trimpath $(GOFLAGS)
export CGO_ENABLED ?= 0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'

GOLANGCI_LINT := 2.15.0
LINTER        := bin/golangci-lint-$(GOLANGCI_LINT)
GOVULNCHECK   := 1.9.0
VULNCHECK     := bin/govulncheck-$(GOVULNCHECK)

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: postgres ## the demo: private PostgreSQL, PayPal sandbox, service, newsroom; RESET=1 starts over, DEMO_ADDR, DEMO_PAYPAL_ADDR, DEMO_MAIL_ADDR, DEMO_DIR
	@$(BUILD) -o bin/demo ./cmd/demo
	@exec bin/demo $(if $(filter-out 0,$(RESET)),--reset)

.PHONY: test
test: postgres ## the tests, with a drawn few of what takes long, and with CI=true all of it; those in a browser where Chromium is found (PKG=./internal/db/... for some, TESTFLAGS for go test)
	@status=0; $(GO) test -timeout 20m $(TESTFLAGS) $(or $(PKG),./...) || status=$$?; \
	$(GO) run ./internal/db/dbtest/keeper stop || status=1; \
	if [ -z "$(PKG)" ] && ! scripts/setup-chromium.sh >/dev/null 2>&1; then \
		echo "The tests in a browser were left out, because there is no Chromium: \`make test-browser\` gets it where it can."; \
	fi; \
	if [ -z "$(PKG)$$READERFUND_ENGINES" ]; then \
		echo "The walk in three engines was left out: \`make test-engines\` does it."; \
	fi; \
	if [ -z "$(PKG)" ] && ! command -v pgbouncer >/dev/null; then \
		echo "The test behind PgBouncer was left out, because it is not installed: apt-get install pgbouncer"; \
	fi; \
	if [ ! -d "$${PAYPAL_FACTS_DIR:-../shared/paypal}" ]; then \
		echo "The tests that read PayPal's documents, recorded answers and signed deliveries were left out: they are in neither"; \
		echo "../shared/paypal nor PAYPAL_FACTS_DIR. (The emulator's conformance report, and the genuine webhook samples.)"; \
	fi; \
	exit $$status

.PHONY: test-browser
test-browser: postgres ## installs Chromium where it can and runs the tests in a browser
	@scripts/setup-chromium.sh --install
	@status=0; CI=true READERFUND_BROWSER=required $(GO) test -count=1 $(TESTFLAGS) ./internal/e2e/browser || status=$$?; \
	$(GO) run ./internal/db/dbtest/keeper stop || status=1; \
	exit $$status

.PHONY: test-days
test-days: postgres ## the tests, but those in a browser, as if it were other days: short months, clocks put forward, the year's end (DAYS=drawn for one of them; "2028-02-29 04:35 UTC"; PKG for some packages)
	@scripts/test-days.sh $(if $(filter drawn,$(DAYS)),drawn,$(if $(DAYS),"$(DAYS)"))

.PHONY: test-engines
test-engines: postgres ## installs Chromium, Firefox and WebKit where it can and walks the main way in each; pictures in artifacts/engines
	@scripts/setup-engines.sh --install >/dev/null
	@status=0; READERFUND_ENGINES="chromium firefox webkit" $(GO) test -count=1 $(TESTFLAGS) ./internal/e2e/engine || status=$$?; \
	$(GO) run ./internal/db/dbtest/keeper stop || status=1; \
	exit $$status

.PHONY: conformance
conformance: ## the emulator against PayPal's documents, with the report (UPDATE=1 writes docs/sandbox-conformance.md)
	@$(GO) test -count=1 -v -run 'TestConformance$$' ./internal/paypal/sandbox $(if $(filter-out 0,$(UPDATE)),-update)

.PHONY: bench
bench: postgres ## the measurements, as one table
	@$(BUILD) -o bin/bench ./cmd/bench
	@exec bin/bench

.PHONY: budgets
budgets: postgres ## what the appeal and the donation page cost: sizes, requests, times on a slow phone, and the server's share
	@mkdir -p artifacts; scripts/setup-chromium.sh --install >/dev/null
	@READERFUND_BROWSER=required READERFUND_BUDGETS=all $(GO) test -count=1 -run 'TestBudgets$$' ./internal/e2e/browser >artifacts/budgets.log 2>&1 || \
		{ cat artifacts/budgets.log; exit 1; }
	@$(GO) run ./internal/db/dbtest/keeper stop
	@cat artifacts/budgets.txt
	@$(BUILD) -o bin/bench ./cmd/bench
	@exec bin/bench --only fragment,choosing,counting

.PHONY: test-wordpress
test-wordpress: postgres ## installs WordPress where it can and tries the plugin in it; pictures in artifacts/screenshots
	@scripts/setup-wordpress.sh --install >/dev/null
	@scripts/setup-chromium.sh --install >/dev/null
	@status=0; CI=true READERFUND_BROWSER=required READERFUND_WORDPRESS=required \
		$(GO) test -count=1 -run 'TestOnWordPress$$' $(TESTFLAGS) ./internal/e2e/browser || status=$$?; \
	$(GO) run ./internal/db/dbtest/keeper stop || status=1; \
	exit $$status

.PHONY: faults
faults: postgres ## the fault harness, as one table: every fault once, or for FOR=10m; SEED=n plays a seed again, ONLY="F3 F17" picks some
	@mkdir -p artifacts; { CI=true READERFUND_FAULTS_FOR="$(FOR)" READERFUND_FAULTS_ONLY="$(ONLY)" READERFUND_SEED="$(SEED)" \
		$(GO) test -count=1 -timeout 0 -run 'TestFaults$$' -v ./internal/e2e/faults 2>&1; echo "status $$?"; } | \
		tee artifacts/faults.log | awk '/^status /{ exit $$2 } !/^(=== | *--- | +time=)/ { print; fflush() }'

.PHONY: lint
lint: $(LINTER) ## the linters
	@$(LINTER) run

$(LINTER):
	@echo "Building golangci-lint $(GOLANGCI_LINT), which takes some minutes once …"
	@GOBIN=$(CURDIR)/bin CGO_ENABLED=0 $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI_LINT)
	@mv bin/golangci-lint $@

.PHONY: vulncheck
vulncheck: $(VULNCHECK) ## known vulnerabilities in what the programs call (GOVULNDB=URL: in a database of your own)
	@scripts/vulncheck.sh $(VULNCHECK)

$(VULNCHECK):
	@GOBIN=$(CURDIR)/bin CGO_ENABLED=0 $(GO) install golang.org/x/vuln/cmd/govulncheck@v$(GOVULNCHECK)
	@mv bin/govulncheck $@

.PHONY: checkers vulncheck-binary
checkers: $(LINTER) $(VULNCHECK)
vulncheck-binary:
	@echo $(VULNCHECK)

.PHONY: build
build: ## every program, into bin/
	@$(BUILD) -o bin/ ./cmd/...

.PHONY: clean
clean: ## removes what was built; the demo's data stays
	@rm -rf bin artifacts

.PHONY: postgres
postgres:
	@command -v $(GO) >/dev/null || { echo "Go is missing: see https://go.dev/doc/install" >&2; exit 1; }
	@GO=$(GO) scripts/setup-postgres.sh
