package sdk

import (
	"context"
	"net/http"
	"time"
)

// HTTPRequest is a request as it came in, unparsed.
type HTTPRequest struct {
	Method string
	// Query is the query string without "?", as it came.
	Query string
	// Header keys are in canonical form, as net/http has them.
	Header http.Header
	Body   []byte
	// RemoteAddress is the peer's IP address without a port, after the host's
	// trusted proxies.
	RemoteAddress string
	ReceivedAt    time.Time
}

// URLScope is what the request's own URL proves.
type URLScope string

// The scopes.
const (
	ScopeOpen    URLScope = "open"    // the open URL: proves nothing
	ScopeAccount URLScope = "account" // the account's own unguessable URL
	ScopeIntent  URLScope = "intent"  // the unguessable URL of one payment or payout
)

// Verification is how a request is proven to come from the provider. The
// empty value is read as NotVerified.
type Verification string

// The degrees of proof.
const (
	// NotVerified: the host takes the events only as a reason to ask the
	// provider. Where the provider's document bounds the time in which a webhook
	// counts, one that comes later is only a hint.
	NotVerified Verification = "none"
	// VerifiedByOrigin: it came on a URL that only the provider can know, or
	// from one of its addresses. The host believes a success only when the
	// webhook carries amount and currency, or asking confirms it.
	VerifiedByOrigin Verification = "origin"
	// VerifiedBySignature: its signature verifies.
	VerifiedBySignature Verification = "signature"
)

// ParseWebhookRequest is one raw webhook.
type ParseWebhookRequest struct {
	Request HTTPRequest
	Scope   URLScope
	// Payment or Payout is what the URL belongs to; both are nil unless Scope
	// is ScopeIntent.
	Payment *PaymentContext
	Payout  *PayoutContext
}

// WebhookResult is what a provider's webhook says.
type WebhookResult struct {
	Verification Verification
	// Events are in the order in which they are to be applied; a webhook may have
	// several. A genuine one that says nothing about money has no events and the
	// provider's usual answer: the provider may add kinds.
	Events []Event
	// Response is what the provider wants to hear once the webhook is safely
	// stored. A zero Status is 200.
	Response HTTPResponse
}

// HTTPResponse is an answer to a webhook.
type HTTPResponse struct {
	// Status is 200 to 599; 0 is 200.
	Status int
	// Header may have a Content-Type, which the host takes when it is plain
	// text, CSV, JSON, XML, a form or application/octet-stream. Any other type,
	// HTML too, is sent as plain text, and other headers are not sent.
	Header http.Header
	// Body is sent to the byte, at most 64 KiB of it.
	Body []byte
}

// OK is the answer with status 200 and this body, which is what most providers
// want to hear.
func OK(contentType, body string) HTTPResponse {
	return HTTPResponse{
		Header: http.Header{"Content-Type": {contentType}},
		Body:   []byte(body),
	}
}

// Event is one thing that a webhook says. Exactly one of Payment, Payout and
// Refund is set.
type Event struct {
	// ID is the provider's id of the event, when it has one: the host applies
	// an id once for each payment, payout or refund, so the events of one
	// webhook may share it.
	ID string
	// Reference is ours, as the provider gives it back; empty when the webhook
	// has only the provider's.
	Reference  string
	Payment    *Payment
	Payout     *Payout
	Refund     *Refund
	OccurredAt time.Time // zero when the provider does not say
	// PaymentReference is, for a refund, the payment's reference.
	PaymentReference string
	// BothReferences is set when the provider's reference must match as well as ours. An
	// intent that is known under other provider references only is then not
	// what the event is about.
	BothReferences bool
}

// ParseReturnRequest is the customer's browser coming back.
type ParseReturnRequest struct {
	Request HTTPRequest
	Scope   URLScope
	Payment *PaymentContext // nil unless Scope is ScopeIntent
}

// Return is the meaning of a customer's return. Unless it is
// VerifiedBySignature its events are hints.
type Return struct {
	Verification Verification
	Events       []Event
}

// WebhookParser is CapabilityParseWebhook.
type WebhookParser interface {
	// ParseWebhook returns what a webhook says and what the provider wants to hear
	// back. It returns the same events for the same request however often it is
	// called, also years later: the host reads stored webhooks again, so a time is
	// compared with Request.ReceivedAt and not with the clock. It changes nothing
	// at the provider. A signature that does not verify is an *Error with
	// CodeInvalidSignature.
	ParseWebhook(context.Context, ParseWebhookRequest) (*WebhookResult, error)
}

// ReturnParser is CapabilityParseReturn.
type ReturnParser interface {
	// ParseReturn returns what the request says with which the customer's browser
	// comes back. It may be called several times for the same request and changes
	// nothing at the provider. Only a signature that verifies makes more of it
	// than a hint.
	ParseReturn(context.Context, ParseReturnRequest) (*Return, error)
}
