package archtest

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// ban is one arrow that may not be drawn.
type ban struct {
	what    string
	why     string
	forbids func(from source, to string) bool
	// A file and an import that it forbids, by which the ban itself is tested.
	file, imports string
}

var bans = []ban{
	{
		what:    "the sdk imports the host",
		why:     "a provider is written, built and tested without the host; the contract lies below both",
		forbids: func(from source, to string) bool { return in(from.dir, "sdk") && in(to, "host") },
		file:    "sdk/serve/serve_test.go",
		imports: "host/payment",
	},
	{
		what:    "the sdk imports a plugin",
		why:     "the sdk serves every provider and knows none",
		forbids: func(from source, to string) bool { return in(from.dir, "sdk") && in(to, "plugins") },
		file:    "sdk/providertest/run.go",
		imports: "plugins/acme/simulator",
	},
	{
		what: "sdk/internal imports the public sdk",
		why:  "sdk is built on it; the arrow back makes one knot of the two (the conversions in wire stand above sdk)",
		forbids: func(from source, to string) bool {
			return !from.test && in(from.dir, "sdk/internal") &&
				!in(from.dir, "sdk/internal/wire") &&
				in(to, "sdk") &&
				!in(to, "sdk/internal")
		},
		file:    "sdk/internal/frame/frame.go",
		imports: "sdk",
	},
	{
		what: "package sdk imports another public package of the sdk",
		why: "serve, client, providerhttp, signature and providertest are offers on top of sdk: " +
			"whoever does not take them does not link them",
		forbids: func(from source, to string) bool {
			return !from.test && from.dir == "sdk" && in(to, "sdk") &&
				!in(to, "sdk/internal")
		},
		file:    "sdk/payment.go",
		imports: "sdk/signature",
	},
	{
		what: "package sdk imports what runs or what is sent",
		why:  "it is an author's types: nothing in it runs, and no conversion to the wire is in an author's way",
		forbids: func(from source, to string) bool {
			return !from.test && from.dir == "sdk" &&
				in(
					to,
					"sdk/internal/wire",
					"sdk/internal/providerv1",
					"google.golang.org/grpc",
					"google.golang.org/protobuf",
					"github.com/hashicorp",
				)
		},
		file:    "sdk/payment.go",
		imports: "github.com/hashicorp/go-plugin",
	},
	{
		what: "one end of the contract imports the other",
		why:  "the plugin's process and the host share the conversions in sdk/internal/wire and nothing else",
		forbids: func(from source, to string) bool {
			return !from.test && ((in(from.dir, "sdk/serve") && in(to, "sdk/client")) ||
				(in(from.dir, "sdk/client") && in(to, "sdk/serve")))
		},
		file:    "sdk/client/client.go",
		imports: "sdk/serve",
	},
	{
		what: "the host imports the plugin's end of the contract",
		why:  "the host calls plugins through sdk/client; test kits and benchmarks alone serve a plugin of their own",
		forbids: func(from source, to string) bool {
			return !from.test && !isKit(from.dir) && in(from.dir, "host") &&
				!in(from.dir, "host/internal/bench") &&
				in(to, "sdk/serve")
		},
		file:    "host/internal/plugin/start.go",
		imports: "sdk/serve",
	},
	{
		what: "a plugin imports the host's end of the contract",
		why:  "a plugin is called and calls nobody over the contract",
		forbids: func(from source, to string) bool {
			return !from.test && in(from.dir, "plugins") && in(to, "sdk/client")
		},
		file:    "plugins/acme/client.go",
		imports: "sdk/client",
	},
	{
		what: "the host imports what providers are made of",
		why:  "the host knows a provider through package sdk alone; what it needs of HTTP or signatures is its own",
		forbids: func(from source, to string) bool {
			return !from.test && in(from.dir, "host") &&
				!in(from.dir, "host/internal/bench/provider") && // a plugin, which is measured
				in(to, "sdk/providerhttp", "sdk/signature", "sdk/ordered")
		},
		file:    "host/internal/inbox/token.go",
		imports: "sdk/signature",
	},
	{
		what:    "a plugin imports the host",
		why:     "a plugin is a program of its own that speaks to the host over the contract, and must build without it",
		forbids: func(from source, to string) bool { return in(from.dir, "plugins") && in(to, "host") },
		file:    "plugins/acme/client.go",
		imports: "host",
	},
	{
		what: "a plugin imports another plugin",
		why:  "providers are added, changed and removed one at a time; what two of them share belongs into the sdk",
		forbids: func(from source, to string) bool {
			mine, _ := provider(from.dir)
			theirs, _ := provider(to)
			return mine != "" && mine != sandbox && theirs != "" && theirs != sandbox &&
				theirs != mine
		},
		file:    "plugins/acme/client.go",
		imports: "plugins/zenith/wire",
	},
	{
		what: "a plugin's own code imports its simulator",
		why:  "what a plugin ships may not contain, nor be shaped by, the thing it is tested with",
		forbids: func(from source, to string) bool {
			mine, within := provider(from.dir)
			theirs, part := provider(to)
			return mine != "" && mine == theirs && in(part, "simulator") &&
				!in(within, "simulator") &&
				!from.test
		},
		file:    "plugins/acme/provider.go",
		imports: "plugins/acme/simulator",
	},
	{
		what: "something outside plugins/ imports a plugin or its simulator",
		why:  "simulators serve their own plugin's tests and plugins/sandbox; everything else talks to a running one",
		forbids: func(from source, to string) bool {
			return !in(from.dir, "plugins", "sdk") && in(to, "plugins") &&
				!in(to, "plugins/"+sandbox)
		},
		file:    "internal/devrun/demo.go",
		imports: "plugins/acme/simulator",
	},
	{
		what: "plugins/sandbox is imported",
		why:  "it is a program for trying things out, not a library",
		forbids: func(from source, to string) bool {
			return in(to, "plugins/"+sandbox) && !in(from.dir, "plugins/"+sandbox) &&
				!in(from.dir, "sdk")
		},
		file:    "host/open_test.go",
		imports: "plugins/sandbox/serve",
	},
	{
		what: "the HTTP API reaches past what a host can do",
		why: "it reads requests and writes answers: payments, webhooks and providers are the types of host/payment, " +
			"so that HTTP and Go offer the same; who asks, the core's checks and strict JSON are all it takes besides",
		forbids: func(from source, to string) bool {
			return !from.test && in(from.dir, "host/internal/httpapi") &&
				in(to, "host/internal") &&
				!in(
					to,
					"host/internal/httpapi",
					"host/internal/caller",
					"host/internal/core",
					"host/internal/strictjson",
				)
		},
		file:    "host/internal/httpapi/webhook.go",
		imports: "host/internal/store",
	},
	{
		what: "host/payment imports the host",
		why:  "it is the vocabulary of the host's callers, and everything in the host is built on it",
		forbids: func(from source, to string) bool {
			return !from.test && in(from.dir, "host/payment") && in(to, "host") &&
				!in(to, "host/payment")
		},
		file:    "host/payment/request.go",
		imports: "host/internal/intent",
	},
	{
		what: "host/cmd is imported",
		why:  "the command is the top: thin, and nobody builds on it",
		forbids: func(from source, to string) bool {
			return in(from.dir, "host") && !in(from.dir, "host/cmd") && in(to, "host/cmd")
		},
		file:    "host/open.go",
		imports: "host/cmd/payhost/table",
	},
	{
		what: "production code imports the repository's internal folder",
		why:  "internal/ at the top holds what developers run; what is shipped cannot depend on it",
		forbids: func(from source, to string) bool {
			redacts := in(to, "internal/redact") && in(from.dir, "sdk", "host")
			return !from.test && !redacts && in(from.dir, "sdk", "host", "plugins") &&
				in(to, "internal")
		},
		file:    "host/open.go",
		imports: "internal/devrun",
	},
	{
		what: "internal/redact imports a package of ours",
		why: "it lies below the sdk and the host, which both mask with it: a spelling of a secret that one of " +
			"them knows is known to all",
		forbids: func(from source, to string) bool {
			return !from.test && in(from.dir, "internal/redact") &&
				in(to, "sdk", "host", "plugins", "internal")
		},
		file:    "internal/redact/set.go",
		imports: "sdk",
	},
	{
		what:    "production code imports a test kit",
		why:     "test kits link package testing and its flags into what is shipped, and are not written to be safe there",
		forbids: func(from source, to string) bool { return !from.test && !isKit(from.dir) && isKit(to) },
		file:    "host/open.go",
		imports: "go.uber.org/goleak",
	},
	{
		what: "what is shipped imports the conformance kit",
		why: "the kit is for proving plugins: only the command that does so links it, and no service or plugin is the larger for it; " +
			"golden has nothing of the kit, it compares calls",
		forbids: func(from source, to string) bool {
			return !from.test && !isKit(from.dir) && in(to, "sdk/conformance") &&
				(to != "sdk/conformance/golden") &&
				!in(from.dir, "sdk/conformance", "host/internal/conformance", "host/cmd")
		},
		file:    "host/open.go",
		imports: "sdk/conformance",
	},
	{
		what: "what is shipped imports what simulators share",
		why:  "it plays providers: whoever shipped it would ship a page on which everybody can pay",
		forbids: func(from source, to string) bool {
			return !from.test && !isKit(from.dir) && in(to, "sdk/conformance/sim") &&
				from.dir != "sdk/conformance/sim"
		},
		file:    "host/internal/conformance/process.go",
		imports: "sdk/conformance/sim",
	},
	{
		what: "generated protobuf is used outside the sdk",
		why:  "wire types may change with every version of the contract; everybody else uses the types of package sdk",
		forbids: func(from source, to string) bool {
			return !in(from.dir, "sdk") &&
				!in(from.dir, "host/internal/bench/plain") && // what others would write
				in(
					to,
					"sdk/internal",
					"google.golang.org/protobuf",
					"github.com/golang/protobuf",
				)
		},
		file:    "host/internal/plugin/start_test.go",
		imports: "google.golang.org/protobuf/proto",
	},
}

