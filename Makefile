# Everything a person or CI does with this repository. `make help` lists it.
# Needed: Go and make. With a C compiler the tests run under the race detector.

GO      ?= go
# What the built programs call their own version.
VERSION ?= dev
# How long `make fuzz` spends on each target.
FUZZTIME ?= 10s

# A folder with a main.go under plugins/ is a plugin; nothing else has to be told about a new one.
# plugins/sandbox is one too by its place only: it serves the simulated providers, so it is built beside payhost.
PLUGINS  := $(patsubst plugins/%/main.go,%,$(filter-out plugins/sandbox/main.go,$(wildcard plugins/*/main.go)))
COMMANDS := $(patsubst %/main.go,./%,$(wildcard host/cmd/payhost/main.go plugins/sandbox/main.go))

# The same source, Go release and version give the same bytes on every machine, so that a checksum in config.toml can
# be known before a plugin is shipped. That is why paths and the state of the work tree stay out of the binary.
REAL  = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false
BUILD = $(REAL) -ldflags "-s -w -X main.version=$(VERSION)"

# Tools have a module of their own, tools/go.mod, which pins their versions and keeps their hundreds of dependencies out
# of ours. Each is built once into bin/tools, and again when that file changes.
TOOLS      = bin/tools
BUF        = $(TOOLS)/buf
GENERATORS = $(TOOLS)/protoc-gen-go $(TOOLS)/protoc-gen-go-grpc
LINTER     = $(TOOLS)/golangci-lint

buf_PACKAGE                = github.com/bufbuild/buf/cmd/buf
golangci-lint_PACKAGE      = github.com/golangci/golangci-lint/v2/cmd/golangci-lint
protoc-gen-go_PACKAGE      = google.golang.org/protobuf/cmd/protoc-gen-go
protoc-gen-go-grpc_PACKAGE = google.golang.org/grpc/cmd/protoc-gen-go-grpc

# What was released of the contract: every file binds for ever, and none is built again.
RELEASED = $(sort $(wildcard sdk/proto/released/*.binpb))

CC_FOUND       := $(firstword $(foreach cc,gcc cc,$(shell command -v $(cc) 2>/dev/null)))
POSTGRES_FOUND := $(firstword $(PAYHOST_TEST_POSTGRES) $(shell command -v postgres 2>/dev/null) $(wildcard /usr/lib/postgresql/*/bin/postgres))

# The console is tried in a real browser.
CHROMIUM_FOUND := $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name) 2>/dev/null)))

# Whether this machine has what the JavaScript plugin is built with. The packages are fetched once on trial, outside of the
# work tree: what npm then has, the tests find again.
NODE_TRIAL = node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' && rm -rf bin/node && mkdir -p bin/node && \
	cp examples/node/package.json examples/node/package-lock.json bin/node && cd bin/node && \
	npm ci --ignore-scripts --prefer-offline --no-audit --no-fund

.DEFAULT_GOAL := help
.PHONY: help build plugin run demo test conformance node bench bench-quick simulate chaos siege mutants fuzz lint generate verify verify-go verify-contract verify-rules dist verify-dist clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/payhost, bin/sandbox and every plugin into bin/plugins (VERSION=1.2.0 names the version)
	@mkdir -p bin/plugins
	$(if $(COMMANDS),$(BUILD) -o bin/ $(COMMANDS))
	$(if $(PLUGINS),$(BUILD) -o bin/plugins/ $(PLUGINS:%=./plugins/%))

plugin: ## build one plugin under its version: make plugin NAME=… VERSION=1.2.0
	@test -n "$(NAME)" || { echo "make plugin: NAME= says which; there are: $(PLUGINS)" >&2; exit 2; }
	@test -f "plugins/$(NAME)/main.go" || { echo "make plugin: no plugins/$(NAME)/main.go; there are: $(PLUGINS)" >&2; exit 2; }
	@test "$(origin VERSION)" != file || { echo "make plugin: VERSION= is missing" >&2; exit 2; }
	@mkdir -p bin/plugins
	$(BUILD) -o "bin/plugins/$(NAME)@$(VERSION)" "./plugins/$(NAME)"

# The program replaces the shell, so that a Ctrl-C on the terminal reaches it and it can stop what it started.
run: build ## start the simulated providers and the host on config.toml; Ctrl-C stops them
	@$(GO) build -o bin/devrun ./internal/devrun && exec bin/devrun run

demo: build ## run a guided tour, which ends by itself
	@$(GO) build -o bin/devrun ./internal/devrun && exec bin/devrun demo

