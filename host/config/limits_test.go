package config

import (
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

func TestLimitsAreRead(t *testing.T) {
	c, err := loadString(`[providers.a]
plugin = "a"
[providers.a.limits]
payment_max = ["1000.00 USD", "0.5 BTC"]
payout_max = ["500 USD"]
payout_per_day = ["20000.00 USD"]
doubt_max = ["5000.00 USD", "1 USDT-TRC20"]
per_second = 10
`)
	if err != nil {
		t.Fatal(err)
	}

	limits := c.Providers[0].Limits
	money := func(amount, currency string) sdk.Money {
		return sdk.Money{Amount: decimal.RequireFromString(amount), Currency: currency}
	}
	want := Limits{
		PaymentMax:   []sdk.Money{money("1000", "USD"), money("0.5", "BTC")},
		PayoutMax:    []sdk.Money{money("500", "USD")},
		PayoutPerDay: []sdk.Money{money("20000", "USD")},
		DoubtMax:     []sdk.Money{money("5000", "USD"), money("1", "USDT-TRC20")},
		PerSecond:    10,
	}
	if !limits.same(want) {
		t.Errorf("got %+v", limits)
	}

	if most, ok := Most(limits.PaymentMax, "BTC"); !ok || !most.Equal(money("0.5", "BTC")) {
		t.Errorf("BTC: %s, %v", most, ok)
	}
	if _, ok := Most(limits.PaymentMax, "EUR"); ok {
		t.Error("a currency that is not named is capped")
	}
}

// Each field makes a provider another one, so that a reload applies it.
func TestLimitsAreCompared(t *testing.T) {
	one := []sdk.Money{{Amount: decimal.NewFromInt(1), Currency: "USD"}}
	for k, limits := range []Limits{
		{PaymentMax: one}, {PayoutMax: one}, {PayoutPerDay: one}, {DoubtMax: one}, {PerSecond: 1},
	} {
		if (Provider{Limits: limits}).Same(Provider{}) {
			t.Errorf("limits %d are not compared", k)
		}
		if !(Provider{Limits: limits}).Same(Provider{Limits: limits}) {
			t.Errorf("limits %d are not the same as themselves", k)
		}
	}
}

// Every mistake is reported at once, at its line and with its key.
func TestEveryMistakeInLimitsIsReported(t *testing.T) {
	_, err := loadString(`[providers.a]
plugin = "a"
[providers.a.limits]
payment_max = ["1000.00", "-1 USD", "1e3 USD", "1.00 usd"]
payout_max = ["0.00 USD", "1 EUR", "2 EUR", 3]
payout_per_day = "100 USD"
doubt_max = ["1  USD", "1,000 USD"]
per_second = 0
per_minute = 1
`)
	if err == nil {
		t.Fatal("it is accepted")
	}

	got := strings.Split(err.Error(), "\n")
	want := []string{
		":4: providers.a.limits.payment_max[0]: must be an amount and its currency",
		":4: providers.a.limits.payment_max[1]: must be more than zero",
		":4: providers.a.limits.payment_max[2]: must be an amount and its currency",
		":4: providers.a.limits.payment_max[3]: must be an amount and its currency",
		":5: providers.a.limits.payout_max[0]: must be more than zero",
		":5: providers.a.limits.payout_max[2]: a second amount in EUR",
		":5: providers.a.limits.payout_max[3]: must be text in quotes",
		":6: providers.a.limits.payout_per_day: must be a list of amounts",
		":7: providers.a.limits.doubt_max[0]: must be an amount and its currency",
		":7: providers.a.limits.doubt_max[1]: must be an amount and its currency",
		":8: providers.a.limits.per_second: must be from 1 to 10000, not 0",
		`:9: providers.a.limits.per_minute: unknown key`,
	}
	if len(got) != len(want) {
		t.Fatalf("got %d problems:\n%s", len(got), err)
	}

	for k := range want {
		if !strings.Contains(got[k], want[k]) {
			t.Errorf("got\n%s\nwant\n%s", got[k], want[k])
		}
	}
}

// Limits of a Config that was built in code are checked alike.
func TestLimitsInCodeAreChecked(t *testing.T) {
	for _, limits := range []Limits{
		{PayoutMax: []sdk.Money{{Amount: decimal.NewFromInt(1)}}},
		{PayoutMax: []sdk.Money{{Amount: decimal.NewFromInt(-1), Currency: "USD"}}},
		{PerSecond: -1},
		{PerSecond: 10_001},
	} {
		c := &Config{Providers: []Provider{{Name: "a", Plugin: "a", Limits: limits}}}
		if err := c.Validate(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", limits, err)
		}
	}
}
