package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A description with everything that a plugin can say.
const description = `{
  "name": "acme", "version": "1.0.0", "description": "Cards and wallets.", "contract_version": 1,
  "capabilities": ["create_payment", "create_payout"], "currencies": ["EUR", "USD"], "countries": ["DE"],
  "payment_limits": [{"currency": "USD", "min": "1", "max": "10000.50", "decimals": 2}], "payout_limits": [{"currency": "EUR"}],
  "operations": [{"name": "move_funds", "description": "From one wallet to another.", "moves_money": true}],
  "webhook_trust": ["signature", "account_url"],
  "create_payment": {"repeat": "returns_original", "window": "24h0m0s", "link_only": true},
  "create_payout": {"repeat": "rejects_duplicates", "link_only": false},
  "create_refund": {"repeat": "none", "link_only": false},
  "config_schema": {"type": "object", "required": ["environment"], "properties": {
    "zone": {"type": "string", "default": "eu", "description": "Which of its zones."},
    "environment": {"type": "string", "enum": ["sandbox", "live"], "description": "Whether money is real."},
    "base_url": {"type": "string", "format": "uri"},
    "keys": {"anyOf": [{"type": "string"}, {"type": "array"}], "writeOnly": true, "description": "Sign notices."}}}
}`

// asPlugin writes a program that does what a shell script says.
func asPlugin(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "acme")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPluginInfo(t *testing.T) {
	t.Parallel()
	folder := newFolder(t)
	file := asPlugin(
		t,
		"test \"$1\" = describe || exit 3; cat <<'END'\n"+description+"\nEND",
	)
	r := start(t, folder, "", "plugin", "info", file).wait(t)
	got := strings.ReplaceAll(r.stdout, file, "FILE")

	golden := "testdata/plugin-info.want"
	for line := range strings.Lines(got) {
		if sum, ok := strings.CutPrefix(line, "sha256"); ok {
			if len(strings.TrimSpace(sum)) != 64 {
				t.Errorf("checksum %q", sum)
			}
			got = strings.Replace(got, line, "sha256 …\n", 1)
		}
	}

	if *update {
		write(t, golden, got)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}

	if r.exit != exitDone || got != string(want) || r.stderr != "" {
		t.Errorf("exit %d\n%s\nwant\n%s\n%s", r.exit, got, want, r.stderr)
	}
	r = start(t, folder, "", "plugin", "info", file, "--json").wait(t)
	var said, printed any
	if json.Unmarshal([]byte(description), &said) != nil ||
		json.Unmarshal([]byte(r.stdout), &printed) != nil {
		t.Fatalf("not JSON:\n%s", r.stdout)
	}

	if a, b := mustJSON(t, said), mustJSON(t, printed); r.exit != exitDone || a != b {
		t.Errorf("exit %d\n%s\nwant\n%s", r.exit, b, a)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPluginInfoOfWhatIsNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"it fails":            {"echo no such argument >&2; exit 2", "exit status 2: no such argument"},
		"it says nothing":     {"exit 0", "is not the description of a plugin"},
		"it says other JSON":  {"echo '{\"a\": 1}'", "is not the description of a plugin"},
		"it says too much":    {"while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", "more than 4 MiB"},
		"it sees our secrets": {"test -z \"$PAYHOST_TEST_SECRET$HOME\" || echo seen >&2; exit 1", "exit status 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c2 := start(t, newFolder(t), "", "plugin", "info", asPlugin(t, c.script))
			if r := c2.wait(t); r.exit != exitFailed ||
				!strings.Contains(r.stderr, c.want) ||
				r.stdout != "" {
				t.Errorf("exit %d\n%s", r.exit, r.stderr)
			}
		})
	}

	for _, file := range []string{"/nowhere/acme", t.TempDir()} {
		if r := start(t, newFolder(t), "", "plugin", "info", file).wait(t); r.exit != exitFailed ||
			!strings.Contains(r.stderr, file) {
			t.Errorf("%s: exit %d\n%s", file, r.exit, r.stderr)
		}
	}
}

// FuzzDescription: a program may say anything.
func FuzzDescription(f *testing.F) {
	f.Add([]byte(description))
	f.Add([]byte(`{"name": "a", "config_schema": {"properties": []}}`))
	f.Add(
		[]byte(
			`{"name": "a", "config_schema": {"properties": {"k": {"anyOf": [{"anyOf": [{}]}]}}}}`,
		),
	)
	f.Fuzz(func(t *testing.T, text []byte) {
		a, out, _ := inProcess()
		var p pluginInfo
		if read(text, &p) != nil {
			return
		}
		a.pluginBlock(&p, "acme", "sum")
		if strings.ContainsAny(out.String(), "\x1b\x07\x00") {
			t.Errorf("control characters come through:\n%q", out.String())
		}
	})
}
