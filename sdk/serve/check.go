package serve

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// The longest reference, and the longest idempotency key, in bytes.
const (
	maxReference = 36
	maxKey       = 255
)

// isReference reports whether text can be an intent's reference: 1 to 36
// characters of A-Z a-z 0-9 _ -. It goes to providers as their order id: all of
// them take this form.
func isReference(text string) bool {
	for i := range len(text) {
		char := text[i]
		isLetter := ((char >= 'A') && (char <= 'Z')) || ((char >= 'a') && (char <= 'z'))
		isDigit := (char >= '0') && (char <= '9')
		if !isLetter && !isDigit && (char != '_') && (char != '-') {
			return false
		}
	}
	return (text != "") && (len(text) <= maxReference)
}

// isKey reports whether text can be an idempotency key: 1 to 255 printable ASCII
// characters, the first and the last of which are not spaces.
func isKey(text string) bool {
	for i := range len(text) {
		if (text[i] < ' ') || (text[i] > '~') {
			return false
		}
	}
	return (text != "") && (len(text) <= maxKey) && (strings.Trim(text, " ") == text)
}

// check looks at a request before the author's method sees it, and adds what is
// wrong with it. A nil check takes every request whose form is right.
type check[Req any] func(*wire.Problems, *account, Req)

// checkCreatePayment refuses all that a provider could get wrong about the
// amount or the keys.
func checkCreatePayment(found *wire.Problems, of *account, req sdk.CreatePaymentRequest) {
	checkIntent(found, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
	checkAmount(found, of, req.Amount, of.plugin.PaymentLimits)
	if needed := of.plugin.PaymentFields; len(needed) > 0 {
		checkFields(found, needed, wire.PaymentTexts(req))
	}
}

func checkConfirmPayment(found *wire.Problems, _ *account, req sdk.ConfirmPaymentRequest) {
	checkKey(found, req.IdempotencyKey, req.Attempt)
}

func checkListPayments(found *wire.Problems, of *account, req sdk.ListPaymentsRequest) {
	checkList(found, "payments", of.plugin.PaymentLookup, len(req.Payments), req.From, req.To)
}

// checkCapturePayment applies no limits: they are for creating, and a part may
// be less.
func checkCapturePayment(found *wire.Problems, of *account, req sdk.CapturePaymentRequest) {
	checkKey(found, req.IdempotencyKey, req.Attempt)
	if req.Amount != nil {
		checkAmount(found, of, *req.Amount, nil)
	}
}

func checkCancelPayment(found *wire.Problems, _ *account, req sdk.CancelPaymentRequest) {
	checkKey(found, req.IdempotencyKey, req.Attempt)
}

// checkCreateRefund applies no limits: those that a plugin declares are for
// payments and payouts.
func checkCreateRefund(found *wire.Problems, of *account, req sdk.CreateRefundRequest) {
	checkIntent(found, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
	checkAmount(found, of, req.Amount, nil)
}

// checkCreatePayout leaves the recipient to the provider: no two ask for the
// same fields.
func checkCreatePayout(found *wire.Problems, of *account, req sdk.CreatePayoutRequest) {
	checkIntent(found, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
	checkAmount(found, of, req.Amount, of.plugin.PayoutLimits)
	if needed := of.plugin.PayoutFields; len(needed) > 0 {
		checkFields(found, needed, wire.PayoutTexts(req))
	}
}

func checkListPayouts(found *wire.Problems, of *account, req sdk.ListPayoutsRequest) {
	checkList(found, "payouts", of.plugin.PayoutLookup, len(req.Payouts), req.From, req.To)
}

// checkInvokeOperation refuses operations that Info does not list, and asks for
// a key where money can move.
func checkInvokeOperation(found *wire.Problems, of *account, req sdk.InvokeOperationRequest) {
	at := slices.IndexFunc(of.plugin.Operations, func(listed sdk.Operation) bool {
		return listed.Name == req.Operation
	})
	switch {
	case at < 0:
		found.NotFound("there is no operation of that name")
	case of.plugin.Operations[at].MovesMoney:
		checkIdempotencyKey(found, req.IdempotencyKey)
	}
}

// checkIntent looks at what every create verb carries. A host that forgets one
// of them could make a provider see two intents as one, or one as two.
func checkIntent(
	found *wire.Problems, reference, key string, sequence uint64, attempt int,
) {
	if !isReference(reference) {
		found.Add("reference", "1 to 36 characters of A-Z a-z 0-9 _ -")
	}
	if sequence == 0 {
		found.Add("sequence", "a number from 1 up")
	}
	checkKey(found, key, attempt)
}

// checkKey looks at what every verb carries that can move money.
func checkKey(found *wire.Problems, key string, attempt int) {
	checkIdempotencyKey(found, key)
	if attempt < 1 {
		found.Add("attempt", "a number from 1 up")
	}
}

// checkIdempotencyKey takes what the host's own API takes.
func checkIdempotencyKey(found *wire.Problems, key string) {
	if !isKey(key) {
		found.Add("idempotency_key", "1 to 255 printable ASCII characters")
	}
}

// checkAmount looks at an amount that is about to move: more than zero, of a
// currency that the account handles, within the limits that the provider
// declares for it.
func checkAmount(
	found *wire.Problems, of *account, money sdk.Money, limits []sdk.AmountLimit,
) {
	switch {
	case found.Has("amount", "currency"): // it could not be read
		return
	case money == (sdk.Money{}):
		found.Add("amount", "missing")
		return
	case money.Amount.Sign() <= 0:
		found.Add("amount", "must be more than zero")
		return
	}

	if !of.handles(money.Currency) {
		found.Add("currency", "this account does not handle %q", money.Currency)
	}
	for i := range limits {
		if limits[i].Currency == money.Currency {
			checkLimit(found, &limits[i], money.Amount)
		}
	}

	// Compared by value: 1000.00 is not finer than 1000.
	digits, known := sdk.MinorUnits(money.Currency, limits...)
	if known && !money.Amount.Equal(money.Amount.Truncate(digits)) {
		found.Add("amount", "at most %d decimals in %s", digits, money.Currency)
	}
}

func checkLimit(found *wire.Problems, limit *sdk.AmountLimit, amount decimal.Decimal) {
	if (limit.Min != nil) && amount.LessThan(*limit.Min) {
		found.Exceed("amount", "at least %s %s", limit.Min, limit.Currency)
	}
	if (limit.Max != nil) && amount.GreaterThan(*limit.Max) {
		found.Exceed("amount", "at most %s %s", limit.Max, limit.Currency)
	}
}

// checkList makes sure that a list is asked for in one of the two ways, and in
// one that the plugin declares.
func checkList(
	found *wire.Problems, field string, lookup sdk.Lookup, count int, from, to time.Time,
) {
	byTime := !from.IsZero() || !to.IsZero()
	switch {
	case (count > 0) && byTime:
		found.Add(field, "either references or a time range, not both")
	case (count == 0) && !byTime:
		found.Add(field, "references or a time range are needed")
	case (count > 0) && !lookup.ListByReference:
		found.Add(field, "this provider cannot list by reference")
	case byTime && !lookup.ListByTime:
		found.Add("from", "this provider cannot list by time")
	}
}

// checkFields holds a create to the fields that the plugin declares it needs.
func checkFields(found *wire.Problems, needed []string, texts map[string]string) {
	for _, name := range needed {
		if texts[name] == "" {
			found.Add(name, "is required")
		}
	}
}
