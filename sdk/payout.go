package sdk

import (
	"context"
	"encoding/json"
	"time"
)

// PayoutStatus is how far a payout is, as a provider can tell. Unknown ones
// arrive as "unrecognized_N".
type PayoutStatus string

// The statuses that a provider may report. The host adds two of its own, "created" and
// "unknown".
const (
	PayoutProcessing  PayoutStatus = "processing"
	PayoutSucceeded   PayoutStatus = "succeeded"
	PayoutFailed      PayoutStatus = "failed"
	PayoutUnderReview PayoutStatus = "under_review"
)

// Recipient is who is paid. Every field may be empty; a provider that needs one
// reports a violation.
type Recipient struct {
	ID            string
	Email         string
	Name          string
	AccountNumber string
	IBAN          string
	Phone         string
}

// CreatePayoutRequest asks for money to be sent. Fields shared with
// CreatePaymentRequest mean the same.
type CreatePayoutRequest struct {
	Reference         string
	IdempotencyKey    string
	Sequence          uint64
	Attempt           int
	Amount            Money
	MerchantReference string
	Description       string
	Method            string
	Recipient         Recipient
	NotifyURL         string
	Metadata          map[string]string
	Options           json.RawMessage
}

// Payout is what the provider says of one. Fields shared with Payment mean the
// same.
type Payout struct {
	ProviderReference string
	Status            PayoutStatus
	ProviderStatus    string
	Amount            *Money
	Message           string
	State             []byte
}

// PayoutContext is what the host knows of a payout.
type PayoutContext struct {
	Reference         string
	ProviderReference string
	Amount            Money
	MerchantReference string
	Method            string
	Recipient         Recipient
	Options           json.RawMessage
	State             []byte
	CreatedAt         time.Time
	Sequence          uint64
}

// GetPayoutRequest asks for one payout's status.
type GetPayoutRequest struct {
	Payout PayoutContext
}

// ListPayoutsRequest asks for many payouts: either Payouts or a time range is
// set, as Info.PayoutLookup declares.
type ListPayoutsRequest struct {
	Payouts   []PayoutContext
	From, To  time.Time
	PageToken string
}

// ListPayoutsResponse is one page.
type ListPayoutsResponse struct {
	Payouts       []ListedPayout
	NextPageToken string
}

// ListedPayout is one payout of a list. Reference is ours; empty when the
// provider's answer does not carry it.
type ListedPayout struct {
	Reference string
	Payout    Payout
}

// PayoutCreator is CapabilityCreatePayout.
type PayoutCreator interface {
	// CreatePayout sends money to a recipient. It may be called again with the
	// same Reference, IdempotencyKey and Sequence, and a higher Attempt, when an
	// answer was lost: what happens then must be what Info.CreatePayout declares.
	// A claim that the provider's document does not make sends money twice.
	CreatePayout(context.Context, CreatePayoutRequest) (*Payout, error)
}

// PayoutGetter is CapabilityGetPayout.
type PayoutGetter interface {
	// GetPayout asks for the payout's status. It changes nothing and is called
	// often, also for payouts whose creation is in doubt: ProviderReference is
	// then empty. CodeNotFound means that the provider knows no such payout;
	// Info.PayoutLookup declares whether that proves that there is none.
	GetPayout(context.Context, GetPayoutRequest) (*Payout, error)
}

// PayoutLister is CapabilityListPayouts.
type PayoutLister interface {
	// ListPayouts asks for many payouts, in one of the ways that
	// Info.PayoutLookup declares. See PaymentLister, whose rules it shares.
	ListPayouts(context.Context, ListPayoutsRequest) (*ListPayoutsResponse, error)
}

// References returns the references of the payouts that are asked about, in
// their order.
func (r ListPayoutsRequest) References() []string {
	var references []string
	for _, payout := range r.Payouts {
		references = append(references, payout.Reference)
	}
	return references
}
