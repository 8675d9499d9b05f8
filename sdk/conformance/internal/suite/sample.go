package suite

import (
	"encoding/json"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
)

// withReference puts our reference into a text of a sample.
func withReference(text, reference string) string {
	return strings.ReplaceAll(text, "{reference}", strings.ToLower(reference))
}

// replacement is one text of the kit's request and the sample's value for it.
type replacement struct {
	target *string
	value  string // "" leaves the kit's
}

func replace(reference string, list ...replacement) {
	for _, r := range list {
		if r.value != "" {
			*r.target = withReference(r.value, reference)
		}
	}
}

func replaceMoney(sample *control.Sample, money *sdk.Money) {
	if !sample.Amount.IsZero() {
		money.Amount = sample.Amount
	}
	if sample.Currency != "" {
		money.Currency = sample.Currency
	}
}

func replaceOptions(sample *control.Sample, options *json.RawMessage, reference string) {
	if len(sample.Options) > 0 {
		*options = json.RawMessage(withReference(string(sample.Options), reference))
	}
}

// applyToPayment changes the kit's request as the sample says; a nil sample
// changes nothing.
func applyToPayment(sample *control.Sample, req *sdk.CreatePaymentRequest) {
	if sample == nil {
		return
	}
	replaceMoney(sample, &req.Amount)
	replaceOptions(sample, &req.Options, req.Reference)

	person, customer := sample.Person, &req.Customer
	replace(req.Reference,
		replacement{&req.Method, sample.Method},
		replacement{&req.Country, sample.Country},
		replacement{&req.Language, sample.Language},
		replacement{&customer.ID, person.ID},
		replacement{&customer.Email, person.Email},
		replacement{&customer.Phone, person.Phone},
		replacement{&customer.FirstName, person.FirstName},
		replacement{&customer.LastName, person.LastName},
		replacement{&customer.IP, person.IP},
	)
}

// applyToPayout does the same to a payout.
func applyToPayout(sample *control.Sample, req *sdk.CreatePayoutRequest) {
	if sample == nil {
		return
	}
	replaceMoney(sample, &req.Amount)
	replaceOptions(sample, &req.Options, req.Reference)

	person, recipient := sample.Person, &req.Recipient
	replace(req.Reference,
		replacement{&req.Method, sample.Method},
		replacement{&recipient.ID, person.ID},
		replacement{&recipient.Email, person.Email},
		replacement{&recipient.Phone, person.Phone},
		replacement{&recipient.Name, person.Name},
		replacement{&recipient.IBAN, person.IBAN},
		replacement{&recipient.AccountNumber, person.AccountNumber},
	)
}
