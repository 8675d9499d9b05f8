package sdk

import (
	"context"
	"encoding/json"
	"time"
)

// PaymentStatus is how far a payment is, as a provider can tell. A status that
// this version does not know arrives as "unrecognized_N" and is passed on.
type PaymentStatus string

// The statuses that a provider may report. The host adds two of its own,
// "created" and "unknown".
const (
	PaymentRequiresAction PaymentStatus = "requires_action" // the customer must do something
	PaymentProcessing     PaymentStatus = "processing"      // the provider is working on it
	PaymentAuthorized     PaymentStatus = "authorized"      // reserved but not taken
	PaymentSucceeded      PaymentStatus = "succeeded"
	PaymentFailed         PaymentStatus = "failed"
	PaymentCanceled       PaymentStatus = "canceled"
	PaymentExpired        PaymentStatus = "expired"
	PaymentUnderReview    PaymentStatus = "under_review" // a person must look at it
)

// Customer is who pays. Every field may be empty; a provider that needs one
// reports a violation.
type Customer struct {
	ID        string
	Email     string
	Phone     string
	FirstName string
	LastName  string
	IP        string
}

// CreatePaymentRequest asks for a new payment.
type CreatePaymentRequest struct {
	// Reference is ours and unique for ever: at most 36 characters of A-Z a-z
	// 0-9 _ -. It goes to the provider as its order id.
	Reference string
	// IdempotencyKey is stable for the intent: every attempt of this payment
	// carries the same.
	IdempotencyKey string
	// Sequence is a number from 1 up, never used twice for one identity; the
	// same for every attempt of this payment.
	Sequence uint64
	// Attempt is 1 for the first.
	Attempt int
	// Amount is more than zero.
	Amount Money
	// MerchantReference may repeat; it goes only where the provider has a field
	// for text.
	MerchantReference string
	Description       string
	// Method is an id of ListPaymentMethods; empty when the provider chooses.
	Method   string
	Country  string
	Language string
	Customer Customer
	// NotifyURL is where the provider is to send webhooks of this payment. It is
	// unguessable and must not be shown to the customer.
	NotifyURL string
	// ReturnURL and CancelURL are where the customer comes back to, after
	// paying and after giving up.
	ReturnURL string
	CancelURL string
	// ExpiresAt is zero when the merchant does not say.
	ExpiresAt time.Time
	Metadata  map[string]string
	// Options are the merchant's provider_options: one JSON object, or nil.
	// DecodeOptions reads them strictly.
	Options json.RawMessage
}

// Payment is what the provider says of one.
type Payment struct {
	// ProviderReference is the provider's own id; empty when it has none yet.
	ProviderReference string
	Status            PaymentStatus
	// ProviderStatus is the provider's own word or number for it.
	ProviderStatus string
	// NextAction is nil when there is nothing for the customer to do.
	NextAction *NextAction
	// Amount is what the provider says the payment is for; nil when its answer
	// has no amount. The host compares it with the intent: a difference goes
	// under review.
	Amount *Money
	// Paid is what the customer really paid, and in which currency; nil when the
	// provider does not say, or when it is no other amount.
	Paid *Money
	// Message says why it failed or is under review, in the provider's words.
	Message string
	// Receipts has one entry a transfer when one payment can be paid in parts.
	// The host adds up distinct ids over everything it hears: less than the
	// payment's amount is under review until the sum is reached.
	Receipts []Receipt
	// State is whatever the plugin wants back with later calls for this
	// payment: at most 4 KiB, no secrets. Empty leaves the stored state as it is.
	State []byte
	// TransactionID is the provider's id of the transaction, or of the
	// customer's try, that this is about; empty where the provider has none
	// apart from its payment's reference. One payment can have several. The
	// host takes a success under a second id for a second receipt of money,
	// which goes under review, and a failure under an id that is not the one
	// that succeeded for the failure of that try alone.
	TransactionID string
}

// Receipt is one transfer that arrived for a payment.
type Receipt struct {
	ID     string // the provider's id of the transfer
	Amount Money
}

// NextAction is what the customer must do. Display and Confirm may come
// together; Redirect comes alone.
type NextAction struct {
	Redirect *Redirect
	Display  *Display
	Confirm  *Confirm
}

// RedirectTo is the next action of sending the customer's browser to url with
// GET.
func RedirectTo(url string) *NextAction {
	return &NextAction{Redirect: &Redirect{URL: url, Method: "GET"}}
}

// Redirect sends the customer's browser away.
type Redirect struct {
	URL    string
	Method string            // "GET" (also when empty) or "POST"
	Fields map[string]string // form fields of a POST
}

// Display shows the customer where to pay.
type Display struct {
	Instructions string
	Fields       []DisplayField
}

// Add shows one thing more, unless it is empty.
func (d *Display) Add(name, label, value string) {
	if value != "" {
		d.Fields = append(d.Fields, DisplayField{Name: name, Label: label, Value: value})
	}
}

// DisplayField is one thing the customer needs to see, such as an account
// number.
type DisplayField struct {
	Name  string
	Label string
	Value string
}

// Confirm asks the customer for proof, which ConfirmPayment takes.
type Confirm struct {
	Fields []Field
}

