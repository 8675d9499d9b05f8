package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// plugins are built when the first test needs them.
var plugins = sync.OnceValues(func() (folder string, err error) {
	folder = filepath.Join(built, "plugins")
	for name, from := range map[string]string{"ptop": "plugins/ptop", "ptop@1.2.3": "plugins/ptop", "reference": "plugins/reference", "paysepro": "plugins/paysepro"} {
		if err := build(filepath.Join(folder, name), filepath.Join(repository, from)); err != nil {
			return "", err
		}
	}
	return folder, nil
})

// configure writes a configuration whose plugin_dir is the built one.
func configure(t *testing.T, providers string) (folder string) {
	t.Helper()
	dir, err := plugins()
	if err != nil {
		t.Fatal(err)
	}

	folder = newFolder(t)
	write(
		t,
		filepath.Join(folder, "config.toml"),
		"[host]\nplugin_dir = \""+dir+"\"\n"+providers,
	)

	return folder
}

const rightConfig = `
environment = "sandbox"
website_id = "w123456"
secret_key = "a secret"
website_url = "https://shop.example"
`

func TestCheckNamesEveryMistake(t *testing.T) {
	t.Parallel()
	folder := configure(t, `
[providers.right]
plugin = "ptop"
[providers.right.config]`+rightConfig+`
[providers.wrong]
plugin = "ptop"
version = "1.2.3"
[providers.wrong.config]
environment = "sandbox"
websit_id = "w123456"
secret_key = 5
website_url = "a secret that is no address"

[providers.pinned]
plugin = "ptop"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[providers.missing]
plugin = "nothing"

[providers.older]
plugin = "ptop"
version = "9.9.9"

[providers.off]
plugin = "nothing"
enabled = false
`)

	before := tree(t, folder)
	r := start(t, folder, "", "check").wait(t)
	if r.exit != exitFailed {
		t.Errorf("exit %d", r.exit)
	}

	for _, want := range []string{
		`config.toml:15: providers.wrong.config.website_id: is missing`,
		`config.toml:17: providers.wrong.config.websit_id: is not a known key: did you mean "website_id"?`,
		`config.toml:18: providers.wrong.config.secret_key: must be text, not a number: put it in quotes`,
		`config.toml:19: providers.wrong.config.website_url: `,
		`config.toml:23: providers.pinned.sha256: `,
		`config.toml:26: providers.missing.plugin: plugin nothing: there is no file `,
		`config.toml:30: providers.older.version: plugin ptop: there is no file `,
		`payhost: config.toml has 7 problems`,
	} {
		if strings.Count(r.stderr, want) != 1 {
			t.Errorf("not once: %q", want)
		}
	}

	if n := strings.Count(r.stderr, "\n"); n != 8 {
		t.Errorf("%d lines", n)
	}

	for _, want := range [][]string{
		{"right", "ptop", "1.2.3", "ok"}, {"wrong", "ptop", "1.2.3", "problem"}, {"pinned", "ptop", "problem"},
		{"missing", "nothing", "problem"}, {"older", "ptop", "problem"}, {"off", "nothing", "disabled"},
	} {
		if !hasRow(r.stdout, want) {
			t.Errorf("no row %q", want)
		}
	}

	if strings.Contains(r.stdout+r.stderr, "a secret") {
		t.Error("a value of the configuration is shown")
	}
	if after := tree(t, folder); after != before {
		t.Errorf("the folder held\n%s\nand now\n%s", before, after)
	}

	if t.Failed() {
		t.Logf("%s\n%s", r.stdout, r.stderr)
	}
}

func hasRow(table string, cells []string) bool {
	for line := range strings.Lines(table) {
		if strings.Join(strings.Fields(line), " ") == strings.Join(cells, " ") {
			return true
		}
	}
	return false
}

