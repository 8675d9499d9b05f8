package suite

import (
	"encoding/json"
	"net/http"
	"regexp"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

func TestReferencesAreTheHosts(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Za-z0-9_-]{1,36}$`), map[string]bool{}
	last := uint64(0)
	for range 100 {
		reference, n := newReference("pay")
		if !form.MatchString(reference) || seen[reference] || n <= last {
			t.Fatalf("got %q, %d after %d", reference, n, last)
		}
		seen[reference], last = true, n
	}
}

func TestAmountsAreWithinTheLimits(t *testing.T) {
	number := func(n int64) *decimal.Decimal {
		d := decimal.NewFromInt(n)
		return &d
	}
	for _, c := range []struct {
		least, most *decimal.Decimal
		want        int64
	}{
		{nil, nil, 60}, {number(1), number(100), 60}, {number(75), nil, 75}, {nil, number(50), 50}, {number(60), number(60), 60},
	} {
		s := target{info: sdk.Info{Currencies: []string{"EUR", "USD"}}}
		limits := []sdk.AmountLimit{
			{Currency: "USD", Min: number(999)},
			{Currency: "EUR", Min: c.least, Max: c.most},
		}
		want := sdk.Money{Amount: decimal.NewFromInt(c.want), Currency: "EUR"}
		if got := s.amount(limits); !got.Equal(want) {
			t.Errorf("from %v to %v: got %s, want %s", c.least, c.most, got, want)
		}
	}
}

func TestChangesAreOfOneByte(t *testing.T) {
	r := sdk.HTTPRequest{
		Query: "a=1",
		Body:  []byte("body"),
		Header: http.Header{
			"Signature":    {"sig"},
			"Content-Type": {"text/plain"},
			"Twice":        {"a", "b"},
		},
	}

	list := changes(r)
	if want := len("a=1") + len("body") + len("sig"); len(list) != want {
		t.Fatalf("%d changes, want %d", len(list), want)
	}

	for _, c := range list {
		if n := apart(c.Query, r.Query) + apart(string(c.Body), string(r.Body)) +
			apart(c.Header.Get("Signature"), r.Header.Get("Signature")); n != 1 {
			t.Errorf("%d bytes of %+v are changed", n, c)
		}
	}

	if r.Query != "a=1" || string(r.Body) != "body" || r.Header.Get("Signature") != "sig" {
		t.Errorf("the genuine request was changed: %+v", r)
	}
	if many := changes(sdk.HTTPRequest{Body: make([]byte, 1<<20)}); len(
		many,
	) > 2*mostChanges {
		t.Errorf("%d changes of a large body", len(many))
	}
}

func apart(a, b string) int {
	n := 0
	for i := range len(b) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func TestWrongSecretsLookAlike(t *testing.T) {
	for value, want := range map[string]string{
		`"aZ9-zY0"`:     `"bY8-yZ1"`,
		`["abc","xyz"]`: `["bcd","yzy"]`,
	} {
		if got := another(json.RawMessage(value)); string(got) != want {
			t.Errorf("%s becomes %s, want %s", value, got, want)
		}
	}
}

func TestMovingRequest(t *testing.T) {
	for _, c := range []struct {
		methods []string
		want    string
	}{
		{[]string{"GET", "POST", "GET"}, "POST"}, {[]string{"POST", "PUT"}, "PUT"}, {[]string{"GET"}, "GET"}, {nil, "GET"},
	} {
		if got := moving(c.methods); got != c.want {
			t.Errorf("%q: got %s, want %s", c.methods, got, c.want)
		}
	}
}
