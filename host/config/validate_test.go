package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// brokenInCode returns a Config built in code in which everything is wrong that
// can be.
func brokenInCode() *Config {
	return &Config{
		Host: Host{
			PublicURL:    "ftp://pay.example.com",
			TokenSecrets: []sdk.Secret{sdk.NewSecret("CANARYshort")},
		},
		HTTP: HTTP{
			Listen:         "x",
			Tokens:         []sdk.Secret{{}},
			TrustedProxies: []netip.Prefix{{}, netip.MustParsePrefix("10.1.0.0/8")},
			TLSCert:        "cert.pem",
		},
		Store:  Store{URL: sdk.NewSecret("CANARY")},
		Log:    Log{Format: "xml"},
		Events: Events{URL: "/events", Secrets: []sdk.Secret{sdk.NewSecret("")}},
		Providers: []Provider{
			{
				Name:         "b",
				Plugin:       "b",
				Timeout:      time.Hour,
				MaxInFlight:  -1,
				DrainTimeout: -1,
				PaymentTTL:   1,
				Config:       []byte(`["CANARY"]`),
			},
			{Name: "B"},
			{Name: "b", Plugin: "b", SHA256: "x", Version: "@"},
		},
	}
}

func TestValidateNamesEveryMistake(t *testing.T) {
	c := brokenInCode()
	var problems *Problems
	if err := c.Validate(); !errors.As(err, &problems) {
		t.Fatalf("error is %T", err)
	}

	keys := map[string]int{}
	for _, p := range *problems {
		keys[p.Key]++
		if p.File != "" || p.Line != 0 || strings.Contains(p.String(), "CANARY") ||
			!strings.HasPrefix(p.String(), p.Key+": ") {
			t.Errorf("problem %+v", p)
		}
	}

	for _, key := range []string{"host.public_url", "host.token_secret[0]", "http.listen", "http.tokens[0]", "http.trusted_proxies[0]", "http.trusted_proxies[1]", "http.tls_cert", "store.url",
		"log.format", "events.url", "events.secret[0]", "providers.B", "providers.B.plugin", "providers.b", "providers.b.timeout",
		"providers.b.max_in_flight", "providers.b.drain_timeout", "providers.b.payment_ttl", "providers.b.config",
		"providers.b.sha256", "providers.b.version"} {
		if keys[key] != 1 {
			t.Errorf("%d problems at %s, want 1", keys[key], key)
		}
		delete(keys, key)
	}

	if len(keys) > 0 {
		t.Errorf("problems at %v as well", keys)
	}
}

func TestValidateTwiceChangesNothing(t *testing.T) {
	c := &Config{
		Providers: []Provider{
			{Name: "b", Plugin: "x", Config: []byte(`{"b": 1.0, "a": 2}`)},
			{Name: "a", Plugin: "x"},
		},
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}

	if c.Providers[0].Name != "a" || string(c.Providers[1].Config) != `{"a":2,"b":1.0}` {
		t.Errorf("providers are %v, config %s", c.Providers, c.Providers[1].Config)
	}
	c.Providers[0].DrainTimeout = 0
	if err := c.Validate(); err != nil || c.Providers[0].DrainTimeout != 0 {
		t.Errorf("a zero that is meant became %v, %v", c.Providers[0].DrainTimeout, err)
	}

	c.Providers[0].MaxInFlight = 0
	if err := c.Validate(); err == nil {
		t.Error("no calls at all are accepted")
	}
}

// problem returns what Load says about one line of one table, without the
// place.
func problem(t *testing.T, section, row string) string {
	t.Helper()
	_, err := loadString("[" + section + "]\n" + row)
	if err == nil {
		return ""
	}

	if strings.Count(err.Error(), "\n") > 0 {
		t.Errorf("%s: more than one problem: %v", row, err)
	}
	_, message, _ := strings.Cut(err.Error(), "config.toml:2: ")
	_, message, _ = strings.Cut(message, ": ")

	return message
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ section, row, want string }{
		{"store", `url = "sqlite:x.db"`, ""},
		{"store", `url = "sqlite:/var/lib/payhost/x.db"`, ""},
		{"store", `url = "postgres://user:p%40ss@db:5432/payhost?sslmode=require"`, ""},
		{"store", `url = "postgresql:///payhost?host=/run/postgresql"`, ""},
		{"store", `url = ""`, ""},
		{"store", `url = "sqlite:"`, "needs the path"},
		{"store", `url = "sqlite:///var/x.db"`, "without //"},
		{"store", `url = "sqlite::memory:"`, "in memory"},
		{"store", `url = "sqlite:x.db?mode=ro"`, "no parameters"},
		{"store", `url = "sqlite3:x.db"`, "not a store that is known"},
		{"store", `url = "x.db"`, "not a store that is known"},
		{"store", `url = "POSTGRES://db"`, "not a store that is known"},
		{"store", `url = "postgres://user:p%zz@db/payhost"`, "not a valid URL"},
		{"host", `public_url = "http://localhost:8080/a/b/"`, ""},
		{"host", `public_url = "https://[::1]"`, ""},
		{"host", `public_url = "pay.example.com"`, "absolute"},
		{"host", `public_url = "//pay.example.com"`, "absolute"},
		{"host", `public_url = "https://:8080"`, "absolute"},
		{"host", `public_url = "ftp://pay.example.com"`, "absolute"},
		{"host", `public_url = "https://pay.example.com/?"`, "query"},
		{"host", `public_url = "https://pay.example.com/#"`, "fragment"},
		{"host", `public_url = "https://pay.example.com/?a=1"`, "query"},
		{"host", `public_url = "https://user@pay.example.com"`, "user name"},
		{"http", `listen = "[::1]:8080"`, ""},
		{"http", `listen = ":0"`, ""},
		{"http", `listen = "localhost:http"`, "not a port"},
		{"http", `listen = "localhost:65536"`, "not a port"},
		{"http", `listen = "localhost:"`, "not a port"},
		{"http", `listen = "::1:8080"`, "not an address"},
		{"http", `trusted_proxies = ["0.0.0.0/0", "2001:db8::/32", "::ffff:10.1.2.3"]`, ""},
		{"http", `trusted_proxies = ["10.0.0.0/8/8"]`, "not a network"},
		{"http", `trusted_proxies = [""]`, "not a network"},
		{"http", `trusted_proxies = ["2001:db8::1/32"]`, `write "2001:db8::/32"`},
	} {
		if got := problem(t, c.section, c.row); (c.want == "" && got != "") ||
			!strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.row, got, c.want)
		}
	}
}

