package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/httpapi"
	"github.com/payhost/payhost/sdk"
)

func TestOnlyAConfiguredTokenOpens(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		header string
		status int
	}{
		{"Bearer " + token, 200}, {"bearer " + token, 200}, {"Bearer  " + token, 200}, {"Bearer an-older-token", 200},
		{"", 401}, {"Bearer", 401}, {"Bearer ", 401}, {"Bearer x", 401}, {token, 401}, {"Basic " + token, 401},
		{"Bearer " + token + "x", 401}, {"Bearer " + token[:5], 401}, {"Bearer [secret]", 401},
	} {
		for _, path := range []string{"/v1/payments", "/v1/nothing"} {
			a := send(t, "GET", r.URL+path, nil, "Authorization", c.header)
			if c.status == 200 {
				if a.status == 401 {
					t.Errorf("%q is refused", c.header)
				}
				continue
			}

			a.want(t, 401, "unauthorized")
			if a.header.Get("WWW-Authenticate") != `Bearer realm="payhost"` ||
				a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%q: %v", c.header, a.header)
			}
		}
	}
}

func TestWithoutTokensOnlyTheAdminSocketWorks(t *testing.T) {
	r := newRig(t)
	for _, tokens := range [][]sdk.Secret{nil, {sdk.NewSecret("")}} {
		r.config = &config.Config{HTTP: config.HTTP{Tokens: tokens}}
		for _, header := range []string{"", "Bearer ", "Bearer " + token} {
			a := send(
				t,
				"GET",
				r.URL+"/v1/payments",
				nil,
				"Authorization",
				header,
			).want(t, 401, "unauthorized")
			if !strings.Contains(a.json["detail"].(string), "admin socket") {
				t.Errorf("the detail does not help: %s", a.text)
			}
		}
	}

	send(t, "GET", r.admin.URL+"/v1/payments", nil).want(t, 200, "")
}

func TestTheAdminHandler(t *testing.T) {
	r := newRig(t)
	var forced []bool
	r.reload = func(_ context.Context, force bool) httpapi.Reloaded {
		forced = append(forced, force)
		return httpapi.Reloaded{
			Results: []httpapi.ReloadResult{
				{Name: "acme", Action: "failed", Error: "no such file"},
			},
			Problems: []string{},
		}
	}

	a := send(
		t,
		"POST",
		r.admin.URL+"/admin/reload",
		strings.NewReader(`{"force":true}`),
	).want(t, 200, "")
	if a.text != `{"results":[{"name":"acme","action":"failed","error":"no such file"}],"problems":[]}`+"\n" {
		t.Errorf("got %s", a.text)
	}

	send(t, "POST", r.admin.URL+"/admin/reload", nil).want(t, 200, "")
	if len(forced) != 2 || !forced[0] || forced[1] {
		t.Errorf("forced: %v", forced)
	}
	r.reload = func(context.Context, bool) httpapi.Reloaded {
		return httpapi.Reloaded{
			Results:  []httpapi.ReloadResult{},
			Problems: []string{"config.toml:3: what is wrong"},
		}
	}

	if a := send(t, "POST", r.admin.URL+"/admin/reload", nil); a.status != 422 ||
		a.text != `{"results":[],"problems":["config.toml:3: what is wrong"]}`+"\n" {
		t.Errorf("got %d %s", a.status, a.text)
	}

	for _, body := range []string{`{"forse":true}`, `[`, `{"force":"yes"}`} {
		send(
			t,
			"POST",
			r.admin.URL+"/admin/reload",
			strings.NewReader(body),
		).want(t, 400, "malformed")
	}

	send(t, "GET", r.admin.URL+"/admin/reload", nil).want(t, 405, "method_not_allowed")
	send(t, "GET", r.admin.URL+"/healthz", nil).want(t, 200, "")

	// Nothing of it is to be reached from outside.
	r.call(t, "POST", "/admin/reload", "").want(t, 404, "not_found")
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/nothing", "/v1/", "/v1/payment", "/v1/payments/x/y", "/docs/nothing/x"} {
		r.call(t, "GET", path, "").want(t, 404, "not_found")
	}

	for path, allow := range map[string]string{"/v1/payments": "GET, HEAD, POST", "/v1/payments/pay_1/capture": "POST", "/healthz": "GET, HEAD"} {
		a := r.call(t, "DELETE", path, "").want(t, 405, "method_not_allowed")
		if a.header.Get("Allow") != allow {
			t.Errorf("%s allows %q, want %q", path, a.header.Get("Allow"), allow)
		}
	}

	for _, path := range []string{"/v1/payments/pay_1", "/v1/payouts/po_1", "/v1/refunds/re_1", "/v1/webhooks/wh_1", "/v1/providers/nobody",
		"/v1/payments/pay_1/refunds", "/v1/payments/po_1?refresh=true"} {
		r.call(t, "GET", path, "").want(t, 404, "not_found")
	}

	if a := r.call(t, "HEAD", "/v1/payments", ""); a.status != 200 {
		t.Errorf("HEAD gives %d", a.status)
	}
}

