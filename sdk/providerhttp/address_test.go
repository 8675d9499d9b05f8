package providerhttp_test

import (
	"testing"

	"github.com/payhost/payhost/sdk/providerhttp"
)

func TestAddresses(t *testing.T) {
	list, err := providerhttp.ParseAddresses([]string{"51.195.200.178", " 10.1.2.3/8 ", "2001:db8::/32", "::ffff:192.0.2.1", "::ffff:198.51.100.0/120"})
	if err != nil {
		t.Fatal(err)
	}
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
	if list.Empty() {
		t.Error("the list says that it is empty")
	}
	var none providerhttp.Addresses
	if !none.Empty() || none.Contain("127.0.0.1") {
		t.Error("the empty list contains an address")
	}
}

func TestParseAddressesRefuses(t *testing.T) {
	for _, text := range []string{"", "localhost", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4:80", "fe80::1%eth0/64", "*"} {
		if _, err := providerhttp.ParseAddresses([]string{"127.0.0.1", text}); err == nil {
			t.Errorf("%q is taken for an address", text)
		}
	}
}

func FuzzAddresses(f *testing.F) {
	f.Add("10.0.0.0/8", "10.1.1.1:80")
	f.Add("::ffff:1.2.3.4/100", "1.2.3.4")
	f.Fuzz(func(t *testing.T, network, ip string) {
		if list, err := providerhttp.ParseAddresses([]string{network}); err == nil {
			list.Contain(ip)
		}
	})
}
