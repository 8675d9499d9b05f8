package conformance

import (
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// Samples turn the kit's own requests into ones that the provider accepts; what is not there leaves them as they are.
//
// The kit fills in every common field: 60 (or the nearest amount within the declared limits) of the first declared
// currency, the first declared country, the first listed method that fits, URLs, and a customer or recipient with
// everything. The reference, in lower case, is the local part of their e-mail address.
type Samples struct {
	// Payment is one that the customer pays in the usual way.
	Payment *Sample `json:"payment,omitempty"`
	// Authorization is one that ends as authorized when the customer pays. It is needed for capture_payment.
	Authorization *Sample `json:"authorization,omitempty"`
	// Confirmable is one whose next action asks for proof; nil is Payment.
	Confirmable *Sample `json:"confirmable,omitempty"`
	// Confirm is what the customer sends back, by the field's name, where the kit's own does not do: that answers every
	// field which the next action asked for, by its kind.
	Confirm map[string]string `json:"confirm,omitempty"`
	// Payout is one that the provider accepts.
	Payout *Sample `json:"payout,omitempty"`
	// Operations has a valid input for each of the provider's own operations, by name; without one it is {}.
	Operations map[string]json.RawMessage `json:"operations,omitempty"`
}

// Sample is what differs from the kit's own request: an empty field leaves the kit's. In every text "{reference}" stands
// for our reference in lower case, so that what is made can be found again.
type Sample struct {
	Amount   decimal.Decimal `json:"amount,omitzero"`
	Currency string          `json:"currency,omitempty"`
	Method   string          `json:"method,omitempty"`
	Country  string          `json:"country,omitempty"`
	Language string          `json:"language,omitempty"`
	// Options is a JSON object: the provider's own options.
	Options json.RawMessage `json:"options,omitempty"`
	// Person is the customer of a payment or the recipient of a payout.
	Person Person `json:"person,omitzero"`
}

// Person has what is known of a customer or a recipient.
type Person struct {
	ID            string `json:"id,omitempty"`
	Email         string `json:"email,omitempty"`
	Phone         string `json:"phone,omitempty"`
	Name          string `json:"name,omitempty"` // of a recipient
	FirstName     string `json:"first_name,omitempty"`
	LastName      string `json:"last_name,omitempty"`
	IP            string `json:"ip,omitempty"`
	AccountNumber string `json:"account_number,omitempty"`
	IBAN          string `json:"iban,omitempty"`
}

// named puts the reference into a text of a sample.
func named(text, reference string) string {
	return strings.ReplaceAll(text, "{reference}", strings.ToLower(reference))
}

// replace puts the sample's value where there is one.
func replace(target *string, value, reference string) {
	if value != "" {
		*target = named(value, reference)
	}
}

func (s *Sample) money(m *sdk.Money) {
	if !s.Amount.IsZero() {
		m.Amount = s.Amount
	}
	if s.Currency != "" {
		m.Currency = s.Currency
	}
}

func (s *Sample) options(o *json.RawMessage, reference string) {
	text := string(*o)
	replace(&text, string(s.Options), reference)
	*o = json.RawMessage(text)
}

// payment changes the kit's request; a nil sample changes nothing.
func (s *Sample) payment(r *sdk.CreatePaymentRequest) {
	if s == nil {
		return
	}
	s.money(&r.Amount)
	s.options(&r.Options, r.Reference)
	for _, f := range []struct {
		target *string
		value  string
	}{
		{&r.Method, s.Method}, {&r.Country, s.Country}, {&r.Language, s.Language},
		{&r.Customer.ID, s.Person.ID}, {&r.Customer.Email, s.Person.Email}, {&r.Customer.Phone, s.Person.Phone},
		{&r.Customer.FirstName, s.Person.FirstName}, {&r.Customer.LastName, s.Person.LastName}, {&r.Customer.IP, s.Person.IP},
	} {
		replace(f.target, f.value, r.Reference)
	}
}

// payout is the same for a payout.
func (s *Sample) payout(r *sdk.CreatePayoutRequest) {
	if s == nil {
		return
	}
	s.money(&r.Amount)
	s.options(&r.Options, r.Reference)
	for _, f := range []struct {
		target *string
		value  string
	}{
		{&r.Method, s.Method},
		{&r.Recipient.ID, s.Person.ID}, {&r.Recipient.Email, s.Person.Email}, {&r.Recipient.Phone, s.Person.Phone},
		{&r.Recipient.Name, s.Person.Name}, {&r.Recipient.IBAN, s.Person.IBAN},
		{&r.Recipient.AccountNumber, s.Person.AccountNumber},
	} {
		replace(f.target, f.value, r.Reference)
	}
}
