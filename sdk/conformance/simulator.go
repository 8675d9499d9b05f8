package conformance

import (
	"net/http"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// Simulator is a provider's API as its document describes it, in memory. It must check credentials, signatures and
// required fields as the provider does, and allow several requests at once.
//
// The kit uses it under one address for the length of a Run, and makes new references for everything it does; a
// simulator is never asked to forget.
//
// What goes wrong between plugin and provider is the kit's doing: its faults stand before the simulator.
type Simulator interface {
	http.Handler
}

// Bookkeeper is needed when something can be created: only the provider's own books prove that nothing was done twice.
// A payment or payout has one entry for each time that it was made; one that the provider refused, or answered with the
// original, has none. The kit finds an entry by its OrderID, or by the reference in its Recipient (see Samples).
// Refunds and captures have entries of the kinds fault.Refund (OrderID is our reference of the refund) and fault.Capture
// (OrderID is our reference of the payment).
type Bookkeeper interface {
	Books() *fault.Books
}

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

// Oddity is a way in which a notice can differ from the usual ones and yet be the provider's.
type Oddity string

// The oddities.
const (
	// Stale is signed rightly, and comes so long after it was made that somebody may have kept it: for providers whose
	// document bounds the time.
	Stale Oddity = "stale"
	// UnknownKind is about something that the plugin cannot know, as when the provider adds a kind of notice.
	UnknownKind Oddity = "unknown_kind"
	// Batch is one delivery about several payments.
	Batch Oddity = "batch"
	// SecondTransaction says that a payment which was paid has been paid again, in
	// another transaction: for providers whose transactions have ids of their own.
	SecondTransaction Oddity = "second_transaction"
)

// OddNotifier is for providers with such notices: the kit has a case for each oddity that is there.
type OddNotifier interface {
	// OddWebhooks gives, by oddity, what makes the notices about payments with our references, as they stand. Each is
	// genuine as far as its signature or its origin goes.
	OddWebhooks() map[Oddity]func(references ...string) []sdk.HTTPRequest
}

// Returner is needed for parse_return.
type Returner interface {
	// Returns gives the requests with which the customer's browser comes back, as things stand.
	Returns(reference string) []sdk.HTTPRequest
}

// Authenticator is for providers whose calls carry a token that another call gives. The requests to LoginPath are neither
// counted nor broken: what a plugin does when a login fails is for its own tests (it is not sent, whatever became of the
// login). The simulator serves that path beside its faults, not under them.
type Authenticator interface {
	LoginPath() string
}

// Requests is for providers that need more than the usual fields.
type Requests interface {
	Samples() Samples
}
