package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/sdk"
)

func TestTheRemoteAddressBehindProxies(t *testing.T) {
	r, got := newRig(t, sdk.TrustSignature), ""
	r.account.Webhook = func(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.Notice, error) {
		got = req.Request.RemoteAddress
		return &sdk.Notice{Verification: sdk.VerifiedBySignature}, nil
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
		req := httptest.NewRequest(http.MethodPost, "/webhooks/acme", strings.NewReader("{}"))
		req.RemoteAddr = c.peer
		req.Header.Set("X-Forwarded-For", c.forwarded)
		r.WebhookHandler().ServeHTTP(httptest.NewRecorder(), req)
		if got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// stopped gives an inbox on the rig's store whose clock stands still, so that nobody gets anything back meanwhile.
func (r *rig) stopped() *inbox.Inbox {
	accounts, now := coretest.NewAccounts(r.account), time.Now()
	return inbox.New(inbox.Options{Store: r.store, Core: r.core, Accounts: accounts, Directory: accounts,
		Now: func() time.Time { return now }})
}

// knock sends forged notices from one address after the other until one is turned away, and says how many were taken.
func knock(b *inbox.Inbox, most int, address func(n int) string) int {
	for n := range most {
		req := httptest.NewRequest(http.MethodPost, "/webhooks/acme", strings.NewReader(`{"verification":"invalid"}`))
		req.RemoteAddr = address(n)
		w := httptest.NewRecorder()
		b.WebhookHandler().ServeHTTP(w, req)
		if w.Code == http.StatusTooManyRequests {
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

// While the plugin is not there nobody knows a forged notice, and still nobody fills the disk.
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
