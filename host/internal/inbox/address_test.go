package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/sdk"
)

func TestTheRemoteAddressBehindProxies(t *testing.T) {
	r, got := newRig(t, sdk.TrustSignature), ""
	r.account.Webhook = func(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		got = req.Request.RemoteAddress
		return &sdk.WebhookResult{Verification: sdk.VerifiedBySignature}, nil
	}

	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.7", "203.0.113.9"},
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:1", "1.1.1.1, junk, 10.0.0.2", "10.0.0.2"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "203.0.113.7:49152", "203.0.113.7"},
		{"10.0.0.1:1", "[2001:db8::7]:4711", "2001:db8::7"},
		{"10.0.0.1:1", "[2001:db8::7]", "2001:db8::7"},
		{"10.0.0.1:1", "2001:db8::7", "2001:db8::7"},
		{"10.0.0.1:1", `"[2001:db8::7]:4711"`, "2001:db8::7"},
		{"10.0.0.1:1", "::ffff:203.0.113.7", "203.0.113.7"},
		{"10.0.0.1:1", "[::ffff:203.0.113.7]:80", "203.0.113.7"},
		{"10.0.0.1:1", "203.0.113.7,", "203.0.113.7"},
		{"10.0.0.1:1", " 203.0.113.7 , , 10.0.0.2:80 ,", "203.0.113.7"},
		{"10.0.0.1:1", "1.1.1.1, unknown, ", "10.0.0.1"},
		{"10.0.0.1:1", ",", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:1", "203.0.113.7", "203.0.113.7"},
		{"[2001:db8::1%eth0]:1", "203.0.113.7", "2001:db8::1"},
	} {
		req := httptest.NewRequest(
			http.MethodPost,
			"/webhooks/acme",
			strings.NewReader("{}"),
		)
		req.RemoteAddr = c.peer
		req.Header.Set("X-Forwarded-For", c.forwarded)
		r.WebhookHandler().ServeHTTP(httptest.NewRecorder(), req)

		if got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// Every program on this machine has its address: that is a proxy's only where
// the configuration says so of this machine itself.
func TestThisMachineIsAProxyOnlyWhenItIsListed(t *testing.T) {
	r, got := newRig(t, sdk.TrustSignature), ""
	r.account.Webhook = func(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		got = req.Request.RemoteAddress
		return &sdk.WebhookResult{Verification: sdk.VerifiedBySignature}, nil
	}

	const provider = "51.195.200.178"
	for _, c := range []struct{ listed, peer, want string }{
		{"10.0.0.0/8", "127.0.0.1:1", "127.0.0.1"},
		{"0.0.0.0/0", "127.0.0.1:1", "127.0.0.1"},
		{"64.0.0.0/2", "127.0.0.1:1", "127.0.0.1"},
		{"64.0.0.0/2", "[::ffff:127.0.0.1]:1", "127.0.0.1"},
		{"126.0.0.0/7", "127.0.0.9:1", "127.0.0.9"},
		{"::/0", "[::1]:1", "::1"},
		{"::/127", "[::1]:1", "::1"},
		{"127.0.0.0/8", "127.0.0.1:1", provider},
		{"127.0.0.1/32", "127.0.0.1:1", provider},
		{"127.0.0.1/32", "127.0.0.2:1", "127.0.0.2"},
		{"::1/128", "[::1]:1", provider},
		{"0.0.0.0/0", "203.0.113.9:1", provider},
	} {
		accounts := coretest.NewAccounts(r.account)
		b := inbox.New(inbox.Options{
			Store:          r.store,
			Core:           r.core,
			Accounts:       accounts,
			Directory:      accounts,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix(c.listed)},
		})

		req := httptest.NewRequest(
			http.MethodPost,
			"/webhooks/acme",
			strings.NewReader("{}"),
		)
		req.RemoteAddr = c.peer
		req.Header.Set("X-Forwarded-For", provider)
		b.WebhookHandler().ServeHTTP(httptest.NewRecorder(), req)

		if got != c.want {
			t.Errorf("%s with %s as proxies: %s, want %s", c.peer, c.listed, got, c.want)
		}
	}
}

// A proxy that comes through a socket has no address: the right-most one that
// it names is the sender's, and without any nobody knows it.
func TestTheRemoteAddressOfAProxyOnASocket(t *testing.T) {
	r, got := newRig(t, sdk.TrustSignature), "not called"
	r.account.Webhook = func(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		got = req.Request.RemoteAddress
		return &sdk.WebhookResult{Verification: sdk.VerifiedBySignature}, nil
	}

	for forwarded, want := range map[string]string{
		"": "", "203.0.113.7": "203.0.113.7", "1.1.1.1, 203.0.113.7": "203.0.113.7", "203.0.113.7, 10.0.0.2": "203.0.113.7",
		"203.0.113.7, junk": "", "junk, 203.0.113.7": "203.0.113.7", "127.0.0.1": "127.0.0.1",
	} {
		req := httptest.NewRequest(
			http.MethodPost,
			"/webhooks/acme",
			strings.NewReader("{}"),
		)
		req.RemoteAddr = "@"
		req.Header.Set("X-Forwarded-For", forwarded)
		inbox.FromProxy(r.WebhookHandler()).ServeHTTP(httptest.NewRecorder(), req)

		if got != want {
			t.Errorf("%q: %q, want %q", forwarded, got, want)
		}
	}
}

// stopped returns an inbox on the rig's store whose clock stands still, so that
// nobody gets anything back meanwhile.
func (r *rig) stopped() *inbox.Inbox {
	accounts, now := coretest.NewAccounts(r.account), time.Now()
	return inbox.New(inbox.Options{
		Store:     r.store,
		Core:      r.core,
		Accounts:  accounts,
		Directory: accounts,
		Now:       func() time.Time { return now },
	})
}

// knock sends forged notices from one address after the other until one is
// turned away, and says how many were taken.
func knock(b *inbox.Inbox, most int, address func(n int) string) int {
	return knockAt(b, "/webhooks/acme", most, address)
}

func knockAt(b *inbox.Inbox, at string, most int, address func(n int) string) int {
	for n := range most {
		req := httptest.NewRequest(
			http.MethodPost,
			at,
			strings.NewReader(`{"verification":"invalid"}`),
		)
		req.RemoteAddr = address(n)
		w := httptest.NewRecorder()
		b.WebhookHandler().ServeHTTP(w, req)

		// While the plugin is away both those that are stored and those that
		// are not are to be sent again.
		notStored := (w.Code == http.StatusServiceUnavailable) && (w.Body.Len() > 0)
		if notStored || (w.Code == http.StatusTooManyRequests) {
			return n
		}
	}

	return most
}

// Whoever has one IPv6 address has 2^64 of them, and they count as one.
func TestStrangersOfOneNetworkCountAsOne(t *testing.T) {
	b := newRig(t, sdk.TrustSignature).stopped()
	of := func(network string) func(int) string {
		return func(n int) string { return fmt.Sprintf("[2001:db8:0:%s::%x]:1", network, n+1) }
	}
	if n := knock(b, 100, of("1")); n != 60 {
		t.Errorf("%d forged notices of one /64 were taken", n)
	}

	if n := knock(b, 1, of("2")); n != 1 {
		t.Error("another network was turned away for it")
	}
	if n := knock(b, 70, func(n int) string { return fmt.Sprintf("203.0.113.%d:1", n) }); n != 70 {
		t.Errorf("IPv4 addresses count as one: %d were taken", n)
	}
}

// While the plugin is not there nobody knows a forged notice, and still nobody
// fills the disk.
func TestWhatNobodyCanReadIsBoundedToo(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	r.account.SetDown(true)
	b := r.stopped()
	if n := knock(b, 400, func(int) string { return "203.0.113.9:1" }); n != 300 {
		t.Errorf("%d notices of one address were taken", n)
	}
	if n := knock(b, 1, func(int) string { return "203.0.113.10:1" }); n != 1 {
		t.Error("another address was turned away for it")
	}
}