test: ## run all tests, under the race detector where there is a C compiler, with PostgreSQL where there is one
	$(if $(CC_FOUND),,@echo "no C compiler (gcc or cc): the tests run without the race detector")
	$(eval NODE_FOUND := $(shell ($(NODE_TRIAL)) >/dev/null 2>&1 && command -v node))
	@echo "Node.js tests $(if $(NODE_FOUND),run with $(NODE_FOUND),are left out: there is no node of 20 or later or no npm or it cannot get the packages)"
	@echo "PostgreSQL tests $(if $(PAYHOST_TEST_POSTGRES),run on the server that PAYHOST_TEST_POSTGRES names,$(if \
		$(POSTGRES_FOUND),run with $(POSTGRES_FOUND),are left out: PAYHOST_TEST_POSTGRES is not set and there is no postgres program))"
	@echo "browser tests $(if $(CHROMIUM_FOUND),run with $(CHROMIUM_FOUND),are left out: there is no chromium program)"
	@$(GO) build -C tools -o ../bin/testgate ./testgate && $(GO) test -C tools ./testgate ./mutants
# Several packages' tests build the real programs, at the same time: without this each compiles all of them.
	@$(REAL) ./host/cmd/payhost ./plugins/...
# What reading costs is measured without the race detector.
	@$(GO) test -run TestReadingTakesNoTime ./sdk/providerhttp
	@$(if $(CC_FOUND),CGO_ENABLED=1 CC=$(notdir $(CC_FOUND))) bin/testgate -skips tools/testgate/allowed-skips.txt \
		$(if $(POSTGRES_FOUND),,-without postgres) $(if $(CHROMIUM_FOUND),,-without chromium) $(if $(NODE_FOUND),,-without node) -- -timeout 10m $(if $(CC_FOUND),-race) ./...

node: ## build the plugin in JavaScript, examples/node, into its dist/ (VERSION=1.2.0 names the version)
	cd examples/node && npm ci --ignore-scripts --no-audit --no-fund && VERSION=$(VERSION) npm run -s build

# BASE is a commit: it is built beside this tree, and measured in turns with it.
BASE ?=
BENCH = mkdir -p bin && $(GO) build -o bin/bench ./host/internal/bench && bin/bench $(if $(BASE),-base $(BASE))
bench: ## measure in 20 minutes, 40 with BASE=COMMIT to compare with, and write BENCHMARKS.md and .svg (PAYHOST_TEST_POSTGRES names a server; without it one is started)
	@$(BENCH) bin/BENCHMARKS.md && mv bin/BENCHMARKS.md bin/BENCHMARKS.svg .

bench-quick: ## measure in two minutes what can be, into bin/BENCHMARKS.md (BASE=COMMIT)
	@$(BENCH) -quick bin/BENCHMARKS.md && cat bin/BENCHMARKS.md

# The first lines of the sandbox say where it serves each provider.
conformance: build ## test every plugin's program against the contract, with its simulator
	@bin/sandbox -listen 127.0.0.1:0 > bin/sandbox.log & pid=$$!; trap 'kill $$pid; rm -f bin/sandbox.log' EXIT; \
	until [ "$$(wc -l < bin/sandbox.log)" -ge $(words $(PLUGINS)) ]; do kill -0 $$pid || exit 1; sleep 0.1; done; \
	while read -r name url; do echo "== $$name"; bin/payhost plugin test "bin/plugins/$$name" --simulator "$$url" || exit 1; done < bin/sandbox.log

# The same seed is the same story on every machine. Without one the stories are new each time.
STORIES ?= 100000
SEED    ?= 0
THEME   ?=
simulate: ## run random histories of hosts, providers, merchants and operators in simulated time (STORIES=1000000 SEED=… THEME=…)
	$(GO) test ./host/internal/simulation -count=1 -v -timeout 0 -run TestStories -simulation.stories=$(STORIES) \
		-simulation.seed=$(if $(filter 0,$(SEED)),$$(date +%s)000000,$(SEED)) -simulation.theme=$(THEME) -simulation.all

# The same seed repeats the plan; without one a new plan is made, and its seed printed.
KILLS ?= 1000
chaos: ## kill plugins, hosts and the database under load, then compare with the simulators' ledgers (KILLS=1000 SEED=…)
	$(GO) test ./host/internal/chaos -count=1 -v -timeout 90m -chaos.clocks -chaos.kills=$(KILLS) -chaos.seed=$(SEED)

# The same attacks are part of the tests, for two seconds each and without latencies.
SECONDS_EACH ?= 60
siege: ## attack a host in four ways, a minute each, while merchants pay (SECONDS_EACH=60)
	$(GO) test ./internal/e2e -count=1 -v -timeout 30m -run TestSiege -siege.seconds=$(SECONDS_EACH)

# The list is tools/mutants/list.txt; UPDATE=1 writes which test has caught each into it, ONLY=text tries some of them.
mutants: ## break each listed rule of the code in turn: a test must notice it (ONLY=text, UPDATE=1)
	@$(GO) build -C tools -o ../bin/mutants ./mutants && bin/mutants $(if $(UPDATE),-update) -only "$(ONLY)"

# go test fuzzes one target at a time.
fuzz: ## fuzz every target for a short while (FUZZTIME=1m for longer)
	@targets=$$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' host internal plugins sdk 2>/dev/null \
		| sed -E 's,/[^/]*:func , ,' | sort); \
	test -n "$$targets" || { echo "make fuzz: no targets found" >&2; exit 1; }; \
	echo "$$targets" | while read -r dir name; do \
		echo "fuzzing $$name in $$dir for $(FUZZTIME)"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "./$$dir" </dev/null || exit 1; \
	done

