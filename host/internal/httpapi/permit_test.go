package httpapi_test

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/sdk"
)

// give configures a token beside those of the rig, and returns its header.
func (r *rig) give(name string, providers []string, scopes ...caller.Scope) string {
	changed := *r.config
	token := config.Token{
		Name:      name,
		Secrets:   []sdk.Secret{sdk.NewSecret("secret-of-" + name)},
		Providers: providers,
	}
	for _, scope := range scopes {
		token.Scopes = append(token.Scopes, string(scope))
	}
	changed.Tokens = append(slices.Clone(r.config.Tokens), token)
	r.config = &changed
	return "Bearer secret-of-" + name
}

// without returns all scopes but one and those that include it.
func without(scope caller.Scope) (list []caller.Scope) {
	for _, one := range caller.Scopes() {
		if has := (caller.Caller{Scopes: []caller.Scope{one}}); !has.May(scope) {
			list = append(list, one)
		}
	}
	return list
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// Every operation has a scope, in the document and in force: a token with all
// the others is refused before anything of the request is looked at, and one
// with this alone is not.
func TestEveryOperationNeedsItsScope(t *testing.T) {
	r := newRig(t)
	paths := document(t, r)["paths"].(map[string]any)
	known := caller.Scopes()

	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for method, o := range paths[path].(map[string]any) {
			name := strings.ToUpper(method) + " " + path
			scope, _ := dig(o, "x-scope").(string)
			needed := o.(map[string]any)["security"].([]any)[0].(map[string]any)["token"].([]any)
			if path == "/v1/me" {
				if scope != "any" || len(needed) != 0 {
					t.Errorf("%s: %s %v", name, scope, needed)
				}
				continue
			}
			if !slices.Contains(known, caller.Scope(scope)) ||
				!slices.Equal(needed, []any{scope}) || dig(o, "responses", "403") == nil {
				t.Errorf("%s: the scope is %q, the security %v", name, scope, needed)
				continue
			}

			address := r.URL + parameter.ReplaceAllString(path, "nothing")
			id := strings.NewReplacer(":", "-").Replace(dig(o, "operationId").(string))
			refused := r.give("no-"+id, nil, without(caller.Scope(scope))...)
			a := send(t, strings.ToUpper(method), address, strings.NewReader("{"),
				"Authorization", refused).want(t, 403, "permission")
			if detail := a.json["detail"].(string); !strings.Contains(detail, scope) ||
				!strings.Contains(detail, "no-"+id) {
				t.Errorf("%s: %s", name, a.text)
			}

			allowed := r.give("yes-"+id, nil, caller.Scope(scope))
			if strings.HasSuffix(path, "/attention") || strings.HasSuffix(path, "/history") {
				continue // the rig has neither
			}
			if got := send(t, strings.ToUpper(method), address, strings.NewReader("{"),
				"Authorization", allowed).status; got == 401 || got == 403 || got >= 500 {
				t.Errorf("%s: %d with the scope", name, got)
			}
		}
	}
}

// What belongs to an account that a token does not have is as if it were not
// there: in reads, in lists, in the stream of events and in all that changes
// something.
func TestWhatBelongsToOthersIsNotThere(t *testing.T) {
	r := notified(t)
	payment := r.pay(t, "k")
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}
	payout := r.call(t, "POST", "/v1/payouts", payoutBody, "Idempotency-Key", "p").
		want(t, 201, "").json["id"].(string)
	send(t, "POST", r.URL+"/webhooks/acme", strings.NewReader("nonsense"))
	webhook := r.webhooks(t, "")[0]["id"].(string)

	other := r.give("other", []string{"zenith"}, caller.Scopes()...)
	as := func(method, path, body string) answer {
		return send(t, method, r.URL+path, strings.NewReader(body),
			"Authorization", other, "Idempotency-Key", "another")
	}

	resolution := `{"status":"failed","reason":"r"}`
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/v1/payments/" + payment, ""},
		{"GET", "/v1/payments/" + payment + "?refresh=true", ""},
		{"GET", "/v1/payments/" + payment + "/refunds", ""},
		{"GET", "/v1/payouts/" + payout, ""},
		{"GET", "/v1/payouts/" + payout + "?refresh=true", ""},
		{"GET", "/v1/webhooks/" + webhook, ""},
		{"GET", "/v1/providers/acme", ""},
		{"GET", "/v1/providers/acme/payment-methods", ""},
		{"GET", "/v1/providers/acme/balances", ""},
		{"GET", "/v1/providers/acme/history", ""},
		{"POST", "/v1/payments", paymentBody},
		{"POST", "/v1/payouts", payoutBody},
		{"POST", "/v1/payments/" + payment + "/confirm", `{"fields":{}}`},
		{"POST", "/v1/payments/" + payment + "/capture", ""},
		{"POST", "/v1/payments/" + payment + "/cancel", ""},
		{"POST", "/v1/payments/" + payment + "/refunds", ""},
		{"POST", "/v1/payments/" + payment + "/resolve", resolution},
		{"POST", "/v1/payouts/" + payout + "/resolve", resolution},
		{"POST", "/v1/webhooks/" + webhook + "/replay", ""},
		{"POST", "/v1/webhooks/" + webhook + "/attach", `{"payment_id":"` + payment + `"}`},
		{"POST", "/v1/providers/acme/pause", `{"reason":"r"}`},
		{"POST", "/v1/providers/acme/resume", `{}`},
		{"POST", "/v1/providers/acme/restart", ""},
		{"POST", "/v1/providers/acme/operations/send", "{}"},
	} {
		as(c.method, c.path, c.body).want(t, 404, "not_found")
	}

	// Under the key that another has used, too.
	a := send(t, "POST", r.URL+"/v1/payments", strings.NewReader(paymentBody),
		"Authorization", other, "Idempotency-Key", "k").want(t, 404, "not_found")
	if strings.Contains(a.text, payment) {
		t.Errorf("it tells of the payment: %s", a.text)
	}

	for _, path := range []string{
		"/v1/payments", "/v1/payments?provider=acme", "/v1/payouts", "/v1/webhooks", "/v1/events",
		"/v1/events?types=payment.*", "/v1/providers", "/v1/dead-letters",
	} {
		if list := as("GET", path, "").want(t, 200, "").json["data"].([]any); len(list) != 0 {
			t.Errorf("%s: %v", path, list)
		}
		own := r.give("own"+strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(path, "-"), "-"),
			[]string{"zenith", "acme"}, caller.Scopes()...)
		seen := send(t, "GET", r.URL+path, nil, "Authorization", own).want(t, 200, "").json["data"].([]any)
		all := r.call(t, "GET", path, "").want(t, 200, "").json["data"].([]any)
		if len(seen) != len(all) || (len(all) == 0 && path != "/v1/dead-letters") {
			t.Errorf("%s: the owner sees %d of %d", path, len(seen), len(all))
		}
	}
}