// isKit names what only tests are for: our packages called …test, as the
// standard library calls its own, the simulators with the program that serves
// them, the examples, and the modules that we use in tests alone.
func isKit(pkg string) bool {
	switch name, part := provider(pkg); {
	case name == sandbox,
		in(part, "simulator"),
		in(pkg, "examples"): // examples are read and tested, not shipped
		return true
	case in(pkg, "testing", "net/http/httptest", "go.uber.org/goleak", "pgregory.net/rapid", "github.com/Shopify/toxiproxy"):
		return true
	}

	return in(pkg, "sdk", "host", "internal") &&
		slices.ContainsFunc(strings.Split(pkg, "/"), func(folder string) bool {
			return strings.HasSuffix(folder, "test")
		})
}

// layering reports one ban for each forbidden import: the first, and the list
// has the telling ones first.
func layering(sources []source) []offence {
	var found []offence
	for _, from := range sources {
		for _, to := range from.imports {
			for _, b := range bans {
				if b.forbids(from, to) {
					found = append(
						found,
						offence{from.path + " imports " + to, b.what, b.why},
					)
					break
				}
			}
		}
	}

	return found
}

func TestLayering(t *testing.T) { check(t, layering) }

// Each ban catches its own example, and no ban before it does.
func TestBansBite(t *testing.T) {
	for _, b := range bans {
		t.Run(b.what, func(t *testing.T) {
			found := layering(
				tree(t, map[string]string{b.file: file("// Package p is p.", b.imports)}),
			)
			if len(found) != 1 || found[0].what != b.what {
				t.Errorf("%s importing %s: %v", b.file, b.imports, found)
			}
		})
	}
}

