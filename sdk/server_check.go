package sdk

import (
	"regexp"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// A reference goes to providers as their order id: this is what all of them take.
var (
	intentReference = regexp.MustCompile(`^[A-Za-z0-9_-]{1,36}$`)
	idempotencyKey  = regexp.MustCompile(`^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$`)
)

// checkIntent looks at what every create verb carries. A host that forgets one of them could make a provider see two
// intents as one, or one as two.
func checkIntent(r *reader, reference, key string, sequence uint64, attempt int) {
	if !intentReference.MatchString(reference) {
		r.fail("reference", "1 to 36 characters of A-Z a-z 0-9 _ -")
	}
	if sequence == 0 {
		r.fail("sequence", "a number from 1 up")
	}
	checkKey(r, key, attempt)
}

// checkKey looks at what every verb carries that can move money.
func checkKey(r *reader, key string, attempt int) {
	checkIdempotencyKey(r, key)
	if attempt < 1 {
		r.fail("attempt", "a number from 1 up")
	}
}

// checkIdempotencyKey takes what the host's own API takes.
func checkIdempotencyKey(r *reader, key string) {
	if !idempotencyKey.MatchString(key) {
		r.fail("idempotency_key", "1 to 255 printable ASCII characters")
	}
}

// checkAmount looks at an amount that is about to move: more than zero, of a currency that the account handles, within
// the limits that the provider declares for it.
func checkAmount(r *reader, a *account, m Money, limits []AmountLimit) {
	if r.failed("amount", "currency") {
		return
	}
	if m == (Money{}) {
		r.fail("amount", "missing")
		return
	}
	if m.Amount.Sign() <= 0 {
		r.fail("amount", "must be more than zero")
		return
	}
	learner, learns := a.provider.(CurrencyLearner)
	known := a.info.Currencies
	if len(known) > 0 && !slices.Contains(known, m.Currency) && !(learns && learner.TakesCurrency(m.Currency)) {
		r.fail("currency", "this account does not handle %q", m.Currency)
	}
	for i := range limits {
		if limits[i].Currency == m.Currency {
			checkLimit(r, &limits[i], m)
		}
	}
	if digits, known := MinorUnits(m.Currency, limits...); known && finer(m.Amount, digits) {
		r.fail("amount", "at most %d decimals in %s", digits, m.Currency)
	}
}

// finer compares by value: 1000.00 is not more exact than 1000.
func finer(amount decimal.Decimal, digits int32) bool {
	return !amount.Equal(amount.Truncate(digits))
}

func checkLimit(r *reader, l *AmountLimit, m Money) {
	if l.Min != nil && m.Amount.LessThan(*l.Min) {
		r.exceed("amount", "at least %s %s", l.Min, l.Currency)
	}
	if l.Max != nil && m.Amount.GreaterThan(*l.Max) {
		r.exceed("amount", "at most %s %s", l.Max, l.Currency)
	}
}

// checkList makes sure that a list is asked for in one of the two ways, and in one that the plugin declares.
func checkList(r *reader, field string, lookup Lookup, count int, from, to time.Time) {
	byTime := !from.IsZero() || !to.IsZero()
	switch {
	case count > 0 && byTime:
		r.fail(field, "either references or a time range, not both")
	case count == 0 && !byTime:
		r.fail(field, "references or a time range are needed")
	case count > 0 && !lookup.ListByReference:
		r.fail(field, "this provider cannot list by reference")
	case byTime && !lookup.ListByTime:
		r.fail("from", "this provider cannot list by time")
	}
}

// paymentTexts and payoutTexts are the fields that hold text and may be absent, by
// the names that Info.PaymentFields and Info.PayoutFields use.
func paymentTexts(req CreatePaymentRequest) map[string]string {
	who := req.Customer
	return map[string]string{
		"merchant_reference": req.MerchantReference, "description": req.Description, "method": req.Method,
		"country": req.Country, "language": req.Language,
		"customer.id": who.ID, "customer.email": who.Email, "customer.phone": who.Phone,
		"customer.first_name": who.FirstName, "customer.last_name": who.LastName, "customer.ip": who.IP,
	}
}

func payoutTexts(req CreatePayoutRequest) map[string]string {
	who := req.Recipient
	return map[string]string{
		"merchant_reference": req.MerchantReference, "description": req.Description, "method": req.Method,
		"recipient.id": who.ID, "recipient.email": who.Email, "recipient.name": who.Name,
		"recipient.account_number": who.AccountNumber, "recipient.iban": who.IBAN, "recipient.phone": who.Phone,
	}
}

// checkFields holds a create to what the plugin declares that it needs.
func checkFields(r *reader, needed []string, texts map[string]string) {
	for _, name := range needed {
		if texts[name] == "" {
			r.fail(name, "is required")
		}
	}
}
