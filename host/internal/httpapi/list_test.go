package httpapi_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// ids returns the ids of a list, and its cursor.
func (a answer) ids() (ids []string, cursor string) {
	for _, v := range a.json["data"].([]any) {
		ids = append(ids, v.(map[string]any)["id"].(string))
	}
	cursor, _ = a.json["next_cursor"].(string)
	return ids, cursor
}

func TestListsAreReadPageByPage(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting
	var made []string
	for k := range 5 {
		made = append(made, r.pay(t, fmt.Sprint("k", k)))
	}

	slices.Reverse(made)
	var read []string
	cursor := ""

	for pages := 0; ; pages++ {
		a := r.call(t, "GET", "/v1/payments?limit=2&cursor="+cursor, "").want(t, 200, "")
		var ids []string
		ids, cursor = a.ids()
		read = append(read, ids...)
		if cursor == "" {
			if _, there := a.json["next_cursor"]; there || pages != 2 {
				t.Errorf("page %d: %s", pages, a.text)
			}
			break
		}
	}

	if !slices.Equal(read, made) {
		t.Errorf("read %v, want %v", read, made)
	}
	if a := r.call(t, "GET", "/v1/payouts", ""); a.text != `{"data":[]}`+"\n" {
		t.Errorf("an empty list is %s", a.text)
	}
}

func TestListsAreFiltered(t *testing.T) {
	r := newRig(t)
	id := r.pay(t, "k")
	created := r.call(t, "GET", "/v1/payments/"+id, "").json["created_at"].(string)
	if !strings.HasSuffix(created, "Z") {
		t.Errorf("%s is not in UTC", created)
	}

	for query, found := range map[string]bool{
		"provider=acme": true, "provider=other": false, "status=requires_action": true, "status=failed": false,
		"merchant_reference=order-47": true, "merchant_reference=order-4": false,
		"created_from=" + url.QueryEscape(created): true, "created_to=" + url.QueryEscape(created): false,
		"created_from=2100-01-01T00:00:00Z": false, "created_to=2100-01-01T00:00:00%2B02:00": true,
		"provider=acme&status=requires_action&created_from=2020-01-01T00:00:00Z": true,
	} {
		if ids, _ := r.call(t, "GET", "/v1/payments?"+query, "").want(t, 200, "").ids(); len(
			ids,
		) == 1 != found {
			t.Errorf("%s gives %v", query, ids)
		}
	}
}

func TestEventsAreReadInOrder(t *testing.T) {
	r := newRig(t)
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "theirs", Status: sdk.PayoutSucceeded}, nil
	}
	r.pay(t, "k1")
	r.call(t, "POST", "/v1/payouts", payoutBody, "Idempotency-Key", "k2").want(t, 201, "")
	r.pay(t, "k3")
	types := func(a answer) (list []string) {
		for _, e := range a.json["data"].([]any) {
			list = append(list, e.(map[string]any)["type"].(string))
		}
		return list
	}

	all := r.call(t, "GET", "/v1/events", "").want(t, 200, "")
	if got := types(all); !slices.Equal(
		got,
		[]string{"payment.requires_action", "payout.succeeded", "payment.requires_action"},
	) {
		t.Fatalf("got %v", got)
	}

	first := all.json["data"].([]any)[0].(map[string]any)
	if first["payment_id"] == nil || first["sequence"] != float64(1) ||
		dig(first, "data", "status") != "requires_action" ||
		dig(first, "data", "id") != first["payment_id"] {
		t.Errorf("an event is %v", first)
	}

	a := r.call(t, "GET", "/v1/events?limit=1&after="+first["id"].(string), "")
	if got := types(a); !slices.Equal(got, []string{"payout.succeeded"}) ||
		a.json["next_cursor"] != a.json["data"].([]any)[0].(map[string]any)["id"] {
		t.Errorf("after the first: %s", a.text)
	}

	for query, want := range map[string]int{"types=payout.*": 1, "types=payment.requires_action,payout.succeeded": 3, "types=payment.failed": 0} {
		if got := types(r.call(t, "GET", "/v1/events?"+query, "")); len(got) != want {
			t.Errorf("%s gives %v", query, got)
		}
	}
}

func TestProvidersAreShown(t *testing.T) {
	r := newRig(t)
	r.status = append(
		r.status,
		payment.ProviderStatus{
			Name:         "zenith",
			State:        payment.ProviderDisabled,
			ConfigSchema: []byte(`{"type":"object"}`),
		},
	)

	a := r.call(t, "GET", "/v1/providers", "").want(t, 200, "")
	if strings.Contains(a.text, "null") || strings.Contains(a.text, "webhook_url") ||
		strings.Contains(a.text, "config_schema") ||
		len(a.json["data"].([]any)) != 2 {
		t.Errorf("got %s", a.text)
	}

	a = r.call(t, "GET", "/v1/providers/zenith", "").want(t, 200, "")
	address, _ := a.json["webhook_url"].(string)
	if !strings.HasPrefix(address, "http://host.example/webhooks/zenith/") ||
		a.json["state"] != "disabled" ||
		a.at("config_schema.type") != "object" {
		t.Errorf("got %s", a.text)
	}

	again := r.call(t, "GET", "/v1/providers/zenith", "").json["webhook_url"]
	if again != address {
		t.Errorf("the address changes from %s to %s", address, again)
	}
}

