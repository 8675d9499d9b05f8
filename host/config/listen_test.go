package config

import (
	"net/netip"
	"strings"
	"testing"
)

func TestWhereAHostMayListen(t *testing.T) {
	for _, c := range []struct{ http, problem string }{
		{`listen = ":80"`, ""},
		{`listen = ":80"` + "\n" + `private_listen = "127.0.0.1:81"`, ""},
		{`listen = "127.0.0.1:0"` + "\n" + `private_listen = "127.0.0.1:0"`, ""},
		{`private_listen = "unix:run/private.sock"`, ""},
		{`listen = ":80"` + "\n" + `private_listen = ":80"`, "http.private_listen: is the same as http.listen"},
		{`listen = "unix:a"` + "\n" + `private_listen = "unix:/nowhere/a"`, "http.private_listen: is the same as http.listen"},
		{`private_listen = "here"`, `http.private_listen: "here" is not an address`},
		{`private_listen = ":http"`, `http.private_listen: "http" is not a port`},
		{`private_listen = "unix:"`, "http.private_listen: unix: needs the path of a socket"},
		{`private_listen = "unix:/` + strings.Repeat("x", 103) + `"`, "http.private_listen: the path of the socket has 104 characters"},
		{`listen = "unix:/run/payhost.sock"`, "http.listen: is a socket for a proxy: write in host.public_url"},
	} {
		_, err := loadString("[http]\n" + c.http + "\n")
		if c.problem == "" {
			if err != nil {
				t.Errorf("%s: %v", c.http, err)
			}
			continue
		}

		if (err == nil) || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want %s", c.http, err, c.problem)
		}
	}

	cfg, err := loadString(
		"[host]\npublic_url = \"https://pay.example\"\n[http]\nlisten = \"unix:run/proxy.sock\"\n",
	)
	if (err != nil) || (cfg.HTTP.Listen != "unix:/nowhere/run/proxy.sock") {
		t.Errorf("a socket with a public URL: %v, %v", cfg, err)
	}
}

// What is allowed and lets strangers come near is told, and nothing else.
func TestExposures(t *testing.T) {
	for _, c := range []struct{ public, listen, private, proxies, want string }{
		{"http://127.0.0.1:8080", "127.0.0.1:8080", "", "", ""},
		{"http://localhost:8080", ":8080", "", "", ""},
		{"https://pay.example", ":443", "", "", "host.public_url"},
		{"https://pay.example", "127.0.0.1:8080", "", "", "host.public_url"},
		{"https://pay.example", "unix:/run/proxy.sock", "", "", "host.public_url"},
		{"https://pay.example", ":443", "127.0.0.1:8080", "", ""},
		{"https://pay.example", ":443", "127.0.0.1:8080", "10.0.0.0/8", ""},
		{"https://pay.example", ":443", "127.0.0.1:8080", "0.0.0.0/0", "http.trusted_proxies[0]"},
		{"https://pay.example", ":443", "127.0.0.1:8080", "127.0.0.1/32", "http.trusted_proxies[0]"},
		{"https://pay.example", ":443", "127.0.0.1:8080", "::1/128", "http.trusted_proxies[0]"},
		{"https://pay.example", "unix:/run/proxy.sock", "127.0.0.1:8080", "127.0.0.1/32", ""},
	} {
		cfg := &Config{
			Host: Host{PublicURL: c.public},
			HTTP: HTTP{Listen: c.listen, PrivateListen: c.private},
		}
		if c.proxies != "" {
			cfg.HTTP.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(c.proxies)}
		}

		var got []string
		for _, p := range cfg.Exposures() {
			got = append(got, p.Key)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
