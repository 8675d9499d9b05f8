package httpapi_test

import "testing"

func TestAPayment(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting
	a := r.call(t, "POST", "/v1/payments", paymentBody, "Idempotency-Key", "k1").want(t, 201, "")
	t.Log(a.text, a.header)
	a = r.call(t, "POST", "/v1/payments", `{"amount":60,"Currency":"usd","x":1, "metadata":{"a":3}}`)
	t.Log(a.text, a.header)
	a = r.call(t, "GET", "/v1/nothing", ``)
	t.Log(a.text, a.header)
	a = r.call(t, "DELETE", "/v1/payments", ``)
	t.Log(a.text, a.header)
	a = r.call(t, "GET", "/openapi.json", ``)
	t.Log(a.text)
	t.Log(r.log.String())
}
