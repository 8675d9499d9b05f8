package sdk

import (
	"slices"
	"time"
)

// Transfers collects the events of a provider that reports single transfers
// instead of payments: several may have been made for one payment, and a webhook
// may report many. The list has one event for each payment and each payout, in
// the order in which they first came, with the receipts of the payments.
type Transfers []Event

// Received adds money that came for a payment, under the provider's id of the
// transfer: a success whose receipts the host adds up.
//
// A transfer that cannot be added up puts the payment under review: one without
// an id or an amount (see ReadMoney), or with an id that is there with another
// amount. Without a reference it is not known for which payment the money came:
// each transfer is then an event by itself, for the operator to look at.
func (list *Transfers) Received(reference string, at time.Time, id string, amount *Money) {
	payment := list.payment(reference, at, id)
	known := slices.IndexFunc(payment.Receipts, func(receipt Receipt) bool {
		return receipt.ID == id
	})

	// The same id with the same amount matches no case: a transfer that is
	// reported twice counts once.
	switch {
	case (id == "") || (amount == nil):
		payment.Status = PaymentUnderReview
		payment.Message = oddTransaction
	case known < 0:
		payment.Receipts = append(payment.Receipts, Receipt{ID: id, Amount: *amount})
	case !payment.Receipts[known].Amount.Equal(*amount):
		payment.Status = PaymentUnderReview
		payment.Message = oddTransaction
	}
}

const oddTransaction = "a transaction has no id, no amount, or two amounts"

// payment returns the payment that a transfer belongs to, which may be new.
func (list *Transfers) payment(reference string, at time.Time, id string) *Payment {
	for _, event := range *list {
		if (event.Payment == nil) || (event.Reference != reference) {
			continue
		}
		if (reference != "") || (event.Payment.ProviderReference == id) {
			return event.Payment
		}
	}

	payment := &Payment{Status: PaymentSucceeded, ProviderReference: id}
	*list = append(*list, Event{Reference: reference, OccurredAt: at, Payment: payment})
	return payment
}

// Sent adds what the provider reports of a payout. It is under review without a
// status, because the provider's word for it is not known, without an amount, and
// when it is reported twice.
func (list *Transfers) Sent(reference string, at time.Time, payout Payout) {
	if event, told := list.Find(reference, true); told {
		event.Payout.Status = PayoutUnderReview
		event.Payout.Message = "the provider tells of it more than once"
		return
	}

	if (payout.Status == "") || (payout.Amount == nil) {
		payout.Status = PayoutUnderReview
		payout.Message = "its status is not known, or it has no amount"
	}
	*list = append(*list, Event{Reference: reference, OccurredAt: at, Payout: &payout})
}

// Find returns the event of the payment, or of the payout, with this reference,
// and whether there is one.
func (list Transfers) Find(reference string, payout bool) (event Event, told bool) {
	at := slices.IndexFunc(list, func(event Event) bool {
		return ((event.Payout != nil) == payout) && (event.Reference == reference)
	})
	if at < 0 {
		return Event{}, false
	}
	return list[at], true
}

// Payments returns the payments as one page of a list.
func (list Transfers) Payments() *ListPaymentsResponse {
	page := &ListPaymentsResponse{}
	for _, event := range list {
		if event.Payment == nil {
			continue
		}
		page.Payments = append(page.Payments, ListedPayment{
			Reference: event.Reference,
			Payment:   *event.Payment,
		})
	}
	return page
}

// Payouts returns the payouts as one page of a list.
func (list Transfers) Payouts() *ListPayoutsResponse {
	page := &ListPayoutsResponse{}
	for _, event := range list {
		if event.Payout == nil {
			continue
		}
		page.Payouts = append(page.Payouts, ListedPayout{
			Reference: event.Reference,
			Payout:    *event.Payout,
		})
	}
	return page
}
