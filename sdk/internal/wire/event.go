package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

func encodeEvent(told *sdk.Event) *pb.Event {
	event := legible(*told)
	return &pb.Event{
		Id:               event.ID,
		Reference:        event.Reference,
		Payment:          encodePayment(event.Payment),
		Payout:           encodePayout(event.Payout),
		Refund:           encodeRefund(event.Refund),
		OccurredAt:       encodeTime(event.OccurredAt),
		PaymentReference: event.PaymentReference,
		BothReferences:   event.BothReferences,
	}
}

// decodeEvent insists that an event is about one thing, so that a host never
// has to choose.
func decodeEvent(read *reader, from *pb.Event) sdk.Event {
	event := sdk.Event{
		ID:               read.reference("id", from.GetId()),
		Reference:        read.reference("reference", from.GetReference()),
		OccurredAt:       read.information(from.GetOccurredAt()),
		PaymentReference: read.reference("payment_reference", from.GetPaymentReference()),
		BothReferences:   from.GetBothReferences(),
	}

	about := 0
	if payment := from.GetPayment(); payment != nil {
		event.Payment = decodePayment(read.in("payment"), payment)
		about++
	}
	if payout := from.GetPayout(); payout != nil {
		event.Payout = decodePayout(read.in("payout"), payout)
		about++
	}
	if refund := from.GetRefund(); refund != nil {
		event.Refund = decodeRefund(read.in("refund"), refund)
		about++
	}
	if about != 1 {
		read.fail("payment",
			"an event is about exactly one payment, payout or refund; this one is about %d", about)
	}
	return event
}

// legible returns the event without what the wire cannot carry. A provider's
// webhook comes once: one odd part of it must not lose the rest. A success that
// the host could then take for something else is under review.
func legible(event sdk.Event) sdk.Event {
	event.OccurredAt = writable(event.OccurredAt)
	if len(event.ID) > maxReference {
		digest := sha256.Sum256([]byte(event.ID)) // it only has to differ from others
		event.ID = hex.EncodeToString(digest[:])
	}
	event.Reference = Cut(event.Reference, maxReference)
	event.PaymentReference = Cut(event.PaymentReference, maxReference)

	// The plugin's own event stays as it is: what changes is a copy.
	switch {
	case event.Payment != nil:
		payment := legiblePayment(*event.Payment)
		event.Payment = &payment
	case event.Payout != nil:
		payout := legiblePayout(*event.Payout)
		event.Payout = &payout
	case event.Refund != nil:
		refund := legibleRefund(*event.Refund)
		event.Refund = &refund
	}
	return event
}

func legiblePayment(payment sdk.Payment) sdk.Payment {
	why := legibleParts(payment.Amount, &payment.ProviderReference, &payment.TransactionID)
	if why == "" {
		why = legibleParts(payment.Paid)
	}
	// Without its odd amount the host has nothing to compare with the intent,
	// so a success goes under review first.
	if why != "" {
		payment.Doubt(why)
	}
	payment.Amount = legibleMoney(payment.Amount)
	payment.Paid = legibleMoney(payment.Paid)

	// A receipt that cannot be used is left out, and the payment goes under
	// review: the sum of the others may be too small.
	var receipts []sdk.Receipt
	for _, receipt := range payment.Receipts {
		oddID := (receipt.ID == "") || (len(receipt.ID) > maxReference)
		if oddID || (legibleMoney(&receipt.Amount) == nil) {
			payment.Doubt(fmt.Sprintf(
				"a transaction has an id or an amount that cannot be used: %.80q", receipt.ID))
			continue
		}
		receipts = append(receipts, receipt)
	}
	payment.Receipts = receipts
	return payment
}

func legiblePayout(payout sdk.Payout) sdk.Payout {
	why := legibleParts(payout.Amount, &payout.ProviderReference)
	if (why != "") && (payout.Status == sdk.PayoutSucceeded) {
		payout.Status = sdk.PayoutUnderReview
		payout.Message = why
	}
	payout.Amount = legibleMoney(payout.Amount)
	return payout
}

func legibleRefund(refund sdk.Refund) sdk.Refund {
	why := legibleParts(refund.Amount, &refund.ProviderReference)
	if (why != "") && (refund.Status == sdk.RefundSucceeded) {
		refund.Status = sdk.RefundUnderReview
		refund.Message = why
	}
	refund.Amount = legibleMoney(refund.Amount)
	return refund
}

// legibleParts cuts ids that are too long, and returns why something cannot be
// carried; "" when all can.
func legibleParts(amount *sdk.Money, ids ...*string) (why string) {
	if (amount != nil) && (legibleMoney(amount) == nil) {
		why = fmt.Sprintf("its amount cannot be read: %.80q %.40q",
			sdk.FormatAmount(amount.Amount), amount.Currency)
	}

	for _, id := range ids {
		if len(*id) > maxReference {
			why = fmt.Sprintf(
				"an id of the provider's has %d bytes, more than one may have", len(*id))
			*id = Cut(*id, maxReference)
		}
	}
	return why
}

// legibleMoney returns nil for what is not an amount of a currency.
func legibleMoney(money *sdk.Money) *sdk.Money {
	if money == nil {
		return nil
	}
	amount, err := sdk.ParseAmount(sdk.FormatAmount(money.Amount))
	if (err != nil) || amount.IsNegative() || (sdk.CheckCurrency(money.Currency) != nil) {
		return nil
	}
	return money
}

// writable returns the zero time for one that the wire cannot carry.
func writable(at time.Time) time.Time {
	if year := at.UTC().Year(); (year < 1) || (year > 9999) {
		return time.Time{}
	}
	return at
}
