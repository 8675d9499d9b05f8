package httpapi_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// Every field that the document has of a request reaches the plugin: one that
// was forgotten on its way would be accepted and lost. What is the host's own
// stands in kept, and is looked for where it has its effect.

// filler makes a value for every property of a schema, each of them another
// one.
type filler struct {
	doc   map[string]any
	marks map[string]string // by path: what is to be found again
}

// fill returns a value for a schema.
func (f *filler) fill(path string, schema map[string]any) any {
	if ref, ok := schema["$ref"].(string); ok {
		return f.fill(path, resolve(f.doc, ref).(map[string]any))
	}
	name := path[strings.LastIndex(path, ".")+1:]
	mark := "mark-" + strings.ReplaceAll(path, ".", "-")

	switch {
	case name == "provider":
		return "acme"
	case name == "amount":
		f.marks[path] = "17.25"
		return "17.25"
	case name == "currency":
		f.marks[path] = "XTS"
		return "XTS"

	case name == "country", name == "language":
		f.marks[path] = strings.ToUpper(name[:2]) + "-" + name
		return f.marks[path]
	case strings.HasSuffix(name, "_url"):
		f.marks[path] = "https://shop.example/" + name
		return f.marks[path]
	case name == "expires_at":
		f.marks[path] = "2199-03-04T05:06:07"
		return f.marks[path] + "Z"

	case name == "metadata", name == "fields", name == "provider_options":
		f.marks[path] = mark
		return map[string]any{"key": mark}
	case schema["properties"] != nil:
		object := map[string]any{}
		for key, property := range schema["properties"].(map[string]any) {
			object[key] = f.fill(
				strings.TrimPrefix(path+"."+key, "."),
				property.(map[string]any),
			)
		}

		return object
	}

	f.marks[path] = mark
	return mark
}

// text writes everything that a value holds, so that marks can be looked for.
func text(v any) string {
	var b strings.Builder
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			if d, ok := v.Interface().(decimal.Decimal); ok {
				fmt.Fprintln(&b, d.String())
				return
			}

			if s, ok := v.Interface().(fmt.Stringer); ok &&
				v.Type() != reflect.TypeFor[sdk.Money]() {
				fmt.Fprintln(&b, strings.Replace(s.String(), " ", "T", 1))
				return
			}

			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i))
				}
			}

		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(key)
				walk(v.MapIndex(key))
			}
		case reflect.Slice:
			if raw, ok := v.Interface().(json.RawMessage); ok {
				fmt.Fprintln(&b, string(raw))
				return
			}

			for i := range v.Len() {
				walk(v.Index(i))
			}

		default:
			fmt.Fprintln(&b, v.Interface())
		}
	}

	walk(reflect.ValueOf(v))
	return b.String()
}

func TestEveryFieldOfARequestReachesThePlugin(t *testing.T) {
	r := newRig(t)
	var got any // the last request that the plugin got
	r.account.Create = func(_ context.Context, q sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		got = q
		return &sdk.Payment{ProviderReference: "t", Status: sdk.PaymentAuthorized}, nil
	}

	r.account.Payout = func(_ context.Context, q sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		got = q
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}

	r.account.Confirm = func(_ context.Context, q sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
		got = q
		return &sdk.Payment{Status: sdk.PaymentAuthorized}, nil
	}

	r.account.Capture = func(_ context.Context, q sdk.CapturePaymentRequest) (*sdk.Payment, error) {
		got = q
		return &sdk.Payment{
			Status: sdk.PaymentSucceeded,
			Amount: cmp.Or(q.Amount, &q.Payment.Amount),
		}, nil
	}

	r.account.Cancel = func(_ context.Context, q sdk.CancelPaymentRequest) (*sdk.Payment, error) {
		got = q
		return &sdk.Payment{Status: sdk.PaymentCanceled}, nil
	}

	r.account.Refund = func(_ context.Context, q sdk.CreateRefundRequest) (*sdk.Refund, error) {
		got = q
		return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
	}

	doc := document(t, r)
	pay := func() string { // each of the calls below needs a payment that is authorized
		return r.pay(t, fmt.Sprint("key-", r.account.Creates()))
	}

	// the account itself, and where the host sends the customer
	kept := []string{"provider", "success_url", "cancel_url"}

	for path, schema := range map[string]string{
		"/v1/payments": "PaymentRequest", "/v1/payouts": "PayoutRequest", "/v1/payments/{id}/confirm": "ConfirmRequest",
		"/v1/payments/{id}/capture": "CaptureRequest", "/v1/payments/{id}/cancel": "CancelRequest", "/v1/payments/{id}/refunds": "RefundRequest",
	} {
		f := &filler{doc: doc, marks: map[string]string{}}
		body, err := json.Marshal(
			f.fill("", dig(doc, "components", "schemas", schema).(map[string]any)),
		)
		if err != nil || len(f.marks) == 0 {
			t.Fatalf("%s: %v, %v", schema, f.marks, err)
		}

		to := path
		if strings.Contains(path, "{id}") {
			id := pay()
			if strings.HasSuffix(path, "/refunds") {
				r.call(t, "POST", "/v1/payments/"+id+"/capture", "", "Idempotency-Key", "capture").
					want(t, 200, "")
			}

			to = strings.Replace(path, "{id}", id, 1)
		}

		got = nil
		a := r.call(t, "POST", to, string(body), "Idempotency-Key", "all "+path)
		if a.status >= 300 || got == nil {
			t.Errorf("%s: %d %s for %s", path, a.status, a.text, body)
			continue
		}

		arrived := text(got)
		for _, field := range slices.Sorted(maps.Keys(f.marks)) {
			if !slices.Contains(kept, field) && !strings.Contains(arrived, f.marks[field]) {
				t.Errorf(
					"%s: %s does not reach the plugin, which got\n%s",
					path,
					field,
					arrived,
				)
			}
		}
	}
}

func TestEveryParameterOfMethodsReachesThePlugin(t *testing.T) {
	r := newRig(t)
	var got string
	r.account.Methods = func(_ context.Context, q sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
		got = text(q)
		return nil, nil
	}

	values := map[string]string{
		"country":     "DE",
		"currency":    "XTS",
		"customer_id": "cus-1",
		"amount":      "17.25",
	}
	query := ""

	for _, p := range dig(document(t, r), "paths", "/v1/providers/{name}/payment-methods", "get").(map[string]any)["parameters"].([]any) {
		p := p.(map[string]any)
		if p["in"] != "query" {
			continue
		}
		name := p["name"].(string)
		if values[name] == "" {
			t.Errorf("a parameter %s that this test does not know", name)
		}

		query += "&" + name + "=" + values[name]
	}

	r.call(t, "GET", "/v1/providers/acme/payment-methods?"+query[1:], "").want(t, 200, "")
	for name, value := range values {
		if !strings.Contains(got, value) {
			t.Errorf("%s does not reach the plugin, which got %s", name, got)
		}
	}
}
