package sdk

import (
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestParseAmount(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"0", "0"}, {"60", "60"}, {"60.00", "60"}, {"-1.5", "-1.5"}, {"-0", "0"}, {"007.10", "7.1"},
		{"0.000000000000000001", "0.000000000000000001"},
		{strings.Repeat("9", 64), strings.Repeat("9", 64)},
	} {
		got, err := ParseAmount(c.text)
		if err != nil || got.String() != c.want {
			t.Errorf("%q: got %s, %v; want %s", c.text, got, err, c.want)
		}
	}

	for _, text := range []string{
		"", "-", ".", "+1", ".5", "5.", "1.2.3", "--1", "1e3", "1E3", "1e1000000000", "1,5", "1_000", " 1", "1 ", "1\n",
		"0x10", "NaN", "Inf", "-Infinity", "١", "１", "1/2", strings.Repeat("9", 65), "1\x00",
	} {
		if got, err := ParseAmount(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func TestParseAmountReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,30}(\.[0-9]{1,30})?`).Draw(t, "text")
		d, err := ParseAmount(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseAmount(d.String())
		if err != nil || !again.Equal(d) || !d.Equal(decimal.RequireFromString(text)) {
			t.Fatalf("%q became %s, then %s, %v", text, d, again, err)
		}
	})
}

func TestMoneyEqual(t *testing.T) {
	m := Money{decimal.RequireFromString("60"), "USD"}
	if !m.Equal(Money{decimal.RequireFromString("60.00"), "USD"}) {
		t.Error("60 USD is not 60.00 USD")
	}

	for _, other := range []Money{{decimal.RequireFromString("60"), "EUR"}, {decimal.RequireFromString("60.01"), "USD"}} {
		if m.Equal(other) {
			t.Errorf("%s is %s", m, other)
		}
	}

	if m.String() != "60 USD" {
		t.Errorf("got %q", m.String())
	}
}

func TestCheckCurrency(t *testing.T) {
	for _, code := range []string{"USD", "USDT-TRC20", "1INCH", "A.B_C", strings.Repeat("A", 32)} {
		if err := CheckCurrency(code); err != nil {
			t.Errorf("%q: %v", code, err)
		}
	}

	for _, code := range []string{"", "usd", "-USD", "US D", "USD\n", "€", strings.Repeat("A", 33)} {
		if CheckCurrency(code) == nil {
			t.Errorf("%q is accepted", code)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"0", "60.00", "-1.5", "1e9", "", ".", strings.Repeat("9", 65), "1\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseAmount(text)
		if err != nil {
			return
		}
		if len(text) > 64 || strings.Trim(text, "-0123456789.") != "" {
			t.Fatalf("%q is accepted", text)
		}

		if again, err := decimal.NewFromString(text); err != nil || !again.Equal(d) {
			t.Fatalf("%q is read as %s, not %s (%v)", text, d, again, err)
		}
		if len(d.String()) > 65 {
			t.Fatalf("%q grew to %d characters", text, len(d.String()))
		}
	})
}

func TestReadMoney(t *testing.T) {
	for _, c := range []struct{ amount, currency, want string }{
		{"13628.50", "INR", "13628.5 INR"}, {"0", "INR", ""}, {"-1", "INR", ""}, {"1e9", "INR", ""}, {"", "INR", ""}, {"1", "inr", ""}, {"1", "", ""},
	} {
		got := ""
		if m := ReadMoney(c.amount, c.currency); m != nil {
			got = m.String()
		}
		if got != c.want {
			t.Errorf("%q of %q: got %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}

func TestAnUnreadableAmountPutsASuccessUnderReview(t *testing.T) {
	for _, c := range []struct {
		amount, currency string
		want             string // the amount
		status           PaymentStatus
	}{
		{"60.00", "USD", "60 USD", PaymentSucceeded},
		{"6e1", "USD", "60 USD", PaymentSucceeded},
		{"", "USD", "", PaymentSucceeded},
		{"", "", "", PaymentSucceeded},
		{"1,060.00", "USD", "", PaymentUnderReview},
		{"60,00", "USD", "", PaymentUnderReview},
		{" 60.00 ", "USD", "", PaymentUnderReview},
		{"$60.00", "USD", "", PaymentUnderReview},
		{"0", "USD", "0 USD", PaymentSucceeded},
		{"-60", "USD", "", PaymentUnderReview},
		{strings.Repeat("9", 1<<20), "USD", "", PaymentUnderReview},
		{"1e999999999", "USD", "", PaymentUnderReview},
		{"60", "", "", PaymentUnderReview},
		{"60", "US dollars", "", PaymentUnderReview},
	} {
		p := Payment{Status: PaymentSucceeded}
		p.ReadAmount(c.amount, c.currency)
		out := Payout{Status: PayoutSucceeded}
		out.ReadAmount(c.amount, c.currency)
		refund := Refund{Status: RefundSucceeded}
		refund.ReadAmount(c.amount, c.currency)

		if got := textOf(p.Amount); got != c.want || p.Status != c.status {
			t.Errorf("%.20q %q: got %s, %s", c.amount, c.currency, got, p.Status)
		}
		if string(out.Status) != string(c.status) ||
			string(refund.Status) != string(c.status) {
			t.Errorf(
				"%.20q %q: a payout is %s, a refund %s",
				c.amount,
				c.currency,
				out.Status,
				refund.Status,
			)
		}

		if reviewed := c.status == PaymentUnderReview; reviewed != (p.Message != "") ||
			len(p.Message) > 300 {
			t.Errorf("%.20q: the message is %q", c.amount, p.Message)
		}
	}

	failed := Payment{Status: PaymentFailed}
	failed.ReadAmount("junk", "USD")
	if failed.Status != PaymentFailed || failed.Amount != nil {
		t.Errorf("a failure became %+v", failed)
	}
}

func textOf(m *Money) string {
	if m == nil {
		return ""
	}
	return m.String()
}

// The contract says the forms of amounts and currencies as regular expressions.
func TestFormsAreThoseOfTheContract(t *testing.T) {
	amount := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	currency := regexp.MustCompile(`^[A-Z0-9][A-Z0-9._-]{0,31}$`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[-+.,0-9 e\n]{0,8}`),
			rapid.StringMatching(`-?[0-9]{1,3}\.?[0-9]{0,3}[-.\n]?`),
			rapid.StringMatching(`[-A-Z0-9._a]{0,4}`),
			rapid.StringMatching(`[A-Z0-9][A-Z0-9._-]{28,33}`),
			rapid.String(),
		).Draw(t, "text")

		if got := isPlainDecimal(text); got != amount.MatchString(text) {
			t.Errorf("%q: an amount: %v", text, got)
		}
		if got := isCurrencyCode(text); got != currency.MatchString(text) {
			t.Errorf("%q: a currency: %v", text, got)
		}
	})
}
