package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// written has every key of a configuration whose value is text, each with a
// good value, but for the table's own (config), which is walked by itself.
const written = `
[host]
public_url = "https://pay.example"
plugin_dir = "programs"
data_dir = "data"
drain_notice = "5s"
token_secret = ["a first secret of at least 32 bytes", "a second secret of at least 32 bytes"]
[http]
listen = "127.0.0.1:9"
private_listen = "unix:private.sock"
tokens = ["a-token", "another"]
trusted_proxies = ["10.0.0.0/8", "192.0.2.1"]
tls_cert = "CERT"
tls_key = "KEY"
[store]
url = "postgres://shop@db/payhost"
[log]
level = "warn"
format = "json"
[events]
url = "https://shop.example/events"
secret = ["whsec_one", "whsec_two"]
[approval]
payout_above = ["1000.00 USD", "900 EUR"]
[plugins]
trusted_keys = ["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"]
require = ["signature", "conformance"]
[telemetry]
otlp = "http://127.0.0.1:4318"
[retention]
exchanges = "90d"
webhooks = "91d"
personal = "400d"
events = "17520h"
[tokens.shop]
secret = ["token-one", "token-two"]
scopes = ["payments:write", "resolve"]
providers = ["a"]
expires = "2027-01-31T00:00:00Z"
[providers.a]
plugin = "acme"
version = "1.0.0"
sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
timeout = "7s"
drain_timeout = "8s"
payment_ttl = "9m"
isolation = "strict"
[providers.a.limits]
payment_max = ["1000.00 USD", "900 EUR"]
payout_max = ["500.00 USD"]
payout_per_day = ["20000.00 USD"]
doubt_max = ["5000.00 USD"]
[providers.a.config]
key = "value"
`

// Every text of a configuration may be a reference, to a variable or to a file,
// and stands for the same as if it were written there.
func TestEveryTextMayBeAReference(t *testing.T) {
	dir := t.TempDir()
	plain := strings.NewReplacer(`tls_cert = "CERT"`+"\n", "", `tls_key = "KEY"`+"\n", "").
		Replace(written)
	want := loaded(t, dir, plain, nil)

	for _, scheme := range []string{"env:", "file:"} {
		variables, n := map[string]string{}, 0
		var text strings.Builder

		for line := range strings.Lines(plain) {
			key, value, ok := strings.Cut(line, " = ")
			if !ok {
				text.WriteString(line)
				continue
			}

			parts := strings.Split(value, `"`) // every second one is a text
			for k := 1; k < len(parts); k += 2 {
				n++
				name := "V" + strings.Repeat("I", n)
				variables[name] = parts[k]
				if err := os.WriteFile(filepath.Join(dir, name), []byte(parts[k]+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}

				parts[k] = scheme + name
			}

			text.WriteString(key + " = " + strings.Join(parts, `"`))
		}

		if strings.Count(text.String(), scheme) < 20 {
			t.Fatalf("not every text is a reference:\n%s", text.String())
		}
		got := loaded(t, dir, text.String(), variables)
		got.Providers[0].Secrets = nil
		got.lines = nil
		want.lines = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%+v\nwant\n%+v", scheme, got, want)
		}
	}
}

func loaded(t *testing.T, dir, text string, variables map[string]string) *Config {
	t.Helper()
	c, err := loadText(
		"config.toml",
		filepath.Join(dir, "config.toml"),
		text,
		func(name string) (string, bool) {
			value, ok := variables[name]
			return value, ok
		},
	)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}

	return c
}

// A reference that leads nowhere is one mistake, and one that leads to what
// does not belong there does not show it: it may be a secret.
func TestAReferenceIsNotShown(t *testing.T) {
	for line := range strings.Lines(written) {
		key, value, ok := strings.Cut(line, " = ")
		if !ok || key == "key" {
			continue
		}
		section, _, _ := strings.Cut(written, line)
		section = section[strings.LastIndex(section, "\n["):]
		section, _, _ = strings.Cut(strings.TrimPrefix(section, "\n"), "\n")

		for name, wanted := range map[string]string{"UNSET": "environment variable UNSET is not set", "CANARY": ""} {
			reference := `"env:` + name + `"`
			if strings.HasPrefix(value, "[") {
				reference = "[" + reference + "]"
			}
			more := ""
			if section == "[providers.a]" && key != "plugin" {
				more = "plugin = \"acme\"\n"
			}
			if section == "[tokens.shop]" && key != "secret" {
				more = "secret = \"s\"\n"
			}
			if section == "[tokens.shop]" && key != "scopes" {
				more += "scopes = [\"resolve\"]\n"
			}

			_, err := loadText(
				"config.toml",
				"/nowhere/config.toml",
				section+"\n"+more+key+" = "+reference+"\n",
				func(name string) (string, bool) {
					return "the-canary it \" is", name == "CANARY"
				},
			)

			switch {
			case wanted == "" && err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("%s %s shows it: %v", section, key, err)
			case wanted != "" && (err == nil || strings.Count(err.Error(), key) != 1 || !strings.Contains(err.Error(), wanted)):
				if key != "tls_cert" &&
					key != "tls_key" { // of which the other one is missing, too
					t.Errorf("%s %s: %v", section, key, err)
				}
			}
		}
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PAYHOST_TEST_RESOLVE", "from the environment")

	for text, want := range map[string]string{
		"itself": "itself", "": "", "file:f": "from a file", "file:missing": "", "env:PAYHOST_TEST_RESOLVE": "from the environment",
		"env:PAYHOST_TEST_RESOLVE_NOT": "", "env:": "",
	} {
		if got := Resolve(dir, text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
