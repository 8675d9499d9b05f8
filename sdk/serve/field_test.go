package serve

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// Every text that a create can be without may be declared as needed, under the
// name that its value is looked up by.
func TestEveryOptionalTextMayBeNeeded(t *testing.T) {
	// the host's own, always there
	given := []string{"Reference", "IdempotencyKey", "NotifyURL", "ReturnURL", "CancelURL"}
	payment, payout := sdk.CreatePaymentRequest{}, sdk.CreatePayoutRequest{}
	payments := markTexts(reflect.ValueOf(&payment).Elem(), given)

	payouts := markTexts(reflect.ValueOf(&payout).Elem(), given)
	for what, c := range map[string]struct {
		texts map[string]string
		marks []string
	}{
		"payment": {wire.PaymentTexts(payment), payments}, "payout": {wire.PayoutTexts(payout), payouts},
	} {
		if got := slices.Sorted(maps.Values(c.texts)); !slices.Equal(got, c.marks) {
			t.Errorf("%s: %v, want every one of %v", what, got, c.marks)
		}

		for name := range c.texts {
			problems := &wire.Problems{}
			if checkFields(problems, []string{name}, c.texts); len(
				problems.Invalid(),
			) != 0 {
				t.Errorf("%s: %s is there: %v", what, name, problems.Invalid())
			}

			c.texts[name] = ""
			if checkFields(problems, []string{name}, c.texts); len(
				problems.Invalid(),
			) != 1 ||
				problems.Invalid()[0].Field != name {
				t.Errorf("%s: %s is missing: %v", what, name, problems.Invalid())
			}
		}
	}
}

// markTexts puts another text into every string and returns them, sorted.
func markTexts(v reflect.Value, without []string) (marks []string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case slices.Contains(without, field.Name):
		case field.Type.Kind() == reflect.String:
			v.Field(i).SetString(v.Type().Name() + "." + field.Name)
			marks = append(marks, v.Field(i).String())
		case field.Type == reflect.TypeFor[sdk.Customer](),
			field.Type == reflect.TypeFor[sdk.Recipient]():
			marks = append(marks, markTexts(v.Field(i), without)...)
		}
	}

	slices.Sort(marks)
	return marks
}

type learner struct{ sdk.Provider }

func (learner) TakesCurrency(string) bool { return true }

// An account's currencies are all that it takes, unless it may learn of more.
func TestOnlyALearnerTakesMoreThanItsCurrencies(t *testing.T) {
	for want, p := range map[bool]sdk.Provider{true: struct{ sdk.Provider }{}, false: learner{}} {
		a := &account{plugin: &sdk.Info{Currencies: []string{"USD"}}, provider: p}
		if a.describe("identity"); a.info.CurrenciesComplete != want {
			t.Errorf("%T: complete %v", p, a.info.CurrenciesComplete)
		}
	}
}
