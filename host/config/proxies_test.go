package config

import (
	"net/netip"
	"strings"
	"testing"
)

func TestWideProxies(t *testing.T) {
	for network, wide := range map[string]bool{
		"0.0.0.0/0": true, "0.0.0.0/1": true, "128.0.0.0/1": true, "10.0.0.0/7": true, "::/0": true, "2000::/3": true,
		"fc00::/6": true, "fe80::/9": true, "2400::/12": true,
		"10.0.0.0/8": false, "172.16.0.0/12": false, "127.0.0.0/8": false, "203.0.113.7/32": false, "fc00::/7": false,
		"fe80::/10": false, "2400:cb00::/32": false, "2600:9000::/28": false, "::1/128": false,
	} {
		cfg := &Config{
			HTTP: HTTP{
				TrustedProxies: []netip.Prefix{
					netip.MustParsePrefix("10.1.0.0/16"),
					netip.MustParsePrefix(network),
				},
			},
		}

		got := cfg.WideProxies()
		if (len(got) == 1) != wide {
			t.Errorf("%s: %v", network, got)
		}
		if wide &&
			(got[0].Key != "http.trusted_proxies[1]" || !strings.Contains(got[0].Message, network)) {
			t.Errorf("%s: %v", network, got[0])
		}
	}
}