// PaymentContext is what the host knows of a payment, so that a plugin need
// keep no state of its own.
type PaymentContext struct {
	Reference         string
	ProviderReference string // empty until the provider gave one
	Amount            Money
	MerchantReference string
	Method            string
	Country           string
	Customer          Customer
	Options           json.RawMessage
	State             []byte // the last Payment.State of the plugin
	CreatedAt         time.Time
	Sequence          uint64 // as in the request that created it
}

// ConfirmPaymentRequest hands over what the customer sent back.
type ConfirmPaymentRequest struct {
	Payment        PaymentContext
	IdempotencyKey string
	Attempt        int
	// Fields are by name, as the Confirm next action asked.
	Fields      map[string]string
	Attachments []Attachment
}

// MaxAttachment bounds an attachment, in bytes.
const MaxAttachment = 5 << 20

// Attachment is a file from the customer, at most MaxAttachment bytes.
type Attachment struct {
	Field     string // the field it answers
	Filename  string
	MediaType string
	Content   []byte
}

// Attachment returns the file that answers a field, nil when the customer sent
// none.
func (r ConfirmPaymentRequest) Attachment(field string) *Attachment {
	for i := range r.Attachments {
		if r.Attachments[i].Field == field {
			return &r.Attachments[i]
		}
	}
	return nil
}

// GetPaymentRequest asks for one payment's status.
type GetPaymentRequest struct {
	Payment PaymentContext
}

// ListPaymentsRequest asks for many payments: either Payments or a time range
// is set, as Info.PaymentLookup declares. The SDK turns other requests away.
type ListPaymentsRequest struct {
	Payments  []PaymentContext
	From, To  time.Time
	PageToken string // empty for the first page
}

// ListPaymentsResponse is one page.
type ListPaymentsResponse struct {
	Payments      []ListedPayment
	NextPageToken string // empty at the end
}

// ListedPayment is one payment of a list. Reference is ours; empty when the
// provider's answer does not carry it.
type ListedPayment struct {
	Reference string
	Payment   Payment
}

// CapturePaymentRequest takes all of an authorized payment (Amount nil) or part
// of it.
type CapturePaymentRequest struct {
	Payment        PaymentContext
	IdempotencyKey string
	Attempt        int
	Amount         *Money
}

// CancelPaymentRequest cancels a payment that has not succeeded.
type CancelPaymentRequest struct {
	Payment        PaymentContext
	IdempotencyKey string
	Attempt        int
	Reason         string
}

// PaymentCreator is CapabilityCreatePayment.
type PaymentCreator interface {
	// CreatePayment creates one payment at the provider. It may be called again
	// with the same Reference, IdempotencyKey and Sequence, and a higher Attempt,
	// when an answer was lost: what happens then must be what Info.CreatePayment
	// declares. The answer's NextAction is what the customer must do.
	CreatePayment(context.Context, CreatePaymentRequest) (*Payment, error)
}

// PaymentConfirmer is CapabilityConfirmPayment.
type PaymentConfirmer interface {
	// ConfirmPayment hands what the customer has sent back, after a Confirm next
	// action, to the provider. The customer may send again after a refusal, which
	// leaves the payment as it is.
	ConfirmPayment(context.Context, ConfirmPaymentRequest) (*Payment, error)
}

// PaymentGetter is CapabilityGetPayment.
type PaymentGetter interface {
	// GetPayment asks for the payment's status. It changes nothing and is called
	// often, also for payments whose creation is in doubt: ProviderReference is
	// then empty. CodeNotFound means that the provider knows no such payment;
	// Info.PaymentLookup declares whether that proves that there is none.
	GetPayment(context.Context, GetPaymentRequest) (*Payment, error)
}

// PaymentLister is CapabilityListPayments.
type PaymentLister interface {
	// ListPayments asks for many payments, in one of the ways that
	// Info.PaymentLookup declares. It changes nothing. Payments that the provider
	// does not know are left out; of a time range there may be more payments in
	// the answer, never fewer. One call asks for one page: the provider's cursor
	// is NextPageToken, and comes back with the rest of the request unchanged.
	ListPayments(context.Context, ListPaymentsRequest) (*ListPaymentsResponse, error)
}

// PaymentCapturer is CapabilityCapturePayment.
type PaymentCapturer interface {
	// CapturePayment takes an authorized payment, or part of it. It may be called
	// again with the same IdempotencyKey: what happens then must be what
	// Info.CapturePayment declares.
	CapturePayment(context.Context, CapturePaymentRequest) (*Payment, error)
}

// PaymentCanceler is CapabilityCancelPayment.
type PaymentCanceler interface {
	// CancelPayment cancels a payment that has not succeeded. A payment that has
	// succeeded meanwhile is not canceled: the answer is its true status, or a
	// refusal. It may be called again with the same IdempotencyKey, and a payment
	// that is canceled already stays so.
	CancelPayment(context.Context, CancelPaymentRequest) (*Payment, error)
}

// References returns the references of the payments that are asked about, in
// their order.
func (r ListPaymentsRequest) References() []string {
	var references []string
	for _, payment := range r.Payments {
		references = append(references, payment.Reference)
	}
	return references
}
