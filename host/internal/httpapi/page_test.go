package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

func TestThePagesLoadNothingFromElsewhere(t *testing.T) {
	r := newRig(t)
	elsewhere := regexp.MustCompile(`(?i)(src|href|url)\s*[=(]\s*["']?(https?:)?//`)

	for path, media := range map[string]string{
		"/console/": "text/html; charset=utf-8", "/console/console.js": "text/javascript; charset=utf-8", "/console/console.css": "text/css; charset=utf-8",
		"/docs": "text/html; charset=utf-8", "/docs/page.js": "text/javascript; charset=utf-8", "/docs/rapidoc-min.js": "text/javascript; charset=utf-8",
	} {
		a := send(t, "GET", r.URL+path, nil)
		if a.status != 200 || a.header.Get("Content-Type") != media || a.text == "" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		policy := a.header.Get("Content-Security-Policy")
		if !strings.Contains(
			policy,
			"default-src 'none'; script-src 'self'; connect-src 'self';",
		) ||
			strings.Contains(policy, "//") ||
			strings.Contains(policy, "eval") {
			t.Errorf("%s: the policy is %s", path, policy)
		}

		if a.header.Get("X-Content-Type-Options") != "nosniff" ||
			a.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, a.header)
		}

		if found := elsewhere.FindString(a.text); found != "" &&
			!strings.HasSuffix(path, "rapidoc-min.js") {
			t.Errorf("%s names another host: %s", path, found)
		}
	}

	if a := send(t, "GET", r.URL+"/console/", nil); strings.Contains(
		a.header.Get("Content-Security-Policy"),
		"unsafe",
	) {
		t.Errorf("the console's policy is %s", a.header.Get("Content-Security-Policy"))
	}

	if a := send(t, "GET", r.URL+"/", nil); a.status != http.StatusSeeOther ||
		a.header.Get("Location") != "/console/" {
		t.Errorf("/ gives %d %v", a.status, a.header)
	}
}

func TestTheRendererIsTheOneOfItsOrigin(t *testing.T) {
	r := newRig(t)
	plain := send(
		t,
		"GET",
		r.URL+"/docs/rapidoc-min.js",
		nil,
		"Accept-Encoding",
		"identity",
	)

	packed := send(
		t,
		"GET",
		r.URL+"/docs/rapidoc-min.js",
		nil,
		"Accept-Encoding",
		"br, gzip",
	)
	if packed.header.Get("Content-Encoding") != "gzip" ||
		plain.header.Get("Content-Encoding") != "" {
		t.Errorf("%v and %v", packed.header, plain.header)
	}

	z, err := gzip.NewReader(strings.NewReader(packed.text))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(unpacked, []byte(plain.text)) {
		t.Errorf("packed and plain differ: %v", err)
	}

	origin, err := os.ReadFile("docs/ORIGIN.md")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(unpacked)
	if !strings.Contains(string(origin), hex.EncodeToString(sum[:])) {
		t.Errorf("docs/ORIGIN.md does not name %x", sum)
	}

	if a := send(t, "GET", r.URL+"/docs/LICENSE.txt", nil); !strings.HasPrefix(
		a.text,
		"MIT License",
	) {
		t.Errorf("no licence: %s", a.text)
	}
}

func TestProbes(t *testing.T) {
	r := newRig(t)
	r.status = []payment.ProviderStatus{
		{Name: "acme", State: payment.ProviderReady, Required: true, Enabled: true},
		{
			Name:      "zenith",
			State:     payment.ProviderQuarantined,
			Enabled:   true,
			LastError: "the secret is hunter2",
		},
		{Name: "switched-off", State: payment.ProviderDisabled, Required: true},
		{Name: "leaving", State: payment.ProviderDraining, Required: true},
	}

	send(t, "GET", r.URL+"/healthz", nil).want(t, 200, "")
	if a := send(t, "GET", r.URL+"/readyz", nil).want(t, 200, ""); a.json["ok"] != true {
		t.Errorf("got %s", a.text)
	}
	r.status[1].Required = true
	a := send(t, "GET", r.URL+"/readyz", nil)
	if a.status != 503 ||
		a.text != `{"ok":false,"store":"ok","waiting":[{"provider":"zenith","state":"quarantined"}]}`+"\n" {
		t.Errorf("got %d %s", a.status, a.text)
	}

	send(t, "GET", r.URL+"/healthz", nil).want(t, 200, "")

	r.store.down = true
	a = r.unready(t)
	if !strings.Contains(a.text, `"store":"does not answer"`) ||
		strings.Contains(a.text, "host-9") {
		t.Errorf("got %s", a.text)
	}

	if a := send(t, "GET", r.URL+"/healthz", nil).want(t, 200, ""); a.text != `{"ok":true}`+"\n" {
		t.Errorf("liveness depends on the store: %s", a.text)
	}
}

// unready asks until the host says that it is not ready for a reason of the
// store's: what a probe has found counts for a second.
func (r *rig) unready(t *testing.T) answer {
	t.Helper()
	for {
		a := send(t, "GET", r.URL+"/readyz", nil)
		if a.json["store"] != "ok" {
			if a.status != 503 || a.json["ok"] != false {
				t.Errorf("got %d %s", a.status, a.text)
			}
			return a
		}
	}
}

func TestAHostThatCannotWriteIsNotReady(t *testing.T) {
	r := newRig(t)
	r.limit(t, 1)
	if a := r.unready(t); a.text != `{"ok":false,"store":"cannot be written","reason":"the disk is full"}`+"\n" {
		t.Errorf("got %s", a.text)
	}

	send(t, "GET", r.URL+"/healthz", nil).want(t, 200, "")

	r.limit(t, 1<<20)
	for send(t, "GET", r.URL+"/readyz", nil).status != 200 {
	}
}

func TestMetrics(t *testing.T) {
	r := newRig(t)
	r.account.Balances = func(context.Context) ([]sdk.Balance, error) { return nil, nil }
	r.call(t, "GET", "/v1/providers/acme/balances", "").want(t, 200, "")
	r.call(t, "GET", "/made-up/by/a/stranger", "").want(t, 404, "not_found")
	a := send(t, "GET", r.URL+"/metrics", nil).want(t, 200, "")

	for _, want := range []string{`payhost_http_request_duration_seconds_count{route="GET /v1/providers/{name}/balances",status="200"} 1`,
		`payhost_http_request_duration_seconds_count{route="none",status="404"} 1`} {
		if !strings.Contains(a.text, want) {
			t.Errorf("no %s in %s", want, a.text)
		}
	}
}