// tree lists a folder.
func tree(t *testing.T, folder string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		b.WriteString(path + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return b.String()
}

// A plugin's own words about the configuration are warnings, and so is a
// provider that is down: neither keeps a host from running, and a script that
// checks before it reloads must not be stopped by them.
func TestCheckWarns(t *testing.T) {
	t.Parallel()
	folder := configure(t, `
[providers.down]
plugin = "reference"
[providers.down.config]
environment = "sandbox"
base_url = "http://127.0.0.1:1"
merchant_id = "m1"
api_key = "api key"
signing_key = "signing key"
webhook_keys = ["one"]
`)

	r := start(t, folder, "", "check").wait(t)
	if r.exit != exitDone ||
		!strings.Contains(r.stderr, "config.toml:4: providers.down: warning: ") ||
		!strings.Contains(r.stderr, "payhost: config.toml is valid, with 1 warning\n") {
		t.Errorf("exit %d\n%s\n%s", r.exit, r.stdout, r.stderr)
	}

	r = start(t, folder, "", "check", "--json").wait(t)
	var got struct {
		Providers []checkedProvider
		Problems  []string
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil ||
		len(got.Providers) != 1 {
		t.Fatalf("%v\n%s", err, r.stdout)
	}

	p := got.Providers[0]
	if p.Result != "warning" || p.Health == "" || p.Version != "1.2.3" ||
		len(p.Checksum) != 64 ||
		len(p.Warnings) != 1 ||
		len(p.Problems) != 0 {
		t.Errorf("%+v", p)
	}
}

// Two accounts that are one at the provider are named, however their addresses
// are spelled.
func TestCheckNamesTwoAccountsOfOneIdentity(t *testing.T) {
	t.Parallel()
	const table = `
[providers.%s]
plugin = "reference"
[providers.%s.config]
environment = "sandbox"
base_url = %q
merchant_id = %q
api_key = "api key"
signing_key = "signing key"
webhook_keys = ["one"]
`

	var text strings.Builder
	for _, a := range [][3]string{
		{"first", "http://127.0.0.1:1", "m1"}, {"other", "http://127.0.0.1:1", "m2"}, {"twin", "HTTP://LocalHost:1/", "m1"},
	} {
		fmt.Fprintf(&text, table, a[0], a[0], a[1], a[2])
	}

	r := start(t, configure(t, text.String()), "", "check").wait(t)
	said := strings.Count(r.stderr, "the same account at the provider as")
	if r.exit != exitDone || said != 1 ||
		!strings.Contains(
			r.stderr,
			"providers.twin.config: warning: it is the same account at the provider as first",
		) {
		t.Errorf("exit %d\n%s\n%s", r.exit, r.stdout, r.stderr)
	}
}

// Credentials that the provider does not accept are a mistake.
func TestCheckNamesRefusedCredentials(t *testing.T) {
	t.Parallel()
	strict := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(
				w,
				`{"error": {"code": "credentials", "message": "unknown key"}}`,
			)
		}),
	)
	defer strict.Close()

	folder := configure(t, `
[providers.shop]
plugin = "reference"
[providers.shop.config]
environment = "sandbox"
base_url = "`+strict.URL+`"
merchant_id = "m1"
api_key = "the api key"
signing_key = "signing key"
webhook_keys = ["one"]
`)

	r := start(t, folder, "", "check").wait(t)
	if r.exit != exitFailed ||
		!strings.Contains(
			r.stderr,
			"config.toml:6: providers.shop.config: the provider answers, but not as it should: authentication (refused)",
		) ||
		!hasRow(r.stdout, []string{"shop", "reference", "1.2.3", "problem", "degraded"}) {
		t.Errorf("exit %d\n%s\n%s", r.exit, r.stdout, r.stderr)
	}
}

func TestCheckIsContent(t *testing.T) {
	t.Parallel()
	folder := configure(
		t,
		"\n[providers.shop]\nplugin = \"ptop\"\n[providers.shop.config]"+rightConfig,
	)
	r := start(t, folder, "", "check").wait(t)
	if r.exit != exitDone || r.stderr != "payhost: config.toml is valid\n" ||
		!hasRow(r.stdout, []string{"shop", "ptop", "1.2.3", "ok"}) {
		t.Errorf("exit %d\n%s\n%s", r.exit, r.stdout, r.stderr)
	}
}

// Networks of proxies that hold strangers are a mistake where a webhook is
// trusted by its address, else a warning.
func TestCheckNamesProxiesThatAreAnybody(t *testing.T) {
	t.Parallel()
	const proxies = "\n[http]\ntrusted_proxies = [\n\"10.0.0.0/8\",\n\"0.0.0.0/0\"]\n"
	signed := "\n[providers.shop]\nplugin = \"ptop\"\n[providers.shop.config]" + rightConfig

	byAddress := `
[providers.cards]
plugin = "paysepro"
[providers.cards.config]
environment = "sandbox"
uid = "1"
mid = "2"
email = "shop@example.com"
api_key = "key"
`
	for _, c := range []struct {
		providers string
		exit      int
		want      []string
	}{
		{signed, exitDone, []string{"http.trusted_proxies[1]: warning: 0.0.0.0/0 holds more than your proxies", "is valid, with 1 warning"}},
		{byAddress, exitFailed, []string{"http.trusted_proxies[1]: 0.0.0.0/0 holds more", "paysepro trusts a webhook by its address", "has 1 problem"}},
		{signed + byAddress, exitFailed, []string{"paysepro trusts a webhook by its address", "has 1 problem"}},
	} {
		r := start(t, configure(t, proxies+c.providers), "", "check").wait(t)
		if r.exit != c.exit || strings.Count(r.stderr, "0.0.0.0/0") != 1 {
			t.Errorf("exit %d\n%s\n%s", r.exit, r.stdout, r.stderr)
		}

		for _, want := range c.want {
			if !strings.Contains(r.stderr, want) {
				t.Errorf("no %q in\n%s", want, r.stderr)
			}
		}
	}
}