// The arrows of the design are open.
func TestAllowedArrows(t *testing.T) {
	for name, imports := range map[string][]string{
		"sdk/config.go":                        {"sdk/internal/frame"},
		"sdk/payment_test.go":                  {"sdk/providertest", "sdk/serve", "testing", "go.uber.org/goleak"},
		"sdk/internal/wire/payment.go":         {"sdk", "sdk/internal/providerv1", "google.golang.org/protobuf/proto"},
		"sdk/serve/server.go":                  {"sdk", "sdk/internal/wire", "google.golang.org/grpc", "github.com/hashicorp/go-plugin"},
		"sdk/client/client.go":                 {"sdk", "sdk/internal/wire", "google.golang.org/grpc", "github.com/hashicorp/go-plugin"},
		"sdk/client/client_test.go":            {"sdk/serve"},
		"plugins/acme/main.go":                 {"sdk/serve"},
		"host/internal/plugin/start.go":        {"sdk", "sdk/client"},
		"sdk/internal/providerv1/a.pb.go":      {"google.golang.org/protobuf/proto"},
		"sdk/providerhttp/client.go":           {"sdk", "sdk/internal/frame"},
		"sdk/providertest/run.go":              {"sdk", "sdk/conformance", "testing", "go.uber.org/goleak"},
		"sdk/conformance/conformance.go":       {"sdk", "sdk/conformance/control", "sdk/conformance/internal/suite"},
		"plugins/acme/client.go":               {"sdk", "sdk/providerhttp", "sdk/signature"},
		"plugins/acme/conformance_test.go":     {"sdk/providertest", "plugins/acme/simulator", "testing"},
		"plugins/acme/simulator/api.go":        {"sdk/signature", "sdk/conformance/control", "sdk/conformance/ledger", "sdk/conformance/sim"},
		"host/internal/rehearsal/judge.go":     {"sdk/conformance/golden", "host/internal/plugin"},
		"host/internal/conformance/process.go": {"sdk/conformance", "sdk/conformance/control", "host/internal/plugin"},
		"plugins/sandbox/main.go":              {"plugins/acme/simulator", "plugins/zenith/simulator"},
		"host/open.go":                         {"sdk", "host/internal/core", "host/payment"},
		"host/internal/httpapi/payment.go":     {"host/payment", "host/internal/core"},
		"host/payment/error.go":                {"sdk"},
		"host/open_test.go":                    {"host/hosttest", "internal/postgrestest", "testing"},
		"host/hosttest/host.go":                {"host", "sdk/serve", "testing"},
		"host/cmd/payhost/main.go":             {"host", "sdk", "github.com/spf13/cobra"},
		"internal/devrun/main.go":              {"host", "os/exec"},
		"examples/acme/simulator/api.go":       {"sdk", "sdk/conformance/control", "sdk/conformance/ledger"},
	} {
		for _, o := range layering(tree(t, map[string]string{name: file("// Package p is p.", imports...)})) {
			t.Error(o)
		}
	}
}

// tree loads made-up files.
func tree(t *testing.T, files map[string]string) []source {
	t.Helper()
	made := fstest.MapFS{}
	for name, text := range files {
		made[name] = &fstest.MapFile{Data: []byte(text)}
	}

	sources, err := load(made)
	if err != nil {
		t.Fatal(err)
	}

	return sources
}

// file is Go source with these imports; those of this module are given without
// its path.
func file(comment string, imports ...string) string {
	text := comment + "\npackage p\n"
	for _, to := range imports {
		if in(to, "sdk", "host", "plugins", "internal") {
			to = module + "/" + to
		}
		text += "import _ \"" + to + "\"\n"
	}
	return text
}
