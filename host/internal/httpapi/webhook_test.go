package httpapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// notice reads {"reference", "status"} as a signed notice about a payment.
func notice(_ context.Context, q sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	var n struct{ Reference, Status string }
	if err := json.Unmarshal(q.Request.Body, &n); err != nil {
		return nil, sdk.Invalid(sdk.Violation{Field: "body", Message: "is not JSON"})
	}

	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Events: []sdk.Event{
			{
				Reference: n.Reference,
				Payment:   &sdk.Payment{Status: sdk.PaymentStatus(n.Status)},
			},
		},
	}, nil
}

// notified is a rig whose account sends signed notices.
func notified(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.account.Webhook, r.account.OnInfo.WebhookTrust = notice, []sdk.WebhookTrust{
		sdk.TrustSignature,
	}
	return r
}

func (r *rig) webhooks(t *testing.T, query string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, w := range r.call(t, "GET", "/v1/webhooks"+query, "").want(t, 200, "").json["data"].([]any) {
		out = append(out, w.(map[string]any))
	}
	return out
}

func TestANoticeIsShownWithoutSecrets(t *testing.T) {
	r := notified(t)
	const fromEnv, inline, listed = `cnryEnv"/+<&é`, "cnryInline/key=", "cnryListed1"
	r.config = &config.Config{
		HTTP: r.config.HTTP,
		Providers: []config.Provider{{
			Name:    "acme",
			Secrets: []sdk.Secret{sdk.NewSecret(fromEnv), sdk.NewSecret("x")},
			Config: json.RawMessage(
				`{"site":"w123456","key":"` + inline + `","old_keys":["` + listed + `"],"nested":{"pin":"cnryNested"}}`,
			),
		}},
	}

	r.status = []payment.ProviderStatus{{
		Name: "acme",
		ConfigSchema: json.RawMessage(
			`{"properties":{"site":{"type":"string"},"key":{"type":"string","writeOnly":true},
		"old_keys":{"type":"array","items":{"type":"string","writeOnly":true}},"nested":{"properties":{"pin":{"writeOnly":true}}}}}`,
		),
	}}
	quoted, err := json.Marshal(
		map[string]string{
			"reference": "pay_0",
			"note":      fromEnv + " " + inline + " " + listed + " cnryNested",
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	body := strings.Replace(string(quoted), "cnryInline/", `cnryInline\/`, 1)
	send(
		t,
		"POST",
		r.URL+"/webhooks/acme?site=w123456&k="+url.QueryEscape(
			fromEnv,
		)+"&i="+url.QueryEscape(
			inline,
		),
		strings.NewReader(body),
		"Authorization",
		"Basic "+base64.StdEncoding.EncodeToString([]byte("shop:"+inline)),
		"X-Signature",
		"f00ba4",
		"X-Key",
		inline,
		"Cookie",
		"a=b",
	)

	one := "/v1/webhooks/" + r.webhooks(t, "")[0]["id"].(string)
	if a := r.call(t, "GET", one, ""); !strings.Contains(a.text, "pay_0") {
		t.Errorf("the body is missing: %s", a.text)
	}

	for _, path := range []string{"/v1/webhooks", one} {
		a := r.call(t, "GET", path, "").want(t, 200, "")
		if strings.Contains(a.text, "cnry") ||
			strings.Contains(
				a.text,
				base64.StdEncoding.EncodeToString([]byte("shop:"))[:6],
			) {
			t.Errorf("%s shows a secret: %s", path, a.text)
		}

		for _, want := range []string{`site=w123456\u0026k=[secret]`, "f00ba4", "a=b", `"Authorization":"Basic [secret]"`, `"X-Key":"[secret]"`, `"method":"POST"`} {
			if want = strings.ReplaceAll(want, `\u0026`, "&"); !strings.Contains(
				a.text,
				want,
			) {
				t.Errorf("%s has no %s: %s", path, want, a.text)
			}
		}
	}
}

func TestWebhooksAreListedByStateAndProvider(t *testing.T) {
	r := notified(t)
	id := r.pay(t, "k")
	for _, body := range []string{`{"reference":"` + id + `","status":"succeeded"}`, `{"reference":"pay_0","status":"succeeded"}`, `nonsense`} {
		send(t, "POST", r.URL+"/webhooks/acme", strings.NewReader(body))
	}

	for query, want := range map[string]string{
		"": "[failed unmatched applied]", "?state=applied": "[applied]", "?provider=acme&state=failed": "[failed]", "?provider=nobody": "[]", "?limit=2": "[failed unmatched]",
	} {
		var states []any
		for _, w := range r.webhooks(t, query) {
			states = append(states, w["state"])
		}
		if got := fmt.Sprint(states); got != want {
			t.Errorf("%q gives %s, want %s", query, got, want)
		}
	}

	page := r.call(t, "GET", "/v1/webhooks?limit=2", "")
	rest := r.webhooks(t, "?limit=2&cursor="+page.json["next_cursor"].(string))
	if len(rest) != 1 || rest[0]["state"] != "applied" || rest[0]["verified"] != true ||
		fmt.Sprint(rest[0]["payment_ids"]) != "["+id+"]" {
		t.Errorf("the last page is %v", rest)
	}
}

// Anybody can fill an inbox: a list of what is in it stays small.
func TestAListOfWebhooksHasNoBodies(t *testing.T) {
	r := notified(t)
	id := r.pay(t, "k")
	long := strings.Repeat("x", 60<<10)
	for range 20 {
		send(t, "POST", r.URL+"/webhooks/acme", strings.NewReader(long))
	}

	signed := `{"reference":"` + id + `","status":"processing","note":"` + long + `"}`
	send(t, "POST", r.URL+"/webhooks/acme", strings.NewReader(signed))

	a := r.call(t, "GET", "/v1/webhooks?limit=200", "").want(t, 200, "")
	if len(a.text) > 30<<10 {
		t.Errorf("the list has %d bytes", len(a.text))
	}
	seen := map[string]bool{}

	for _, w := range a.json["data"].([]any) {
		seen[w.(map[string]any)["id"].(string)] = true
		if body := w.(map[string]any)["body"]; body != "" {
			t.Errorf("a body is listed: %.40v", body)
		}
	}

	if (len(seen) != 21) || (a.json["next_cursor"] != nil) {
		t.Errorf("%d are listed, next is %v", len(seen), a.json["next_cursor"])
	}
	newest := a.json["data"].([]any)[0].(map[string]any)["id"].(string)
	if one := r.call(t, "GET", "/v1/webhooks/"+newest, ""); one.json["body"] != signed {
		t.Errorf("read by its id it has %.40v", one.json["body"])
	}

	// Pages of any size are the same list.
	for _, limit := range []int{1, 7, 8, 9, 16, 20, 21} {
		var ids []string
		for cursor := ""; ; {
			page := r.call(t, "GET", fmt.Sprintf("/v1/webhooks?limit=%d&cursor=%s", limit, cursor), "").
				want(t, 200, "")
			for _, w := range page.json["data"].([]any) {
				ids = append(ids, w.(map[string]any)["id"].(string))
			}

			next, more := page.json["next_cursor"].(string)
			if !more {
				break
			}
			cursor = next
		}

		if (len(ids) != 21) ||
			!slices.IsSortedFunc(
				ids,
				func(a, b string) int { return strings.Compare(b, a) },
			) {
			t.Errorf("by %d: %d, %v", limit, len(ids), ids)
		}
	}
}

func TestANoticeIsReplayed(t *testing.T) {
	r := notified(t)
	id := r.pay(t, "k")
	send(t, "POST", r.URL+"/webhooks/acme", strings.NewReader(`nonsense`))
	wh := r.webhooks(t, "")[0]["id"].(string)
	a := r.call(t, "POST", "/v1/webhooks/"+wh+"/replay", "").want(t, 422, "invalid_request")
	if a.violations()["body"] != "is not JSON" {
		t.Errorf("the plugin's reasons are lost: %s", a.text)
	}

	// the mended plugin
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		return &sdk.WebhookResult{
			Verification: sdk.VerifiedBySignature,
			Events: []sdk.Event{
				{Reference: id, Payment: &sdk.Payment{Status: sdk.PaymentSucceeded}},
			},
		}, nil
	}

	if a := r.call(t, "POST", "/v1/webhooks/"+wh+"/replay", "").want(t, 200, ""); a.json["state"] != "applied" ||
		a.json["id"] != wh {
		t.Errorf("got %s", a.text)
	}

	if a := r.call(t, "GET", "/v1/payments/"+id, ""); a.json["status"] != "succeeded" {
		t.Errorf("got %s", a.text)
	}
	r.account.SetDown(true)
	r.call(t, "POST", "/v1/webhooks/"+wh+"/replay", "").want(t, 503, "unavailable")
	r.call(t, "POST", "/v1/webhooks/wh_0/replay", "").want(t, 404, "not_found")
}

func TestANoticeIsAttached(t *testing.T) {
	r := notified(t)
	id := r.pay(t, "k")
	send(
		t,
		"POST",
		r.URL+"/webhooks/acme",
		strings.NewReader(`{"reference":"theirs-alone","status":"succeeded"}`),
	)

	w := r.webhooks(t, "?state=unmatched")[0]
	path := "/v1/webhooks/" + w["id"].(string) + "/attach"
	if a := r.call(t, "POST", path, `{"payment_id":"pay_0"}`).want(t, 422, "invalid_request"); a.violations()["payment_id"] == "" {
		t.Errorf("got %s", a.text)
	}

	r.call(t, "POST", path, `{}`).want(t, 422, "invalid_request")
	r.call(t, "POST", "/v1/webhooks/wh_0/attach", `{"payment_id":"`+id+`"}`).
		want(t, 404, "not_found")
	a := r.call(t, "POST", path, `{"payment_id":"`+id+`"}`).want(t, 200, "")
	if a.json["state"] != "applied" || fmt.Sprint(a.json["payment_ids"]) != "["+id+"]" {
		t.Errorf("got %s", a.text)
	}

	p := r.call(t, "GET", "/v1/payments/"+id, "")
	if p.json["status"] != "succeeded" ||
		!strings.Contains(
			p.text,
			`"actor":"operator (api)","action":"attached","note":"webhook `+w["id"].(string),
		) {
		t.Errorf("got %s", p.text)
	}

	r.call(t, "POST", path, `{"payment_id":"`+id+`"}`).want(t, 409, "conflict")
}
