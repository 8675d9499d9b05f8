package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// reveal returns the values of secrets, for comparing.
func reveal(secrets []sdk.Secret) (values []string) {
	for _, s := range secrets {
		values = append(values, s.Reveal())
	}
	return values
}

// folder makes a folder with files in it, and gives the path of its
// config.toml.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()

	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return filepath.Join(dir, "config.toml")
}

func TestLoadEveryKey(t *testing.T) {
	cert, key := certificate(t)
	path := folder(
		t,
		map[string]string{
			"tls/cert.pem":   cert,
			"tls/key.pem":    key,
			"secrets/events": "whsec_new\n",
			"config.toml": `
[host]
public_url = "https://pay.example.com/hooks/"
plugin_dir = "plugins"
data_dir = "/var/lib/payhost"
watch = true
require_isolation = true
[http]
listen = ":8443"
private_listen = "unix:run/private.sock"
tokens = ["env:PAYHOST_TEST_TOKEN", "plain"]
trusted_proxies = ["10.0.0.0/8", "192.168.1.7", "fd00::/8"]
tls_cert = "tls/cert.pem"
tls_key = "tls/key.pem"
[store]
url = "postgres://payhost:secret@db/payhost"
[log]
level = "WARN"
format = "json"
[events]
url = "https://shop.example/payhost-events"
secret = ["file:secrets/events", "whsec_old"]
[providers.zeta]
plugin = "ptop"
[providers.alpha]
plugin = "ptop"
version = "1.2.0-rc.1+build"
sha256 = "` + strings.Repeat("aB", 32) + `"
enabled = false
required = true
timeout = "1m30s"
max_in_flight = 10000
drain_timeout = "0s"
payment_ttl = "8760h"
sequence_start = 9223372036854775807
isolation = "strict"
config = { secret_key = "env:PAYHOST_TEST_TOKEN" }
`,
		},
	)

	t.Setenv("PAYHOST_TEST_TOKEN", "token")
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}

	dir := filepath.Dir(path)
	equal(t, "File", c.File, path)
	equal(t, "Host", c.Host, Host{
		PublicURL:        "https://pay.example.com/hooks",
		PluginDir:        filepath.Join(dir, "plugins"),
		DataDir:          "/var/lib/payhost",
		Watch:            true,
		RequireIsolation: true,
	})

	equal(t, "HTTP.Listen", c.HTTP.Listen, ":8443")
	equal(
		t,
		"HTTP.PrivateListen",
		c.HTTP.PrivateListen,
		"unix:"+filepath.Join(dir, "run/private.sock"),
	)
	equal(t, "HTTP.Tokens", reveal(c.HTTP.Tokens), []string{"token", "plain"})

	equal(
		t,
		"HTTP.TrustedProxies",
		c.HTTP.TrustedProxies,
		[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"),
			netip.MustParsePrefix("192.168.1.7/32"), netip.MustParsePrefix("fd00::/8")},
	)
	equal(t, "HTTP.TLSCert", c.HTTP.TLSCert, filepath.Join(dir, "tls/cert.pem"))

	equal(t, "HTTP.TLSKey", c.HTTP.TLSKey, filepath.Join(dir, "tls/key.pem"))
	equal(t, "Store.URL", c.Store.URL.Reveal(), "postgres://payhost:secret@db/payhost")
	equal(t, "Log", c.Log, Log{slog.LevelWarn, "json"})
	equal(t, "Events.URL", c.Events.URL, "https://shop.example/payhost-events")
	equal(t, "Events.Secrets", reveal(c.Events.Secrets), []string{"whsec_new", "whsec_old"})
	want := Provider{
		Name:          "alpha",
		Plugin:        "ptop",
		Version:       "1.2.0-rc.1+build",
		SHA256:        strings.Repeat("ab", 32),
		Required:      true,
		Timeout:       90 * time.Second,
		MaxInFlight:   10000,
		PaymentTTL:    8760 * time.Hour,
		SequenceStart: 1<<63 - 1,
		Isolation:     IsolationStrict,
		Config:        []byte(`{"secret_key":"token"}`),
		Secrets:       []sdk.Secret{sdk.NewSecret("token")},
	}
	if len(c.Providers) != 2 || !c.Providers[0].Same(want) ||
		c.Providers[1].Name != "zeta" {
		t.Errorf("providers are %+v, want %+v first", c.Providers, want)
	}

	// all are held to it
	equal(t, "Isolation of another", c.Providers[1].Isolation, IsolationStrict)
	before := *c
	before.Providers = append([]Provider(nil), c.Providers...)
	if err := c.Validate(); err != nil || !reflect.DeepEqual(before, *c) {
		t.Errorf("Validate changed what Load gave: %v\n%+v\n%+v", err, before, c)
	}
}

func equal(t *testing.T, name string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %+v, want %+v", name, got, want)
	}
}