$(BUF) $(GENERATORS) $(LINTER): $(TOOLS)/%: tools/go.mod tools/go.sum
	@echo "building $@ in the version of tools/go.mod: this happens once, and can take minutes"
	@$(GO) build -C tools -o ../$@ $($*_PACKAGE)
	@touch $@

lint: $(LINTER) ## run golangci-lint (the first run builds it, which takes minutes)
	$(LINTER) run ./...
	cd tools && ../$(LINTER) run ./...

generate: $(BUF) $(GENERATORS) ## generate Go and docs/contract from the contract in sdk/proto (the first run builds the tools)
	$(BUF) generate

verify: verify-go verify-contract verify-rules ## check formatting, vet, tidy modules, generated code, the alerts, and that the contract is not broken

verify-go:
	@bad=$$(gofmt -l .); test -z "$$bad" || { echo "not formatted (gofmt -w):" $$bad >&2; exit 1; }
	$(GO) vet ./...
	$(GO) vet -C tools ./...
	$(GO) mod tidy -diff

# Generated into a folder of its own and compared: the work tree is left as it was.
verify-contract: $(BUF) $(GENERATORS)
	$(BUF) lint
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	echo "comparing sdk/internal/providerv1 and docs/contract with what the contract generates" && \
	$(BUF) generate -o "$$scratch" && \
	for folder in sdk/internal/providerv1 docs/contract; do \
		diff -r "$$folder" "$$scratch/$$folder" || { echo "$$folder is not what the contract says: make generate" >&2; exit 1; }; \
	done
	@for file in $(RELEASED); do echo "buf breaking --against $$file" && $(BUF) breaking --against "$$file" || exit 1; done
# Uncached: the go command does not notice when files of another module change.
	$(GO) test -C tools -count=1 ./contract

# The alerts of deploy/prometheus are read and tried by Prometheus's own code, which has a module of its own.
verify-rules:
	$(GO) test -C tools/rules ./...

# The same commit, Go release and VERSION give the same files on every machine. The plugin for tests is not for machines in
# earnest. What is the same everywhere (pages, completions, schema) is written by the program for this machine.
PLATFORMS ?= linux-amd64 linux-arm64 darwin-arm64
PACKED     = bin/dist
MADE       = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)
dist: ## pack archives and .deb for PLATFORMS into bin/dist (VERSION=1.2.0)
	@test "$(origin VERSION)" != file || { echo "make dist: VERSION= is missing, such as 1.2.0" >&2; exit 2; }
	rm -rf $(PACKED) && mkdir -p $(PACKED)/common/man $(PACKED)/common/bash $(PACKED)/common/zsh $(PACKED)/common/fish
	$(foreach platform,$(PLATFORMS),mkdir -p $(PACKED)/programs/$(platform)/plugins && \
		export GOOS=$(firstword $(subst -, ,$(platform))) GOARCH=$(lastword $(subst -, ,$(platform))) && \
		$(BUILD) -o $(PACKED)/programs/$(platform)/ ./host/cmd/payhost && \
		$(BUILD) -o $(PACKED)/programs/$(platform)/plugins/ $(patsubst %,./plugins/%,$(filter-out reference,$(PLUGINS))) && ) true
	@$(BUILD) -o $(PACKED)/payhost ./host/cmd/payhost && cd $(PACKED) && ./payhost man common/man && \
		./payhost completion bash >common/bash/payhost && ./payhost completion zsh >common/zsh/_payhost && \
		./payhost completion fish >common/fish/payhost.fish && ./payhost config schema >common/payhost.schema.json && \
		./payhost config init --config common/sample.toml && \
		sed -e 's,^#plugin_dir = .*,plugin_dir = "/usr/lib/payhost/plugins",' -e 's,^#data_dir = .*,data_dir = "/var/lib/payhost",' \
			common/sample.toml >common/config.toml
	@$(GO) build -C tools/dist -o ../../bin/tools/dist . && bin/tools/dist -version $(VERSION) -programs $(PACKED)/programs \
		-common $(PACKED)/common -out $(PACKED) -time $(MADE)

# The package is made twice and must be the same, then installed, started, removed and purged. dpkg needs root.
verify-dist: ## try the .deb for this machine: install, start, remove (as root, where there is dpkg)
	$(GO) vet -C tools/dist ./... && $(GO) test -C tools/dist ./...
	@if [ "$$(id -u)" = 0 ] && command -v dpkg >/dev/null; then \
		$(MAKE) dist VERSION=0.0.1 PLATFORMS=linux-$$(dpkg --print-architecture) && deploy/debian/try bin/dist/payhost_0.0.1_$$(dpkg --print-architecture).deb; \
	else echo "no dpkg, or not root: the package is not tried"; fi

clean: ## remove what was built; var/ (data of make run) stays
	rm -rf bin examples/node/dist examples/node/gen examples/node/node_modules
