package sdk

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestMinorUnits(t *testing.T) {
	declared := []AmountLimit{
		MustLimit("USDT", "", "", 6),
		MustLimit("HUF", "", "", 0),
		{Currency: "JPY"},
	}

	for _, c := range []struct {
		currency string
		digits   int32
		known    bool
	}{
		{"USD", 2, true}, {"EUR", 2, true}, {"INR", 2, true}, {"JPY", 0, true}, {"KRW", 0, true}, {"CLP", 0, true},
		{"KWD", 3, true}, {"BHD", 3, true}, {"CLF", 4, true},
		{"USDT", 6, true}, {"HUF", 0, true}, // as declared
		{"USDC", 0, false}, {"usd", 0, false}, {"XAU", 0, false}, {"", 0, false},
		{"D A", 0, false}, {" AF", 0, false}, {"US", 0, false}, {"USD EUR", 0, false}, {"   ", 0, false},
	} {
		digits, known := MinorUnits(c.currency, declared...)
		if digits != c.digits || known != c.known {
			t.Errorf("%q: got %d, %v", c.currency, digits, known)
		}
	}
}

func TestMinorIsExact(t *testing.T) {
	token := MustLimit("USDT", "", "", 6)
	for _, c := range []struct {
		amount, currency string
		units            int64
		wrong            string // the field
	}{
		{"60.00", "USD", 6000, ""},
		{"60", "JPY", 60, ""},
		{"60.00", "JPY", 60, ""},
		{"60.5", "JPY", 0, "amount"},
		{"1.234", "KWD", 1234, ""},
		{"1.2345", "KWD", 0, "amount"},
		{"0.000001", "USDT", 1, ""},
		{"0.0000001", "USDT", 0, "amount"},
		{"1", "DOGE", 0, "currency"},
		{"99999999999999999999", "USD", 0, "amount"},
	} {
		units, err := Money{decimal.RequireFromString(c.amount), c.currency}.Minor(token)
		if c.wrong == "" && (err != nil || units != c.units) {
			t.Errorf("%s %s: got %d, %v", c.amount, c.currency, units, err)
		}
		if e := AsError(err); c.wrong != "" &&
			(e == nil || len(e.Violations) != 1 || e.Violations[0].Field != c.wrong || e.Outcome != OutcomeNotSent) {
			t.Errorf("%s %s: got %v", c.amount, c.currency, err)
		}
	}
}

func TestMinorAndFromMinorAreOpposites(t *testing.T) {
	token := MustLimit("USDT", "", "", 6)
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"USD", "JPY", "KWD", "CLF", "USDT"}).
			Draw(t, "currency")
		units := rapid.Int64().Draw(t, "units")
		m := FromMinor(units, currency, token)
		if back, err := m.Minor(token); err != nil || back != units {
			t.Fatalf("%d became %s and %d, %v", units, m, back, err)
		}
	})

	if m := FromMinor(1, "DOGE"); m != nil {
		t.Errorf("got %s", m)
	}
}
