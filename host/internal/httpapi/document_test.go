package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// document returns the parsed OpenAPI document.
func document(t *testing.T, r *rig) map[string]any {
	t.Helper()
	a := send(t, "GET", r.URL+"/openapi.json", nil).want(t, 200, "")
	if a.header.Get("Content-Type") != "application/openapi+json" ||
		a.json["openapi"] != "3.1.0" {
		t.Fatalf("%v: version %v", a.header, a.json["openapi"])
	}
	return a.json
}

func dig(v any, names ...string) any {
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func resolve(doc map[string]any, ref string) any {
	names := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	return dig(doc, names...)
}

func TestEveryReferenceOfTheDocumentResolves(t *testing.T) {
	doc := document(t, newRig(t))
	refs := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				refs[ref] = true
				if resolve(doc, ref) == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}

			for _, inner := range v {
				walk(inner)
			}

		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}

	walk(doc)
	if len(refs) < 15 {
		t.Errorf("only %v", refs)
	}

	schemas := dig(doc, "components", "schemas").(map[string]any)
	for name := range schemas {
		if !refs["#/components/schemas/"+name] || strings.HasPrefix(name, "Error") ||
			strings.HasSuffix(name, "View") {
			t.Errorf("the schema %s should not be there", name)
		}
	}
}

func TestTheDocumentHasEveryCall(t *testing.T) {
	doc := document(t, newRig(t))
	want := strings.Fields(
		`get:/providers get:/providers/{name} get:/providers/{name}/payment-methods get:/providers/{name}/balances
		post:/providers/{name}/operations/{operation} post:/payments get:/payments get:/payments/{id} post:/payments/{id}/confirm
		post:/payments/{id}/cancel post:/payments/{id}/capture post:/payments/{id}/refunds get:/payments/{id}/refunds
		post:/payments/{id}/resolve post:/payouts get:/payouts get:/payouts/{id} post:/payouts/{id}/resolve get:/refunds/{id}
		post:/refunds/{id}/resolve get:/events get:/exports/payments get:/exports/payouts get:/exports/refunds get:/exports/events get:/dead-letters post:/dead-letters/{id}/retry get:/webhooks get:/webhooks/{id} post:/webhooks/{id}/replay post:/webhooks/{id}/attach
		get:/me post:/erasures get:/fence post:/fence/lift post:/providers/{name}/reconciliations get:/reconciliations get:/reconciliations/{id} get:/reconciliations/{id}/findings get:/findings post:/findings/{id}/attach get:/audit get:/audit/verify get:/approvals post:/approvals/{id}/approve post:/approvals/{id}/reject get:/token-keys post:/token-keys post:/token-keys/{id}/end get:/attention get:/providers/{name}/history
		post:/providers/{name}/pause post:/providers/{name}/resume post:/providers/{name}/restart`,
	)

	var got []string
	for path, item := range doc["paths"].(map[string]any) {
		for method, o := range item.(map[string]any) {
			got = append(got, method+":"+strings.TrimPrefix(path, "/v1"))
			checkOperation(t, method+" "+path, o)
		}
	}

	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}

	if dig(doc, "components", "securitySchemes", "token", "scheme") != "bearer" ||
		doc["security"] == nil {
		t.Error("no bearer token is asked for")
	}
}

func checkOperation(t *testing.T, name string, o any) {
	t.Helper()
	if dig(o, "summary") == "" || dig(o, "description") == "" ||
		dig(o, "operationId") == "" ||
		dig(o, "tags") == nil {
		t.Errorf("%s is not described", name)
	}

	good := false
	for status, response := range dig(o, "responses").(map[string]any) {
		if status < "400" {
			good = dig(response, "content", "application/json", "schema") != nil ||
				dig(response, "content", "text/csv", "schema") != nil
			continue
		}

		if ref := dig(response, "content", "application/problem+json", "schema", "$ref"); ref != "#/components/schemas/Problem" {
			t.Errorf("%s: %s is %v", name, status, response)
		}
	}

	if !good {
		t.Errorf("%s does not say what it gives", name)
	}
	moves := strings.HasPrefix(name, "post") &&
		regexp.MustCompile(`(payments|payouts|confirm|cancel|capture|refunds)$`).
			MatchString(name)
	if moves != strings.Contains(
		fmt.Sprint(dig(o, "parameters")),
		"name:Idempotency-Key required:true",
	) {
		t.Errorf(
			"%s: Idempotency-Key is not as it should be: %v",
			name,
			dig(o, "parameters"),
		)
	}
}

func TestRequestsAreStrictAndAnswersMayGrow(t *testing.T) {
	schemas := dig(document(t, newRig(t)), "components", "schemas").(map[string]any)
	for name, s := range schemas {
		closed := dig(s, "additionalProperties") == false
		if want := strings.HasSuffix(name, "Request") || name == "Customer" || name == "Recipient"; closed != want {
			t.Errorf("%s: additionalProperties is %v", name, dig(s, "additionalProperties"))
		}
	}

	amount := dig(schemas, "PaymentRequest", "properties", "amount")
	if dig(amount, "type") != "string" || dig(amount, "pattern") != `^[0-9]+(\.[0-9]+)?$` {
		t.Errorf("an amount is %v", amount)
	}
}

