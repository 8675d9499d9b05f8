package serve

import (
	"regexp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// A reference goes to providers as their order id: all of them take this form.
var (
	intentReference = regexp.MustCompile(`^[A-Za-z0-9_-]{1,36}$`)
	idempotencyKey  = regexp.MustCompile(`^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$`)
)

// check looks at a request before the author's method sees it. The zero check
// takes every request whose form is right.
type check[Req any] func(*wire.Problems, *account, Req)

// checkCreatePayment refuses everything that a provider could get wrong about
// the amount or the keys.
func checkCreatePayment(p *wire.Problems, a *account, req sdk.CreatePaymentRequest) {
	checkIntent(p, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
	checkAmount(p, a, req.Amount, a.plugin.PaymentLimits)
	checkFields(p, a.plugin.PaymentFields, wire.PaymentTexts(req))
}

func checkConfirmPayment(p *wire.Problems, _ *account, req sdk.ConfirmPaymentRequest) {
	checkKey(p, req.IdempotencyKey, req.Attempt)
}

func checkListPayments(p *wire.Problems, a *account, req sdk.ListPaymentsRequest) {
	checkList(p, "payments", a.plugin.PaymentLookup, len(req.Payments), req.From, req.To)
}

// checkCapturePayment applies no limits: they are for creating, and a part may
// be less.
func checkCapturePayment(p *wire.Problems, a *account, req sdk.CapturePaymentRequest) {
	checkKey(p, req.IdempotencyKey, req.Attempt)
	if req.Amount != nil {
		checkAmount(p, a, *req.Amount, nil)
	}
}

func checkCancelPayment(p *wire.Problems, _ *account, req sdk.CancelPaymentRequest) {
	checkKey(p, req.IdempotencyKey, req.Attempt)
}

// checkCreateRefund applies no limits: those that a plugin declares are for
// payments and payouts.
func checkCreateRefund(p *wire.Problems, a *account, req sdk.CreateRefundRequest) {
	checkIntent(p, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
	checkAmount(p, a, req.Amount, nil)
}

// checkCreatePayout leaves the recipient to the provider: no two ask for the
// same.
func checkCreatePayout(p *wire.Problems, a *account, req sdk.CreatePayoutRequest) {
	checkIntent(p, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
	checkAmount(p, a, req.Amount, a.plugin.PayoutLimits)
	checkFields(p, a.plugin.PayoutFields, wire.PayoutTexts(req))
}

func checkListPayouts(p *wire.Problems, a *account, req sdk.ListPayoutsRequest) {
	checkList(p, "payouts", a.plugin.PayoutLookup, len(req.Payouts), req.From, req.To)
}

// checkInvokeOperation refuses operations that Info does not list, and asks for
// a key where money can move.
func checkInvokeOperation(p *wire.Problems, a *account, req sdk.InvokeOperationRequest) {
	i := slices.IndexFunc(a.plugin.Operations, func(o sdk.Operation) bool { return o.Name == req.Operation })
	switch {
	case i < 0:
		p.NotFound("there is no operation of that name")
	case a.plugin.Operations[i].MovesMoney:
		checkIdempotencyKey(p, req.IdempotencyKey)
	}
}

// checkIntent looks at what every create verb carries. A host that forgets one of them could make a provider see two
// intents as one, or one as two.
func checkIntent(p *wire.Problems, reference, key string, sequence uint64, attempt int) {
	if !intentReference.MatchString(reference) {
		p.Add("reference", "1 to 36 characters of A-Z a-z 0-9 _ -")
	}
	if sequence == 0 {
		p.Add("sequence", "a number from 1 up")
	}
	checkKey(p, key, attempt)
}

// checkKey looks at what every verb carries that can move money.
func checkKey(p *wire.Problems, key string, attempt int) {
	checkIdempotencyKey(p, key)
	if attempt < 1 {
		p.Add("attempt", "a number from 1 up")
	}
}

// checkIdempotencyKey takes what the host's own API takes.
func checkIdempotencyKey(p *wire.Problems, key string) {
	if !idempotencyKey.MatchString(key) {
		p.Add("idempotency_key", "1 to 255 printable ASCII characters")
	}
}

// checkAmount looks at an amount that is about to move: more than zero, of a currency that the account handles, within
// the limits that the provider declares for it.
func checkAmount(p *wire.Problems, a *account, m sdk.Money, limits []sdk.AmountLimit) {
	if p.Has("amount", "currency") {
		return
	}
	if m == (sdk.Money{}) {
		p.Add("amount", "missing")
		return
	}
	if m.Amount.Sign() <= 0 {
		p.Add("amount", "must be more than zero")
		return
	}
	learner, learns := a.provider.(sdk.CurrencyLearner)
	known := a.info.Currencies
	if len(known) > 0 && !slices.Contains(known, m.Currency) && !(learns && learner.TakesCurrency(m.Currency)) {
		p.Add("currency", "this account does not handle %q", m.Currency)
	}
	for i := range limits {
		if limits[i].Currency == m.Currency {
			checkLimit(p, &limits[i], m)
		}
	}
	if digits, known := sdk.MinorUnits(m.Currency, limits...); known && finer(m.Amount, digits) {
		p.Add("amount", "at most %d decimals in %s", digits, m.Currency)
	}
}

// finer compares by value: 1000.00 is not more exact than 1000.
func finer(amount decimal.Decimal, digits int32) bool {
	return !amount.Equal(amount.Truncate(digits))
}

func checkLimit(p *wire.Problems, l *sdk.AmountLimit, m sdk.Money) {
	if l.Min != nil && m.Amount.LessThan(*l.Min) {
		p.Exceed("amount", "at least %s %s", l.Min, l.Currency)
	}
	if l.Max != nil && m.Amount.GreaterThan(*l.Max) {
		p.Exceed("amount", "at most %s %s", l.Max, l.Currency)
	}
}

// checkList makes sure that a list is asked for in one of the two ways, and in one that the plugin declares.
func checkList(p *wire.Problems, field string, lookup sdk.Lookup, count int, from, to time.Time) {
	byTime := !from.IsZero() || !to.IsZero()
	switch {
	case count > 0 && byTime:
		p.Add(field, "either references or a time range, not both")
	case count == 0 && !byTime:
		p.Add(field, "references or a time range are needed")
	case count > 0 && !lookup.ListByReference:
		p.Add(field, "this provider cannot list by reference")
	case byTime && !lookup.ListByTime:
		p.Add("from", "this provider cannot list by time")
	}
}

// checkFields holds a create to what the plugin declares that it needs.
func checkFields(p *wire.Problems, needed []string, texts map[string]string) {
	for _, name := range needed {
		if texts[name] == "" {
			p.Add(name, "is required")
		}
	}
}
