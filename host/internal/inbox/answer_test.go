package inbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// answering is a rig whose plugin answers every webhook with this.
func answering(t *testing.T, header http.Header, body string) *rig {
	t.Helper()
	r := newRig(t, sdk.TrustSignature)
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		return &sdk.WebhookResult{
			Response: sdk.HTTPResponse{Header: header, Body: []byte(body)},
		}, nil
	}
	return r
}

// A plugin's answer is served from the address of the console: it must neither
// become a page nor set anything for that address.
func TestOfAPluginsAnswerOnlyAHarmlessContentTypeIsTaken(t *testing.T) {
	for wanted, want := range map[string]string{
		"":                                  "text/plain; charset=utf-8",
		"text/html":                         "text/plain; charset=utf-8",
		"Text/HTML; charset=utf-8":          "text/plain; charset=utf-8",
		"application/xhtml+xml":             "text/plain; charset=utf-8",
		"image/svg+xml":                     "text/plain; charset=utf-8",
		"text/javascript":                   "text/plain; charset=utf-8",
		"application/javascript":            "text/plain; charset=utf-8",
		"multipart/x-mixed-replace; b=1":    "text/plain; charset=utf-8",
		"text/plain, text/html":             "text/plain; charset=utf-8",
		"text/plain":                        "text/plain",
		"application/json":                  "application/json",
		"application/json; charset=UTF-8":   "application/json; charset=UTF-8",
		"application/xml":                   "application/xml",
		"text/xml; charset=utf-8; boundary": "text/plain; charset=utf-8",
		"text/xml; charset=utf-8; x=y":      "text/xml; charset=utf-8",
	} {
		r := answering(t, http.Header{
			"Content-Type": {
				wanted,
			}, "Set-Cookie": {"session=stolen"}, "Location": {"https://evil.example"},
			"Service-Worker-Allowed": {
				"/",
			}, "Content-Security-Policy": {"script-src *"}, "Clear-Site-Data": {"*"},
			"Access-Control-Allow-Origin": {
				"*",
			}, "Refresh": {"0; url=https://evil.example"}, "X-Other": {"1"},
		}, "<script>1</script>")

		resp := r.post("/webhooks/acme", "{}")
		body, _ := io.ReadAll(resp.Body)

		if (resp.StatusCode != http.StatusOK) || (string(body) != "<script>1</script>") {
			t.Errorf("%q: answered %d %q", wanted, resp.StatusCode, body)
		}

		policy := "sandbox; default-src 'none'; frame-ancestors 'none'"
		for name, value := range map[string]string{
			"Content-Type": want, "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
			"Cache-Control": "no-store",
		} {
			if got := resp.Header.Values(name); (len(got) != 1) || (got[0] != value) {
				t.Errorf("%q: %s is %q, want %q", wanted, name, got, value)
			}
		}

		if len(resp.Header) != 4 {
			t.Errorf("%q: the headers are %v", wanted, resp.Header)
		}
	}
}

func TestAnAnswerToAWebhookIsBounded(t *testing.T) {
	r := answering(t, nil, strings.Repeat("x", 1<<20))
	if body, _ := io.ReadAll(r.post("/webhooks/acme", "{}").Body); len(body) != 64<<10 {
		t.Errorf("%d bytes", len(body))
	}
}

// A service worker that is served from here would see the operator's requests.
func TestNothingHereBecomesAServiceWorker(t *testing.T) {
	r := answering(
		t,
		http.Header{"Content-Type": {"text/javascript"}},
		"self.addEventListener('fetch', steal)",
	)
	r.pay(t, "k")

	for name, handler := range map[string]http.Handler{
		"/webhooks/acme": r.WebhookHandler(), path(t, r.created.NotifyURL): r.WebhookHandler(),
		path(t, r.created.ReturnURL): r.ReturnHandler(),
	} {
		for _, value := range []string{"script", "Script"} {
			req := httptest.NewRequest(http.MethodGet, name, nil)
			req.Header.Set("Service-Worker", value)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, req)
			if (w.Code != http.StatusNotFound) ||
				strings.Contains(w.Body.String(), "steal") {
				t.Errorf("%s: %d %q", name, w.Code, w.Body)
			}
		}
	}
}
