package idempotency

import (
	"encoding/json"
	"testing"

	"github.com/payhost/payhost/host/internal/store"
)

// Two requests are the same when their action, subject and JSON values are:
// the order of keys, white space and zeros at the ends of an amount do not
// count.
func TestRequestsAreTheSameByTheirValues(t *testing.T) {
	first := Request{Action: "create_payment", Body: json.RawMessage(`{"amount":"60.00","a":1}`)}
	for name, c := range map[string]struct {
		request Request
		same    bool
	}{
		"itself":             {first, true},
		"keys in order":      {first.with(`{ "a": 1, "amount": "60.00" }`), true},
		"a shorter amount":   {first.with(`{"amount":"60","a":1}`), true},
		"another amount":     {first.with(`{"amount":"60.01","a":1}`), false},
		"another value":      {first.with(`{"amount":"60.00","a":2}`), false},
		"another action":     {Request{Action: "create_payout", Body: first.Body}, false},
		"on another subject": {Request{Action: first.Action, Subject: "pay_1", Body: first.Body}, false},
	} {
		if got := hashes(t, first).match(keyOf(t, c.request)); got != c.same {
			t.Errorf("%s: the same %v, want %v", name, got, c.same)
		}
	}
}

// A text is an amount only where the action says so: a reason of "5.0" is
// another one than "5".
func TestATextIsAnAmountWhereTheActionSaysSo(t *testing.T) {
	for _, amount := range []bool{true, false} {
		long := Request{Action: "x", Body: json.RawMessage(`"5.0"`), IsAmount: amount}
		if got := hashes(t, long.with(`"5"`)).match(keyOf(t, long)); got != amount {
			t.Errorf("an amount %v: the same %v", amount, got)
		}
	}
}

// A key of an earlier version was recorded by the hash of the body as it came.
func TestAKeyOfAnEarlierVersionIsKnown(t *testing.T) {
	request := Request{Action: "create_payment", Body: json.RawMessage(`{"amount":"60.00"}`)}
	found := hashes(t, request)
	if found.former == found.Current {
		t.Fatal("the former hash is the current one")
	}
	if !found.match(&store.Key{RequestHash: found.former}) {
		t.Error("a key of an earlier version is taken for another request's")
	}
}

func TestABodyIsOneJSONValue(t *testing.T) {
	for _, body := range []string{``, `{`, `{} {}`} {
		if _, err := (Request{Body: json.RawMessage(body)}).Hashes(); err == nil {
			t.Errorf("%q has a hash", body)
		}
	}
}

// with returns the request with another body.
func (r Request) with(body string) Request {
	r.Body = json.RawMessage(body)
	return r
}

func hashes(t *testing.T, r Request) Hashes {
	t.Helper()
	found, err := r.Hashes()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// keyOf returns the key that a request would take.
func keyOf(t *testing.T, r Request) *store.Key {
	t.Helper()
	return &store.Key{RequestHash: hashes(t, r).Current}
}
