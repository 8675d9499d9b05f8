package sdk

import (
	"slices"
	"time"
)

// Transfers collects the events of a provider that tells of single transfers
// and not of payments: several may have been made for one payment, and a notice
// may tell of many. The list has one event for each payment and each payout, in
// the order in which they first came, and the payments' receipts in it.
type Transfers []Event

// Received adds money that came for a payment, under the provider's id of the
// transfer: a success whose receipts the host adds up. What cannot be added up
// puts the payment under review: a transfer without an id or an amount (see
// ReadMoney), or one whose id is there with another amount. Without a reference
// nobody knows for what the money came: each transfer is then an event by
// itself, and somebody must find out.
func (list *Transfers) Received(reference string, at time.Time, id string, amount *Money) {
	i := slices.IndexFunc(*list, func(e Event) bool {
		return e.Payment != nil && e.Reference == reference &&
			(reference != "" || e.Payment.ProviderReference == id)
	})
	if i < 0 {
		p := &Payment{Status: PaymentSucceeded, ProviderReference: id}
		i, *list = len(
			*list,
		), append(
			*list,
			Event{Reference: reference, OccurredAt: at, Payment: p},
		)
	}

	p := (*list)[i].Payment
	known := slices.IndexFunc(p.Receipts, func(r Receipt) bool { return r.ID == id })

	switch {
	case id == "" || amount == nil || (known >= 0 && !p.Receipts[known].Amount.Equal(*amount)):
		p.Status, p.Message = PaymentUnderReview, "a transaction has no id, no amount, or two amounts"
	case known < 0:
		p.Receipts = append(p.Receipts, Receipt{ID: id, Amount: *amount})
	}
}

// Sent adds what the provider says of a payout. One without a status, because
// the provider's word for it is not known, is under review, and so is one
// without an amount, or one that is told of twice.
func (list *Transfers) Sent(reference string, at time.Time, p Payout) {
	if e, told := list.Find(reference, true); told {
		e.Payout.Status, e.Payout.Message = PayoutUnderReview, "the provider tells of it more than once"
		return
	}
	if p.Status == "" || p.Amount == nil {
		p.Status, p.Message = PayoutUnderReview, "its status is not known, or it has no amount"
	}
	*list = append(*list, Event{Reference: reference, OccurredAt: at, Payout: &p})
}

// Find returns the event of the payment, or of the payout, with this reference,
// and whether there is one.
func (list Transfers) Find(reference string, payout bool) (e Event, told bool) {
	i := slices.IndexFunc(
		list,
		func(e Event) bool { return (e.Payout != nil) == payout && e.Reference == reference },
	)
	if i < 0 {
		return Event{}, false
	}
	return list[i], true
}

// Payments returns the payments as one page of a list.
func (list Transfers) Payments() *ListPaymentsResponse {
	out := &ListPaymentsResponse{}
	for _, e := range list {
		if e.Payment != nil {
			out.Payments = append(
				out.Payments,
				ListedPayment{Reference: e.Reference, Payment: *e.Payment},
			)
		}
	}

	return out
}

// Payouts returns the payouts as one page of a list.
func (list Transfers) Payouts() *ListPayoutsResponse {
	out := &ListPayoutsResponse{}
	for _, e := range list {
		if e.Payout != nil {
			out.Payouts = append(
				out.Payouts,
				ListedPayout{Reference: e.Reference, Payout: *e.Payout},
			)
		}
	}

	return out
}
