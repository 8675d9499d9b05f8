package config

import (
	"testing"

	"github.com/shopspring/decimal"
)

func TestWhatNeedsASecondName(t *testing.T) {
	c := loaded(t, t.TempDir(), `
[approval]
payout_above = ["1000.00 USD", "0 EUR"]
resolve = true
`, nil)
	for currency, want := range map[string]string{"USD": "1000", "EUR": "0"} {
		above, listed := c.Approval.Above(currency)
		if !listed || !above.Equal(decimal.RequireFromString(want)) {
			t.Errorf("%s: %s, %v", currency, above, listed)
		}
	}
	if _, listed := c.Approval.Above("GBP"); listed || !c.Approval.Resolve {
		t.Errorf("got %+v", c.Approval)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