func TestPublicURLFromListen(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "localhost:80": "http://localhost:80", "[::1]:8080": "http://[::1]:8080",
		":8080": "http://127.0.0.1:8080", "0.0.0.0:8080": "http://127.0.0.1:8080", "[::]:8080": "http://127.0.0.1:8080",
	} {
		if got := publicURL(HTTP{Listen: listen}); got != want {
			t.Errorf("%s gives %s, want %s", listen, got, want)
		}
	}

	if got := publicURL(HTTP{Listen: "localhost:443", TLSCert: "x"}); got != "https://localhost:443" {
		t.Errorf("with a certificate: %s", got)
	}
}

func TestBounds(t *testing.T) {
	for row, good := range map[string]bool{
		`timeout = "1ms"`: true, `timeout = "999us"`: false, `timeout = "5m"`: true, `timeout = "5m1ns"`: false,
		`max_in_flight = 1`: true, `max_in_flight = 0`: false, `max_in_flight = 10000`: true, `max_in_flight = 10001`: false,
		`drain_timeout = "0"`: true, `drain_timeout = "-1ns"`: false, `drain_timeout = "1h"`: true, `drain_timeout = "1h1ns"`: false,
		`payment_ttl = "1m"`: true, `payment_ttl = "59s"`: false, `payment_ttl = "8760h"`: true, `payment_ttl = "8760h1s"`: false,
		`sequence_start = 1`: true, `sequence_start = 0`: false, `sequence_start = -1`: false,
		`sha256 = "` + strings.Repeat("0aF", 21) + `0"`: true, `sha256 = "` + strings.Repeat("0", 62) + `"`: false,
		`sha256 = "` + strings.Repeat("0", 66) + `"`: false, `version = "` + strings.Repeat("1", 64) + `"`: true,
		`version = "` + strings.Repeat("1", 65) + `"`: false, `version = ".."`: false, `version = "1.0@2"`: false,
	} {
		_, err := loadString("[providers.a]\nplugin = \"a\"\n" + row)
		if (err == nil) != good {
			t.Errorf("%s: %v", row, err)
		}
	}

	for name, good := range map[string]bool{
		"a": true, "0": true, "a-b_c": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
		"A": false, "-a": false, "_a": false, "a.b": false, "a b": false, "é": false, "a\n": false, "": false,
	} {
		c := &Config{Providers: []Provider{{Name: name, Plugin: "a"}}}
		if err := c.Validate(); (err == nil) != good {
			t.Errorf("name %q: %v", name, err)
		}
	}

	for plugin, good := range map[string]bool{"a": true, "A.b-c_9": true, "../a": false, "a/b": false, "a@1": false, ".a": false, `a\b`: false} {
		c := &Config{Providers: []Provider{{Name: "a", Plugin: plugin}}}
		if err := c.Validate(); (err == nil) != good {
			t.Errorf("plugin %q: %v", plugin, err)
		}
	}
}

func TestCertificateHasToFitItsKey(t *testing.T) {
	cert, key := certificate(t)
	other, _ := certificate(t)
	for name, c := range map[string]struct{ cert, want string }{"fits": {cert, ""}, "another's": {other, "does not match"}} {
		path := folder(
			t,
			map[string]string{
				"config.toml": "[http]\ntls_cert = \"cert\"\ntls_key = \"key\"",
				"cert":        c.cert,
				"key":         key,
			},
		)

		_, err := Load(path)
		if (c.want == "" && err != nil) ||
			(c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want))) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