// A token that has expired is refused with the reason; of a wrong one nothing is
// said.
func TestATokenExpires(t *testing.T) {
	r := newRig(t)
	header := r.give("shop", nil, caller.PaymentsRead)
	r.config.Tokens[0].Expires = time.Now().Add(time.Hour)
	send(t, "GET", r.URL+"/v1/payments", nil, "Authorization", header).want(t, 200, "")

	changed := *r.config
	changed.Tokens = slices.Clone(r.config.Tokens)
	changed.Tokens[0].Expires = time.Now().Add(-time.Second)
	r.config = &changed
	a := send(t, "GET", r.URL+"/v1/payments", nil, "Authorization", header).want(t, 401, "unauthorized")
	if detail := a.json["detail"].(string); !strings.Contains(detail, "shop expired on") {
		t.Errorf("got %s", a.text)
	}
	if !strings.Contains(r.log.String(), "token=shop") {
		t.Error("the log does not name the token")
	}
	if a := send(t, "GET", r.URL+"/v1/payments", nil, "Authorization", header+"x"); a.status != 401 ||
		strings.Contains(a.text, "shop") {
		t.Errorf("got %s", a.text)
	}
}

// Who acts is the token's name: in the history of what it makes and decides, in
// the log, and in what it is told of itself.
func TestTheTokensNameIsTheActor(t *testing.T) {
	r := newRig(t)
	header := r.give("shop", []string{"acme"}, caller.PaymentsWrite, caller.Resolve)
	r.account.Create = redirecting
	do := func(method, path, body string) answer {
		return send(t, method, r.URL+path, strings.NewReader(body),
			"Authorization", header, "Idempotency-Key", "k")
	}

	id := do("POST", "/v1/payments", paymentBody).want(t, 201, "").json["id"].(string)
	do("POST", "/v1/payments/"+id+"/resolve", `{"status":"failed","reason":"r"}`).want(t, 200, "")
	history := do("GET", "/v1/payments/"+id, "").want(t, 200, "").json["history"].([]any)
	first, last := history[0].(map[string]any), history[len(history)-1].(map[string]any)
	if first["actor"] != "shop" || last["actor"] != "operator shop" {
		t.Errorf("the history is %v", history)
	}
	if !strings.Contains(r.log.String(), "actor=shop") {
		t.Error("the log does not name who asked")
	}

	a := do("GET", "/v1/me", "").want(t, 200, "")
	if a.json["name"] != "shop" || len(a.json["scopes"].([]any)) != 2 || a.json["expires_at"] != nil ||
		!slices.Equal(a.json["providers"].([]any), []any{"acme"}) {
		t.Errorf("got %s", a.text)
	}
	a = r.call(t, "GET", "/v1/me", "").want(t, 200, "")
	if a.json["name"] != "api" || len(a.json["scopes"].([]any)) != len(caller.Scopes()) {
		t.Errorf("got %s", a.text)
	}
	if a := send(t, http.MethodGet, r.admin.URL+"/v1/me", nil).want(t, 200, ""); a.json["name"] != "admin socket" {
		t.Errorf("got %s", a.text)
	}
}

// The URL by which webhooks are believed is for those who run the provider.
func TestTheWebhookURLIsForThoseWhoOperate(t *testing.T) {
	r := newRig(t)
	for scope, shown := range map[caller.Scope]bool{caller.ProvidersRead: false, caller.ProvidersOperate: true} {
		header := r.give(strings.ReplaceAll(string(scope), ":", "-"), nil, scope)
		a := send(t, "GET", r.URL+"/v1/providers/acme", nil, "Authorization", header).want(t, 200, "")
		if _, there := a.json["webhook_url"]; there != shown {
			t.Errorf("%s: %s", scope, a.text)
		}
	}
}