func TestPaymentMethodsAndBalances(t *testing.T) {
	r := newRig(t)
	var asked sdk.ListPaymentMethodsRequest
	most := decimal.RequireFromString("500.00")
	r.account.Methods = func(_ context.Context, q sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
		asked = q
		return []sdk.PaymentMethod{{
			ID:              "card",
			Name:            "Card",
			Max:             &most,
			LimitsExclusive: true,
			Flow:            sdk.FlowDisplayConfirm,
			Fields: []sdk.Field{
				{Name: "email", Required: true, Kind: sdk.FieldText},
			},
		}}, nil
	}

	r.account.Balances = func(context.Context) ([]sdk.Balance, error) {
		return []sdk.Balance{
			{
				Name: "main",
				Amount: sdk.Money{
					Amount:   decimal.RequireFromString("-10.50"),
					Currency: "USDT-TRC20",
				},
			},
		}, nil
	}

	a := r.call(
		t,
		"GET",
		"/v1/providers/acme/payment-methods?country=DE&currency=EUR&customer_id=c1&amount=10.50",
		"",
	)
	want := `{"data":[{"id":"card","name":"Card","min":null,"max":"500.00","limits_exclusive":true,"flow":"display_confirm","fields":[{"name":"email","required":true,"kind":"text"}]}]}`
	if a.text != want+"\n" {
		t.Errorf("got %s", a.text)
	}

	if asked.Country != "DE" || asked.Currency != "EUR" || asked.CustomerID != "c1" ||
		asked.Amount == nil ||
		asked.Amount.String() != "10.5 EUR" {
		t.Errorf("asked %+v", asked)
	}

	if a := r.call(t, "GET", "/v1/providers/acme/balances", ""); a.text != `{"data":[{"name":"main","amount":"-10.50","currency":"USDT-TRC20"}]}`+"\n" {
		t.Errorf("got %s", a.text)
	}
}

func TestAnOperatorResolves(t *testing.T) {
	r := newRig(t)
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	id := r.pay(t, "k")
	a := r.call(t, "POST", "/v1/payments/"+id+"/resolve", `{"status":"paid","reason":""}`).
		want(t, 422, "invalid_request")
	if v := a.violations(); v["status"] == "" || v["reason"] == "" {
		t.Errorf("got %s", a.text)
	}

	a = send(
		t,
		"POST",
		r.admin.URL+"/v1/payments/"+id+"/resolve",
		strings.NewReader(
			`{"status":"succeeded","reason":"seen at the provider","provider_reference":"T-9"}`,
		),
	).want(t, 200, "")
	if a.json["status"] != "succeeded" || a.json["provider_reference"] != "T-9" ||
		!strings.Contains(a.text, `"actor":"operator (admin socket)"`) ||
		!strings.Contains(a.text, "seen at the provider") {
		t.Errorf("got %s", a.text)
	}

	// It was a mistake, and the history keeps both decisions.
	a = r.call(t, "POST", "/v1/payments/"+id+"/resolve",
		`{"status":"canceled","reason":"it was another line"}`).want(t, 200, "")
	if a.json["status"] != "canceled" || !strings.Contains(a.text, "seen at the provider") ||
		!strings.Contains(a.text, "it was another line") {
		t.Errorf("got %s", a.text)
	}

	// What the provider says is no operator's mistake.
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
	}
	r.call(t, "POST", "/v1/payments/"+r.pay(t, "paid")+"/resolve",
		`{"status":"canceled","reason":"no"}`).want(t, 409, "conflict")

	for _, path := range []string{"/v1/payments/pay_0", "/v1/payouts/po_0", "/v1/refunds/re_0"} {
		r.call(t, "POST", path+"/resolve", `{"status":"failed","reason":"no"}`).
			want(t, 404, "not_found")
	}
}

func TestRefundsAreListed(t *testing.T) {
	r := newRig(t)
	actions[3].script(r, nil)
	id := r.pay(t, "k")
	first := r.call(t, "POST", "/v1/payments/"+id+"/refunds", `{"amount":"10.00","reason":"broken"}`, "Idempotency-Key", "r1").
		want(t, 201, "")
	second := r.call(t, "POST", "/v1/payments/"+id+"/refunds", ``, "Idempotency-Key", "r2", "Content-Type", "").
		want(t, 409, "conflict")
	if !strings.Contains(second.json["detail"].(string), "50") {
		t.Errorf("got %s", second.text)
	}

	r.call(t, "POST", "/v1/payments/"+id+"/refunds", `{"amount":"50"}`, "Idempotency-Key", "r3").
		want(t, 201, "")
	a := r.call(t, "GET", "/v1/payments/"+id+"/refunds", "")
	ids, _ := a.ids()
	if len(ids) != 2 || ids[1] != first.json["id"] ||
		len(a.json["data"].([]any)[1].(map[string]any)["attempts"].([]any)) != 1 {
		t.Errorf("got %s", a.text)
	}

	if one := r.call(t, "GET", "/v1/refunds/"+ids[1], ""); one.json["reason"] != "broken" ||
		one.json["payment_id"] != id ||
		one.json["amount"] != "10.00" {
		t.Errorf("got %s", one.text)
	}
}