// fits checks a value against a schema as far as this document's schemas go.
func fits(doc map[string]any, schema, value any, at string) []string {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		return fits(doc, resolve(doc, ref), value, at)
	}
	if list, ok := s["anyOf"].([]any); ok {
		var all []string
		for _, one := range list {
			wrong := fits(doc, one, value, at)
			if len(wrong) == 0 {
				return nil
			}
			all = append(all, wrong...)
		}

		return all
	}

	kind := map[bool]string{true: "null"}[value == nil]
	switch value.(type) {
	case string:
		kind = "string"
	case float64:
		kind = "integer"
	case bool:
		kind = "boolean"
	case []any:
		kind = "array"

	case map[string]any:
		kind = "object"
	}

	if t := s["type"]; t != nil && t != kind && !strings.Contains(fmt.Sprint(t), kind) {
		return []string{fmt.Sprintf("%s is %s, not %v", at, kind, t)}
	}
	if list, ok := s["enum"].([]any); ok && !slices.Contains(list, value) {
		return []string{fmt.Sprintf("%s is %v, not one of %v", at, value, list)}
	}

	var wrong []string
	switch v := value.(type) {
	case []any:
		for k, item := range v {
			wrong = append(wrong, fits(doc, s["items"], item, fmt.Sprintf("%s[%d]", at, k))...)
		}
	case map[string]any:
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				wrong = append(wrong, fmt.Sprintf("%s has no %s", at, name))
			}
		}

		properties, _ := s["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if known, ok := properties[name]; ok {
				wrong = append(wrong, fits(doc, known, v[name], at+"."+name)...)
			} else if s["additionalProperties"] == nil && s["type"] != nil {
				wrong = append(wrong, fmt.Sprintf("%s.%s is not in the document", at, name))
			}
		}
	}

	return wrong
}

// What is served is what the document says: every field is in it, null only
// where it may be.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	r := newRig(t)
	doc := document(t, r)
	least := decimal.RequireFromString("1.50")
	r.account.Methods = func(context.Context, sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
		return []sdk.PaymentMethod{
			{
				ID:     "card",
				Name:   "Card",
				Min:    &least,
				Flow:   sdk.FlowRedirect,
				Fields: []sdk.Field{{Name: "email", Kind: sdk.FieldText}},
			},
			{ID: "x"},
		}, nil
	}

	r.account.Balances = func(context.Context) ([]sdk.Balance, error) {
		return []sdk.Balance{
			{
				Amount: sdk.Money{
					Amount:   decimal.RequireFromString("-3.10"),
					Currency: "USD",
				},
			},
		}, nil
	}

	actions[3].script(r, nil)
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, failing(sdk.CodeInsufficientFunds, sdk.OutcomeRefused)
	}
	r.account.Webhook, r.account.OnInfo.WebhookTrust = notice, []sdk.WebhookTrust{
		sdk.TrustSignature,
	}
	id := r.pay(t, "k")

	refund := r.call(t, "POST", "/v1/payments/"+id+"/refunds", `{}`, "Idempotency-Key", "r").want(t, 201, "").json["id"].(string)
	payout := r.call(t, "POST", "/v1/payouts", payoutBody, "Idempotency-Key", "p").want(t, 201, "").json["id"].(string)
	send(
		t,
		"POST",
		r.URL+"/webhooks/acme",
		strings.NewReader(`{"reference":"`+id+`","status":"succeeded"}`),
	)

	webhook := r.call(t, "GET", "/v1/webhooks", "").json["data"].([]any)[0].(map[string]any)["id"].(string)
	for _, c := range []struct{ path, in string }{
		{"/payments", ""}, {"/payments/{id}", id}, {"/payments/{id}/refunds", id}, {"/payouts", ""}, {"/payouts/{id}", payout}, {"/refunds/{id}", refund},
		{"/providers", ""}, {"/providers/{name}", "acme"}, {"/providers/{name}/payment-methods", "acme"}, {"/providers/{name}/balances", "acme"},
		{"/events", ""}, {"/webhooks", ""}, {"/webhooks/{id}", webhook},
	} {
		path := "/v1" + strings.NewReplacer("{id}", c.in, "{name}", c.in).Replace(c.path)
		a := r.call(t, "GET", path, "").want(t, 200, "")
		schema := dig(
			doc,
			"paths",
			"/v1"+c.path,
			"get",
			"responses",
			"200",
			"content",
			"application/json",
			"schema",
		)
		for _, wrong := range fits(doc, schema, a.json, c.path) {
			t.Error(wrong)
		}

		if data, ok := a.json["data"]; ok && len(data.([]any)) == 0 {
			t.Errorf("%s is empty, so that nothing was checked", c.path)
		}
	}

	problem := r.call(t, "POST", "/v1/payments", `{}`).json
	for _, wrong := range fits(doc, map[string]any{"$ref": "#/components/schemas/Problem"}, problem, "problem") {
		t.Error(wrong)
	}
}

// The body that the documentation shows is one that works, on any day: no field
// of it has a fixed time that will have passed.
func TestTheDocumentedExampleWorks(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting
	schema := dig(document(t, r), "components", "schemas", "PaymentRequest", "properties").(map[string]any)
	body := map[string]any{}

	for name, s := range schema {
		if examples, ok := dig(s, "examples").([]any); ok {
			body[name] = examples[0]
		}
	}

	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r.call(t, "POST", "/v1/payments", string(text), "Idempotency-Key", "k").want(t, 201, "")
	if body["provider"] != "acme" || body["amount"] != "60.00" ||
		body["currency"] != "USD" {
		t.Errorf("the examples are %s", text)
	}
}
