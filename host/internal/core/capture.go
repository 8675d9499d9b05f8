package core

import (
	"context"
	"fmt"
	"slices"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// This file is what captures take and add up to. All attempts under one key are
// one capture, of one amount.

// callCapture makes one attempt at a capture, of what its record says.
func callCapture(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	attempt payment.Attempt,
) (*sdk.Payment, error) {
	request := sdk.CapturePaymentRequest{
		Payment:        PaymentContext(i),
		IdempotencyKey: actionKey(i.ID, attempt.ActionKey),
		Attempt:        attempt.Number,
	}
	if attempt.Amount != nil && !attempt.Amount.Equal(i.Amount.Decimal) {
		request.Amount = &sdk.Money{Amount: attempt.Amount.Decimal, Currency: i.Currency}
	}
	return lease.CapturePayment(ctx, request)
}

// captureOf returns what a capture takes: the amount asked for, or all that is
// left of what was authorized. The amounts that earlier captures have taken, or
// may have, are no longer left.
func captureOf(i *intent.Intent, attempts []payment.Attempt, amount decimal.Decimal,
) (*payment.Amount, error) {
	left := i.Amount.Decimal.Sub(captured(attempts, "ok", string(sdk.OutcomeUnknown)))
	if amount.IsZero() {
		amount = left
	}
	if !left.IsPositive() || amount.GreaterThan(left) {
		return nil, conflict(i, fmt.Sprintf("%s %s of it is left to capture",
			decimal.Max(left, decimal.Zero), i.Currency))
	}
	return &payment.Amount{Decimal: amount}, nil
}

// captured adds up the captures with one of these outcomes. A capture that the
// provider has decided against does not count.
func captured(attempts []payment.Attempt, outcomes ...string) (sum decimal.Decimal) {
	counted := map[string]bool{}
	for _, a := range attempts {
		if a.Verb != verbCapture || a.Amount == nil ||
			!slices.Contains(outcomes, a.Outcome) {
			continue
		}

		// All attempts under one key are one capture.
		if a.ActionKey != "" && counted[a.ActionKey] {
			continue
		}
		if a.Outcome == string(sdk.OutcomeUnknown) && decidedAgainst(attempts, a) {
			continue
		}

		counted[a.ActionKey] = true
		sum = sum.Add(a.Amount.Decimal)
	}

	return sum
}

// decidedAgainst reports whether the provider has refused the retry of a
// capture that had no answer. Its word is about the capture, whichever attempt
// arrived.
func decidedAgainst(attempts []payment.Attempt, capture payment.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		retry := a.Verb == capture.Verb && a.ActionKey == capture.ActionKey &&
			a.Number > capture.Number
		return retry && a.Outcome == string(sdk.OutcomeRefused) && decides(sdk.Code(a.Code))
	})
}

// noteCaptured records what the captures of a payment that has succeeded have
// taken, those among them that had no answer.
func noteCaptured(i *intent.Intent, attempts []payment.Attempt) {
	total := captured(attempts, "ok", string(sdk.OutcomeUnknown))
	if !total.IsPositive() {
		return
	}
	i.Captured = &payment.Amount{Decimal: total}
	if i.Status == payment.Succeeded && i.PaidAmount == nil &&
		!total.Equal(i.Amount.Decimal) {
		i.PaidAmount, i.PaidCurrency = i.Captured, i.Currency
	}
}

// anotherInDoubt reports whether an action of the same verb was begun after an
// attempt's, and may have been carried out.
func anotherInDoubt(attempts []payment.Attempt, attempt payment.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		after := a.Verb == attempt.Verb && a.ActionKey != attempt.ActionKey &&
			a.Number > attempt.Number
		return after && a.Outcome == string(sdk.OutcomeUnknown) &&
			!decidedAgainst(attempts, a)
	})
}

// tookUnheard reports whether a payment has succeeded while the answer to its
// capture was waited for.
func tookUnheard(i *intent.Intent, attempt payment.Attempt) bool {
	return attempt.Verb == verbCapture && i.Status == payment.Succeeded
}

// happened reports whether an action under a key is known to have been carried
// out, by whichever of its attempts.
func happened(attempts []payment.Attempt, key string) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		return a.Outcome == "ok" && a.ActionKey == key
	})
}

// firstInDoubt finds the first attempt at the capture that is in doubt. An
// attempt that was not sent has freed its key: what was wanted under it before is
// another capture, maybe of another amount.
func firstInDoubt(attempts []payment.Attempt) (payment.Attempt, bool) {
	for k := len(attempts) - 1; k >= 0; k-- {
		newest := attempts[k]
		if newest.Verb != verbCapture || newest.Outcome != string(sdk.OutcomeUnknown) {
			continue
		}
		if decidedAgainst(attempts, newest) {
			continue
		}

		// An attempt that was not sent freed the key: it was another capture.
		for _, a := range attempts {
			sent := a.Outcome != string(sdk.OutcomeNotSent)
			if a.Verb == verbCapture && a.ActionKey == newest.ActionKey && sent {
				return a, newest.ActionKey != ""
			}
		}
	}

	return payment.Attempt{}, false
}
