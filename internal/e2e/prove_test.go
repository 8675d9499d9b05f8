package e2e

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk/conformance"
)

// proof is what the test looks at of a report.
type proof struct {
	Plugin, Version, SHA256 string
	Passed, Failed          int
	Cases                   []struct {
		Name, State, Why string
		Failures         []struct{ Part, Text string }
	}
}

// prove runs the kit on a program, as a build server does.
func (w *world) prove(plugin string, args ...string) (exit int, p proof, said string) {
	w.t.Helper()
	args = append(
		[]string{"plugin", "test", filepath.Join(bin, "plugins", plugin), "--json"},
		args...)
	cmd := exec.Command(filepath.Join(bin, "payhost"), args...)
	cmd.Env = w.env
	var errors strings.Builder
	cmd.Stderr = &errors

	out, err := cmd.Output()
	if err != nil && cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	if len(out) > 0 {
		if err := json.Unmarshal(out, &p); err != nil {
			w.t.Fatalf("%v\n%s", err, out)
		}
	}

	return cmd.ProcessState.ExitCode(), p, string(out) + errors.String()
}

// Every plugin, as the program that is shipped, started as a host starts it,
// against its simulator in another process.
func TestEveryPluginPassesTheKitAsAProgram(t *testing.T) {
	w := newWorld(t)
	for _, pkg := range plugins() {
		name := filepath.Base(pkg)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := *w
			v.t = t
			exit, p, said := v.prove(
				name,
				"--simulator",
				strings.TrimSuffix(w.sandbox, "ptop")+name,
			)
			if exit != 0 || p.Failed != 0 || p.Plugin != name || len(p.SHA256) != 64 {
				t.Errorf("exit %d\n%s", exit, said)
			}

			// The start is no case; everything else was run, or is about what
			// the account cannot do.
			if want := len(conformance.Cases()) + 1; len(p.Cases) != want {
				t.Errorf("%d cases, want %d", len(p.Cases), want)
			}

			for _, c := range p.Cases {
				if c.State != "passed" && (c.State != "not_needed" || c.Why == "") {
					t.Errorf("%s: %s %s %v", c.Name, c.State, c.Why, c.Failures)
				}
			}
		})
	}
}

// A program that breaks the contract is caught by the same cases, which quote
// the contract; the report holds no secret, and is written for build servers
// too.
func TestACarelessProgramIsCaught(t *testing.T) {
	w := newWorld(t)
	const canary = "canary-key-7a31"
	config := filepath.Join(w.dir, "careless.json")
	if err := os.WriteFile(config, []byte(`{"environment":"sandbox","key":"`+canary+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}

	junit := filepath.Join(w.dir, "report.xml")
	exit, p, said := w.prove(
		"careless",
		"--simulator",
		w.sandbox,
		"--config",
		config,
		"--junit",
		junit,
	)
	if exit != 1 || p.Failed == 0 {
		t.Fatalf("exit %d\n%s", exit, said)
	}

	for name, text := range map[string]string{
		"create payment": "the answer of CreatePayment holds the value of key",
		"end":            "exit status 3",
		"secrets":        "succeeded with an answer that only repeats the request",
	} {
		i := slices.IndexFunc(p.Cases, func(c struct {
			Name, State, Why string
			Failures         []struct{ Part, Text string }
		},
		) bool {
			return c.Name == name
		})
		if i < 0 || p.Cases[i].State != "failed" || !strings.Contains(said, text) {
			t.Errorf("%s: does not say %q", name, text)
		}
	}

	xmlText, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal(xmlText, &suite); err != nil || suite.Failures != p.Failed ||
		suite.Tests != len(p.Cases) {
		t.Errorf("%v, %+v for %d of %d", err, suite, p.Failed, len(p.Cases))
	}

	if strings.Contains(said, canary) || strings.Contains(string(xmlText), canary) {
		t.Error("the report holds the key")
	}
}

// What cannot be proven is said at once, and nothing is claimed.
func TestNothingIsProvenWithoutWhatTheKitNeeds(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name string
		args []string
		exit int
		says string
	}{
		{"no simulator", nil, 2, "needs --simulator"},
		{"nobody there", []string{"--simulator", "http://127.0.0.1:1"}, 1, "no case was run"},
		{"no URL", []string{"--simulator", "nowhere"}, 1, "is not the address of a simulator"},
		{"no control protocol", []string{"--simulator", strings.TrimSuffix(w.sandbox, "/ptop")}, 1, "does not say what it can do"},
		{"another provider's", []string{"--simulator", strings.TrimSuffix(w.sandbox, "ptop") + "ttrpay"}, 1, "website_id: is missing"},
		{"no expression", []string{"--simulator", w.sandbox, "--run", "("}, 2, "--run"},
		{"no reason", []string{"--simulator", w.sandbox, "--without", "end"}, 2, "NAME=REASON"},
		{"no such account", []string{"--simulator", w.sandbox, "--config", w.config, "--account", "zen"}, 2, `no account "zen"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			exit, p, said := w.prove("ptop", c.args...)
			if exit != c.exit || !strings.Contains(said, c.says) || p.Passed != 0 {
				t.Errorf("exit %d, want %d and %q\n%s", exit, c.exit, c.says, said)
			}
		})
	}
}

// A simulator that does not speak the control protocol proves a part, and the
// report says which part it does not.
func TestAPartIsProvenWithoutTheControlProtocol(t *testing.T) {
	w := newWorld(t)
	target, err := url.Parse(w.sandbox)
	if err != nil {
		t.Fatal(err)
	}

	proxy := httputil.NewSingleHostReverseProxy(target)
	plain := httptest.NewServer(
		http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/_simulator/") {
				http.NotFound(rw, r)
				return
			}
			proxy.ServeHTTP(rw, r)
		}),
	)
	defer plain.Close()

	if exit, _, said := w.prove("ptop", "--simulator", plain.URL, "--config", w.config); exit != 1 ||
		!strings.Contains(said, "docs/conformance.md") {
		t.Errorf("exit %d\n%s", exit, said)
	}

	exit, p, said := w.prove(
		"ptop",
		"--simulator",
		plain.URL,
		"--config",
		w.config,
		"--partial",
	)
	if exit != 0 || p.Failed != 0 || p.Passed < 25 {
		t.Errorf("exit %d\n%s", exit, said)
	}

	for _, c := range p.Cases {
		if c.Name == "create payment" &&
			(c.State != "left_out" || !strings.Contains(c.Why, "no books")) {
			t.Errorf("%s: %s %s", c.Name, c.State, c.Why)
		}
	}
}

// An account of config.toml, and a part of the cases.
func TestTheKitOnAnAccountOfTheConfiguration(t *testing.T) {
	w := newWorld(t)
	exit, p, said := w.prove(
		"ptop",
		"--simulator",
		w.sandbox,
		"--config",
		w.config,
		"--run",
		"^(create|get) payment$",
		"--without",
		"get payment=a test",
	)
	if exit != 0 || p.Passed != 2 || !strings.Contains(said, `"why": "a test"`) {
		t.Errorf("exit %d\n%s", exit, said)
	}

	if strings.Contains(said, secretKey) {
		t.Error("a secret is printed")
	}
}