func TestEveryRequestHasAnID(t *testing.T) {
	r := newRig(t)
	if a := r.call(t, "GET", "/v1/payments/pay_1", "", "X-Request-Id", "mine-1.2:3_4"); a.json["request_id"] != "mine-1.2:3_4" ||
		a.header.Get("X-Request-Id") != "mine-1.2:3_4" {
		t.Errorf("a good id is not taken: %s", a.text)
	}

	seen := map[string]bool{}
	for _, given := range []string{"", "with space", `quote"`, strings.Repeat("x", 129), "né", "<script>"} {
		for _, path := range []string{"/v1/payments/pay_1", "/healthz", "/webhooks/nobody", "/nothing", "/docs"} {
			id := r.call(
				t,
				"GET",
				path,
				"",
				"X-Request-Id",
				given,
			).header.Get(
				"X-Request-Id",
			)
			if !strings.HasPrefix(id, "req_") || seen[id] {
				t.Errorf("%q on %s gets %q", given, path, id)
			}

			seen[id] = true
		}
	}
}

func TestOneLineOfLogARequest(t *testing.T) {
	r := newRig(t)
	r.call(t, "GET", "/v1/payments?merchant_reference=private-reference", "", "X-Request-Id", "a1").
		want(t, 200, "")
	r.call(
		t,
		"POST",
		"/webhooks/acme/unguessable-token?q=private-query",
		"private-body",
		"X-Request-Id",
		"a2",
	)

	r.call(t, "GET", "/return/unguessable-token", "", "X-Request-Id", "a3")
	r.call(t, "GET", "/healthz", "", "X-Request-Id", "a4")
	log := r.log.String()

	for _, want := range []string{
		`level=INFO msg=request method=GET route="GET /v1/payments" status=200 duration_ms=`, `method=POST route=/webhooks/ status=404`,
		`method=GET route=/return/ status=404`, `level=DEBUG msg=request method=GET route="GET /healthz" status=200`, "request_id=a1 actor=api\n", "request_id=a4\n",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}

	for _, secret := range []string{"private", "unguessable", token} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %s:\n%s", secret, log)
		}
	}

	if n := strings.Count(log, "\n"); n != 4 {
		t.Errorf("%d lines for 4 requests:\n%s", n, log)
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	r := newRig(t)
	r.account.Balances = func(context.Context) ([]sdk.Balance, error) { panic("at the private moment") }
	a := r.call(t, "GET", "/v1/providers/acme/balances", "").
		want(t, http.StatusInternalServerError, "internal")
	if strings.Contains(a.text, "private moment") ||
		!strings.Contains(r.log.String(), "at the private moment") {
		t.Errorf("answered %s, logged %s", a.text, r.log.String())
	}

	if a.json["outcome"] != "unknown" { // nobody knows how far it had come
		t.Errorf("its outcome is %v", a.json["outcome"])
	}
}
