package inbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

func TestTheRemoteAddressBehindProxies(t *testing.T) {
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.7", "203.0.113.9"},
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:1", "1.1.1.1, junk, 10.0.0.2", "10.0.0.2"},
		{"10.0.0.1:1", "", "10.0.0.1"},
	} {
		r := newRig(t, sdk.TrustSignature)
		req := httptest.NewRequest(http.MethodPost, "/webhooks/acme", strings.NewReader("{}"))
		req.RemoteAddr = c.peer
		req.Header.Set("X-Forwarded-For", c.forwarded)
		r.WebhookHandler().ServeHTTP(httptest.NewRecorder(), req)
		if got := r.newest(t).Request.RemoteAddress; got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}
