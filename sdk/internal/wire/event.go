package wire

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

func encodeEvent(told *sdk.Event) *pb.Event {
	e := legible(*told)
	return &pb.Event{
		Id: e.ID, Reference: e.Reference,
		Payment: encodePayment(e.Payment), Payout: encodePayout(e.Payout), Refund: encodeRefund(e.Refund),
		OccurredAt: encodeTime(e.OccurredAt), PaymentReference: e.PaymentReference, BothReferences: e.BothReferences,
	}
}

// decodeEvent insists that an event is about one thing, so that a host never
// has to choose.
func decodeEvent(r *reader, w *pb.Event) sdk.Event {
	e := sdk.Event{
		ID: r.reference("id", w.GetId()), Reference: r.reference("reference", w.GetReference()),
		OccurredAt:       r.information(w.GetOccurredAt()),
		PaymentReference: r.reference("payment_reference", w.GetPaymentReference()), BothReferences: w.GetBothReferences(),
	}
	about := 0
	if w.GetPayment() != nil {
		e.Payment, about = decodePayment(r.in("payment"), w.GetPayment()), about+1
	}
	if w.GetPayout() != nil {
		e.Payout, about = decodePayout(r.in("payout"), w.GetPayout()), about+1
	}
	if w.GetRefund() != nil {
		e.Refund, about = decodeRefund(r.in("refund"), w.GetRefund()), about+1
	}
	if about != 1 {
		r.fail("payment", "an event is about exactly one payment, payout or refund; this one is about %d", about)
	}
	return e
}

// legible returns the event without what the wire cannot carry. A provider's
// webhook comes once: one odd part of it must not lose the rest. What the host
// could then take for something else is under review.
func legible(e sdk.Event) sdk.Event {
	e.OccurredAt = writable(e.OccurredAt)
	if len(e.ID) > maxReference {
		digest := sha256.Sum256([]byte(e.ID)) // it only has to differ from others
		e.ID = hex.EncodeToString(digest[:])
	}
	e.Reference = Cut(e.Reference, maxReference)
	e.PaymentReference = Cut(e.PaymentReference, maxReference)

	switch {
	case e.Payment != nil:
		payment := legiblePayment(*e.Payment)
		e.Payment = &payment
	case e.Payout != nil:
		payout := *e.Payout
		why := legibleParts(payout.Amount, &payout.ProviderReference)
		if (why != "") && (payout.Status == sdk.PayoutSucceeded) {
			payout.Status, payout.Message = sdk.PayoutUnderReview, why
		}
		payout.Amount = legibleMoney(payout.Amount)
		e.Payout = &payout
	case e.Refund != nil:
		refund := *e.Refund
		why := legibleParts(refund.Amount, &refund.ProviderReference)
		if (why != "") && (refund.Status == sdk.RefundSucceeded) {
			refund.Status, refund.Message = sdk.RefundUnderReview, why
		}
		refund.Amount = legibleMoney(refund.Amount)
		e.Refund = &refund
	}
	return e
}

func legiblePayment(p sdk.Payment) sdk.Payment {
	if why := cmp.Or(
		legibleParts(p.Amount, &p.ProviderReference, &p.TransactionID), legibleParts(p.Paid),
	); why != "" {
		p.Doubt(why)
	}
	p.Amount, p.Paid = legibleMoney(p.Amount), legibleMoney(p.Paid)

	var receipts []sdk.Receipt
	for _, r := range p.Receipts {
		if (r.ID == "") || (len(r.ID) > maxReference) || (legibleMoney(&r.Amount) == nil) {
			p.Doubt(fmt.Sprintf("a transaction has an id or an amount that cannot be used: %.80q", r.ID))
			continue
		}
		receipts = append(receipts, r)
	}
	p.Receipts = receipts
	return p
}

// legibleParts cuts ids that are too long for one, and says what cannot be
// carried; "" when all can.
func legibleParts(amount *sdk.Money, ids ...*string) (why string) {
	if (amount != nil) && (legibleMoney(amount) == nil) {
		why = fmt.Sprintf("its amount cannot be read: %.80q %.40q", sdk.FormatAmount(amount.Amount), amount.Currency)
	}
	for _, id := range ids {
		if len(*id) > maxReference {
			why = fmt.Sprintf("an id of the provider's has %d bytes, more than one may have", len(*id))
			*id = Cut(*id, maxReference)
		}
	}
	return why
}

// legibleMoney returns nil for what is no amount of a currency.
func legibleMoney(m *sdk.Money) *sdk.Money {
	if m == nil {
		return nil
	}
	amount, err := sdk.ParseAmount(sdk.FormatAmount(m.Amount))
	if (err != nil) || amount.IsNegative() || (sdk.CheckCurrency(m.Currency) != nil) {
		return nil
	}
	return m
}

// writable returns the zero time for one that the wire cannot carry.
func writable(at time.Time) time.Time {
	if year := at.UTC().Year(); (year < 1) || (year > 9999) {
		return time.Time{}
	}
	return at
}
