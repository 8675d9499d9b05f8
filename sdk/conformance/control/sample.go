package control

import (
	"encoding/json"

	"github.com/shopspring/decimal"
)

// Samples turn the kit's own requests into ones that the provider accepts. A
// request without a sample stays as the kit makes it.
//
// The kit fills in every common field: 60 (or the nearest amount within the
// declared limits) of the first declared currency, the first declared country,
// the first listed method that fits, URLs, and a customer or recipient with all
// fields. The reference, in lower case, is the local part of their e-mail
// address.
type Samples struct {
	// Payment is one that the customer pays in the usual way.
	Payment *Sample `json:"payment,omitempty"`
	// Authorization is one that is authorized when the customer pays. It is
	// needed for capture_payment.
	Authorization *Sample `json:"authorization,omitempty"`
	// Confirmable is one whose next action asks for proof; nil is Payment.
	Confirmable *Sample `json:"confirmable,omitempty"`
	// Confirm is what the customer sends back, by the field's name. The kit
	// answers the other fields that the next action asked for, by their kind.
	Confirm map[string]string `json:"confirm,omitempty"`
	// Payout is one that the provider accepts.
	Payout *Sample `json:"payout,omitempty"`
	// Operations has a valid input for each of the provider's own operations,
	// by name; without one the input is {}.
	Operations map[string]json.RawMessage `json:"operations,omitempty"`
}

// Sample is how a request differs from the kit's own: an empty field leaves the
// kit's value. In every text "{reference}" stands for our reference in lower
// case, so that what is made can be found again.
type Sample struct {
	Amount   decimal.Decimal `json:"amount,omitzero"` // in units of the currency
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