func TestDefaults(t *testing.T) {
	fromFile, err := loadString("[providers.a]\nplugin = \"a\"\n")
	if err != nil {
		t.Fatal(err)
	}
	inCode := &Config{
		File:      "/nowhere/config.toml",
		Providers: []Provider{{Name: "a", Plugin: "a", Enabled: true}},
	}
	if err := inCode.Validate(); err != nil {
		t.Fatal(err)
	}

	for name, c := range map[string]*Config{"file": fromFile, "code": inCode} {
		t.Run(name, func(t *testing.T) {
			equal(
				t,
				"Host",
				c.Host,
				Host{
					PublicURL: "http://127.0.0.1:8080",
					PluginDir: "/nowhere/bin/plugins",
					DataDir:   "/nowhere/var",
				},
			)

			equal(t, "HTTP", c.HTTP, HTTP{Listen: "127.0.0.1:8080"})
			equal(t, "Store", c.Store.URL.Reveal(), "sqlite:/nowhere/var/payhost.db")
			equal(t, "Log", c.Log, Log{slog.LevelInfo, "text"})
			equal(t, "Events", c.Events, Events{})
			want := Provider{
				Name:          "a",
				Plugin:        "a",
				Enabled:       true,
				Timeout:       15 * time.Second,
				MaxInFlight:   64,
				DrainTimeout:  30 * time.Second,
				PaymentTTL:    24 * time.Hour,
				SequenceStart: 1,
				Isolation:     IsolationSystem,
				Config:        []byte("{}"),
			}
			if !c.Providers[0].Same(want) {
				t.Errorf("provider is %+v, want %+v", c.Providers[0], want)
			}
		})
	}

	for _, text := range []string{"", "\n# nothing\n", "[host]\n[providers]\n"} {
		if c, err := loadString(text); err != nil || c == nil || c.Providers != nil {
			t.Errorf("%q gives %+v, %v", text, c, err)
		}
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	path := folder(
		t,
		map[string]string{
			"conf/config.toml": "[host]\nplugin_dir = \"../bin\"\n[store]\nurl = \"sqlite:db/../x.db\"\n",
		},
	)
	dir := filepath.Dir(path)
	t.Chdir(dir)

	c, err := Load("conf/config.toml")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "File", c.File, filepath.Join(dir, "conf/config.toml"))
	equal(t, "PluginDir", c.Host.PluginDir, filepath.Join(dir, "bin"))
	equal(t, "DataDir", c.Host.DataDir, filepath.Join(dir, "conf/var"))
	equal(t, "Store", c.Store.URL.Reveal(), "sqlite:"+filepath.Join(dir, "conf/x.db"))

	inCode := &Config{}
	if err := inCode.Validate(); err != nil {
		t.Fatal(err)
	}
	equal(t, "DataDir in code", inCode.Host.DataDir, filepath.Join(dir, "var"))
}

func TestDrainTimeoutOfZero(t *testing.T) {
	c, err := loadString("[providers.a]\nplugin = \"a\"\ndrain_timeout = \"0s\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil || c.Providers[0].DrainTimeout != 0 {
		t.Errorf("no wait at all became %v, %v", c.Providers[0].DrainTimeout, err)
	}
}

func TestPosition(t *testing.T) {
	c, err := loadString(
		"[providers.a]\nplugin = \"a\"\n[providers.a.config]\nkey = \"x\"\nlist = [\n1,\n{ b = 2 } ]\n" +
			"\n[[providers.a.config.sub]]\nx = 1\n[http]\ntokens = [\"x\"]\n",
	)
	if err != nil {
		t.Fatal(err)
	}

	for key, line := range map[string]int{
		"providers.a": 1, "providers": 1, "providers.a.plugin": 2, "providers.a.config": 3, "providers.a.config.key": 4,
		"providers.a.config.list": 5, "providers.a.config.list[0]": 6, "providers.a.config.list.0": 6, "providers.a.config.list.1.b": 7,
		"providers.a.config.sub.0.x": 10, "providers.a.config.sub[0]": 9, "http.tokens.0": 12,
		"providers.a.config.missing": 3, "providers.a.config.list[7].x": 5, "providers.a.timeout": 1, "providers.b.plugin": 1,
		"host.watch": 0, "": 0, ".": 0, "[": 0, "nothing": 0,
	} {
		if got := c.Position(key); got != line {
			t.Errorf("%q is on line %d, want %d", key, got, line)
		}
	}

	if got := (&Config{}).Position("host"); got != 0 {
		t.Errorf("a Config built in code has line %d", got)
	}
}

// certificate makes a certificate and its key as PEM.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(
		rand.Reader,
		template,
		template,
		private.Public(),
		private,
	)
	if err != nil {
		t.Fatal(err)
	}

	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}

	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}
