package control

import (
	"net/http"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// Simulator is a provider's API as its document describes it, in memory. It
// must check credentials, signatures and required fields as the provider does,
// and allow several requests at once.
//
// The kit uses a simulator under one address for the length of a run, and makes
// new references for everything that it does; it never asks a simulator to
// forget. The kit injects its own faults between plugin and simulator.
type Simulator interface {
	http.Handler
}

// Bookkeeper is needed when something can be created: only the provider's own
// books prove that nothing was done twice.
type Bookkeeper interface {
	// Ledger returns the provider's books. A payment or payout must have one
	// entry for each time that it was made; one that the provider refused, or
	// answered with the original, must have none. The kit finds an entry by its
	// OrderID, or by the reference in its Recipient (see Samples). An entry of
	// the kind ledger.Refund has our reference of the refund in OrderID, one of
	// the kind ledger.Capture our reference of the payment.
	Ledger() *ledger.Ledger
}

// Settler is needed when a host can query the status of payments, or webhooks
// are sent.
type Settler interface {
	// Settle makes the customer pay what the reference stands for, or the
	// provider finish the payout, as far as the provider's side goes. From then
	// on status answers and webhooks must say so.
	Settle(reference string)
}

// Notifier is needed for parse_webhook.
type Notifier interface {
	// Webhooks returns the webhooks that the provider sends about our
	// reference, as it stands, oldest first. They must be genuine in
	// everything: method, query, headers, body and remote address. When the
	// provider has several ways to write the same webhook (JSON or form),
	// Webhooks returns each.
	Webhooks(reference string) []sdk.HTTPRequest
}

// Oddity is a way in which a webhook can differ from the usual ones and yet be
// the provider's.
type Oddity string

// The oddities.
const (
	// Stale is a webhook that is signed rightly, and comes so long after it was
	// made that an attacker may have kept it: for providers whose document
	// bounds the time.
	Stale Oddity = "stale"
	// UnknownKind is a webhook about something that the plugin cannot know, as
	// when the provider adds a kind of webhook.
	UnknownKind Oddity = "unknown_kind"
	// Batch is one delivery about several payments.
	Batch Oddity = "batch"
	// SecondTransaction is a webhook about a payment which was paid and has
	// been paid again, in another transaction: for providers whose transactions
	// have ids of their own.
	SecondTransaction Oddity = "second_transaction"
)

// OddNotifier is for providers with such webhooks: the kit has a case for each
// oddity that there is.
type OddNotifier interface {
	// OddWebhooks returns, by oddity, a function that makes the webhooks about
	// payments with our references, as they stand. Each webhook must be genuine
	// as far as its signature or its origin goes.
	OddWebhooks() map[Oddity]func(references ...string) []sdk.HTTPRequest
}

// Returner is needed for parse_return.
type Returner interface {
	// Returns returns the requests with which the customer's browser comes
	// back, as the payment stands.
	Returns(reference string) []sdk.HTTPRequest
}

// Authenticator is for providers whose calls carry a token that another call
// returns.
type Authenticator interface {
	// LoginPath returns the path of that call. The kit neither counts nor
	// breaks requests to it: what a plugin does when a login fails is for its
	// own tests (the payment is not sent, however the login ended). The
	// simulator must serve the path beside its faults, not under them.
	LoginPath() string
}

// Requests is for providers that need more than the usual fields.
type Requests interface {
	// Samples returns what the kit's requests must have besides.
	Samples() Samples
}
