package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// What a message may hold. Both sides check: a plugin can lie, and a host can have a fault.
const (
	maxReference = 200     // references, ids and statuses of the provider
	maxState     = 4 << 10 // Payment.State, Payout.State and Refund.State
	maxOptions   = 64 << 10
	maxPageToken = 4 << 10
	MaxInput     = 1 << 20 // an operation's input
	maxURL       = 8 << 10
)

// reader turns wire messages into author values and collects what is wrong with them.
type reader struct {
	path     string // where in the message we are, "" or ending with a dot
	problems *Problems
}

func newReader() *reader { return &reader{problems: &Problems{}} }

// in returns a reader for the message in the named field.
func (r *reader) in(field string) *reader {
	return &reader{path: r.path + field + ".", problems: r.problems}
}

// item returns a reader for the i-th message of the named list.
func (r *reader) item(field string, i int) *reader {
	return r.in(fmt.Sprintf("%s[%d]", field, i))
}

func (r *reader) fail(field, format string, args ...any) {
	r.problems.Add(r.path+field, format, args...)
}

// bounded reads text that must be short.
func (r *reader) bounded(field, text string, limit int) string {
	if len(text) > limit {
		r.fail(field, "at most %d bytes, this has %d", limit, len(text))
		return ""
	}
	return text
}

// reference reads a reference or id of the provider's.
func (r *reader) reference(field, text string) string { return r.bounded(field, text, maxReference) }

// blob reads bytes that must be few; none is nil.
func (r *reader) blob(field string, data []byte, limit int) []byte {
	if len(data) == 0 {
		return nil
	}
	if len(data) > limit {
		r.fail(field, "at most %d bytes, this has %d", limit, len(data))
		return nil
	}
	return data
}

// object reads the merchant's options: one JSON object, or nothing.
func (r *reader) object(field string, data []byte) json.RawMessage {
	data = r.blob(field, data, maxOptions)
	if data == nil {
		return nil
	}
	if !strings.HasPrefix(strings.TrimLeft(string(data), " \t\r\n"), "{") || !json.Valid(data) {
		r.fail(field, "not a JSON object")
		return nil
	}
	return data
}

// present reports a missing value.
func present[A ~string](r *reader, field string, value A) A {
	if value == "" {
		r.fail(field, "missing, or not one of the contract's")
	}
	return value
}

// amount reads a bound: empty is nil.
func (r *reader) amount(field, text string) *decimal.Decimal {
	if text == "" {
		return nil
	}
	d, err := sdk.ParseAmount(text)
	if err != nil {
		r.fail(field, "%s", err)
		return nil
	}
	return &d
}

// money reads an amount that is not negative; absent is the zero Money.
func (r *reader) money(field string, w *pb.Money) sdk.Money {
	m := r.signedMoney(field, w)
	if m.Amount.IsNegative() {
		amount, _ := moneyFields(field)
		r.fail(amount, "negative")
	}
	return m
}

// moneyOrNil is money, but absent is nil.
func (r *reader) moneyOrNil(field string, w *pb.Money) *sdk.Money {
	if w == nil {
		return nil
	}
	m := r.money(field, w)
	return &m
}

// signedMoney reads an amount that may be negative.
func (r *reader) signedMoney(field string, w *pb.Money) sdk.Money {
	if w == nil {
		return sdk.Money{}
	}
	amountField, currencyField := moneyFields(field)
	amount, err := sdk.ParseAmount(w.GetAmount())
	if err != nil {
		r.fail(amountField, "%s", err)
	}
	if err := sdk.CheckCurrency(w.GetCurrency()); err != nil {
		r.fail(currencyField, "%s", err)
	}
	return sdk.Money{Amount: amount, Currency: w.GetCurrency()}
}

// moneyFields gives the names that merchants know: "amount" and "currency", "paid_amount" and "paid_currency".
func moneyFields(field string) (amount, currency string) {
	if field == "amount" {
		return "amount", "currency"
	}
	return field + "_amount", field + "_currency"
}

func (r *reader) time(field string, w *timestamppb.Timestamp) time.Time {
	if w == nil {
		return time.Time{}
	}
	if err := w.CheckValid(); err != nil {
		r.fail(field, "not a time")
		return time.Time{}
	}
	return w.AsTime()
}

// information reads a time on which nothing depends: what is none is the zero
// time.
func (r *reader) information(w *timestamppb.Timestamp) time.Time {
	if (w == nil) || (w.CheckValid() != nil) {
		return time.Time{}
	}
	return w.AsTime()
}

func (r *reader) duration(field string, w *durationpb.Duration) time.Duration {
	if w == nil {
		return 0
	}
	if w.CheckValid() != nil || w.AsDuration() < 0 {
		r.fail(field, "not a duration from zero up")
		return 0
	}
	return w.AsDuration()
}
