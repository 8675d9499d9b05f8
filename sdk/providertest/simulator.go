package providertest

import (
	"encoding/json"
	"net/http"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest/fault"
)

// Simulator is a provider's API as its document describes it, in memory. It must check credentials, signatures and
// required fields as the provider does, and allow several requests at once.
//
// The kit uses it under one address for the length of a Run, and makes new references for everything it does; a
// simulator is never asked to forget.
type Simulator interface {
	http.Handler
	// Faults are what the simulator can be told to do wrong. They act on every request of the API.
	Faults() *fault.Injector
}

// Bookkeeper is needed when something can be created: only the provider's own books prove that nothing was done twice.
// A payment or payout has one entry for each time that it was made; one that the provider refused, or answered with the
// original, has none. The kit finds an entry by its OrderID, or by the reference in its Recipient (see Samples).
// Refunds and captures have entries of the kinds Refund (OrderID is our reference of the refund) and Capture (OrderID
// is our reference of the payment).
type Bookkeeper interface {
	Books() *fault.Books
}

// Kinds of entries besides fault.Payment and fault.Payout.
const (
	Refund  fault.EntryKind = "refund"
	Capture fault.EntryKind = "capture"
)

// Settler is needed when payments can be asked about or notices are sent.
type Settler interface {
	// Settle makes the customer pay what the reference stands for, or the provider finish the payout, as far as the
	// provider's side goes. From then on status answers and notices say so.
	Settle(reference string)
}

// Notifier is needed for parse_webhook.
type Notifier interface {
	// Webhooks gives the notices that the provider sends about our reference, as it stands, oldest first. They are to
	// be genuine in everything: method, query, headers, body and remote address. When the provider has several ways to
	// write the same notice (JSON or form), it gives each.
	Webhooks(reference string) []sdk.HTTPRequest
}

// Returner is needed for parse_return.
type Returner interface {
	// Returns gives the requests with which the customer's browser comes back, as things stand.
	Returns(reference string) []sdk.HTTPRequest
}

// Requests is for providers that need more than the usual fields.
type Requests interface {
	Samples() Samples
}

// Samples are valid requests, in which the kit always sets Reference, IdempotencyKey, Sequence and Attempt itself. A
// nil one stands for the kit's own, which fills in every common field: an amount within the declared limits, the first
// declared currency and country, the first listed method, a customer or recipient with everything. The reference, in
// lower case, is the local part of the customer's and the recipient's e-mail address and ends the recipient's id.
type Samples struct {
	// Payment is one that the customer pays in the usual way.
	Payment func(reference string) sdk.CreatePaymentRequest
	// Authorization is one that ends as authorized when the customer pays. It is needed for capture_payment.
	Authorization func(reference string) sdk.CreatePaymentRequest
	// Confirmable is one whose next action asks for proof; nil is Payment.
	Confirmable func(reference string) sdk.CreatePaymentRequest
	// Confirm is what the customer sends back; nil answers every field that was asked for, by its kind.
	Confirm func(reference string, asked sdk.Confirm) (fields map[string]string, attachments []sdk.Attachment)
	// Payout is one that the provider accepts.
	Payout func(reference string) sdk.CreatePayoutRequest
	// Operations has a valid input for each of the provider's own operations, by name; nil is an empty object.
	Operations map[string]json.RawMessage
}
