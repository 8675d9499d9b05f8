package sdk

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNetworks(t *testing.T) {
	list := Networks{"51.195.200.178", " 10.1.2.3/8 ", "2001:db8::/32", "::ffff:192.0.2.1", "::ffff:198.51.100.0/120"}
	for ip, want := range map[string]bool{
		"51.195.200.178": true, "51.195.200.178:443": true, "::ffff:51.195.200.178": true, "[::ffff:51.195.200.178]:1": true, "51.195.200.179": false,
		"10.255.0.1": true, "11.0.0.1": false, "2001:db8::1": true, "[2001:db8::1]:80": true, "2001:db8::1%eth0": true, "2001:db9::1": false,
		"192.0.2.1": true, "198.51.100.7": true, "198.51.101.7": false,
		"": false, "localhost": false, "51.195.200.178 ": false, "51.195.200.178, 1.2.3.4": false, "051.195.200.178": false,
	} {
		if got := list.Contain(ip); got != want {
			t.Errorf("Contain(%q) is %v", ip, got)
		}
	}
	if (Networks)(nil).Contain("127.0.0.1") || (Networks{"everywhere"}).Contain("127.0.0.1") {
		t.Error("an address is in no network at all")
	}
}

type networkConfig struct {
	Endpoint
	IPs Networks `config:"notify_ips" default:"51.195.200.178, 2001:db8::/32"`
}

// A list that would let nobody in, or not whom it was meant to, is found out when it is configured.
func TestNetworksInAConfiguration(t *testing.T) {
	decode := func(list string) (networkConfig, error) {
		return decodeInput[networkConfig](json.RawMessage(`{"environment":"live"` + list + `}`))
	}
	if cfg, err := decode(""); err != nil || !cfg.IPs.Contain("2001:db8::1") || cfg.IPs.Contain("192.0.2.1") {
		t.Errorf("the default: %v, %v", cfg.IPs, err)
	}
	if cfg, err := decode(`,"notify_ips":"192.0.2.0/24"`); err != nil || !cfg.IPs.Contain("192.0.2.1") || cfg.IPs.Contain("2001:db8::1") {
		t.Errorf("one in place of a list: %v, %v", cfg.IPs, err)
	}
	for _, text := range []string{"localhost", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4:80", "fe80::1%eth0/64", "*"} {
		_, err := decode(`,"notify_ips":["127.0.0.1","` + text + `"]`)
		wantProblems(t, err, "notify_ips[1]: must be an IP address, or a network such as 192.0.2.0/24")
	}
	if schema := string(Schema[networkConfig]()); !strings.Contains(schema, `{"type":"array","items":{"type":"string","minLength":1}}],"default":["51.195.200.178","2001:db8::/32"]`) {
		t.Errorf("the schema: %s", schema)
	}
}

func FuzzNetworks(f *testing.F) {
	f.Add("10.0.0.0/8", "10.1.1.1:80")
	f.Add("::ffff:1.2.3.4/100", "1.2.3.4")
	f.Fuzz(func(t *testing.T, network, ip string) {
		if new(Network).UnmarshalText([]byte(network)) != nil && (Networks{Network(network)}).Contain(ip) {
			t.Errorf("%q is no network, and %q is in it", network, ip)
		}
	})
}
