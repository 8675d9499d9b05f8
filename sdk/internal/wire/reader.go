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

// MaxInput bounds an operation's input and an account's configuration, in
// bytes.
const MaxInput = 1 << 20

// Bounds of a message, in bytes. Both ends check: a plugin can lie, and a
// host can have a fault.
const (
	maxReference = 200     // references, ids and statuses of the provider
	maxState     = 4 << 10 // Payment.State, Payout.State and Refund.State
	maxOptions   = 64 << 10
	maxPageToken = 4 << 10
	maxURL       = 8 << 10
)

// reader turns wire messages into author values and collects what is wrong with
// them. A value that cannot be read is the zero value.
type reader struct {
	around   *reader // of the message around this one; nil for the whole message
	field    string  // where this message is in the one around it
	index    int     // which element of the field's list it is; -1 for no list
	problems *Problems
}

func newReader() *reader {
	var made struct {
		reader

		found Problems
	}
	made.problems = &made.found
	return &made.reader
}

// in returns a reader for the message in the named field.
func (r *reader) in(field string) *reader { return r.item(field, -1) }

// item returns a reader for the i-th message of the named list.
func (r *reader) item(field string, i int) *reader {
	return &reader{
		around:   r,
		field:    field,
		index:    i,
		problems: r.problems,
	}
}

// path returns where in the message the reader is, "" or ending with a dot.
func (r *reader) path() string {
	switch {
	case r.around == nil:
		return ""
	case r.index < 0:
		return r.around.path() + r.field + "."
	default:
		return fmt.Sprintf("%s%s[%d].", r.around.path(), r.field, r.index)
	}
}

func (r *reader) fail(field, format string, args ...any) {
	r.problems.Add(r.path()+field, format, args...)
}

// bounded reads text that must be short.
func (r *reader) bounded(field, text string, limit int) string {
	if len(text) > limit {
		r.fail(field, "at most %d bytes, this has %d", limit, len(text))
		return ""
	}
	return text
}

// reference reads a reference or id of the provider.
func (r *reader) reference(field, text string) string {
	return r.bounded(field, text, maxReference)
}

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

// json reads exactly one JSON value.
func (r *reader) json(field string, data []byte, limit int) json.RawMessage {
	text := r.blob(field, data, limit)
	if (len(data) <= limit) && !json.Valid(text) {
		r.fail(field, "not a JSON value")
	}
	return text
}

// object reads the merchant's options: one JSON object, or nothing.
func (r *reader) object(field string, data []byte) json.RawMessage {
	data = r.blob(field, data, maxOptions)
	if data == nil {
		return nil
	}

	begins := strings.TrimLeft(string(data), " \t\r\n")
	if !strings.HasPrefix(begins, "{") || !json.Valid(data) {
		r.fail(field, "not a JSON object")
		return nil
	}
	return data
}

// present reports a missing value.
func present[A ~string](read *reader, field string, value A) A {
	if value == "" {
		read.fail(field, "missing, or not one of the contract's")
	}
	return value
}

// amount reads a bound: empty is nil.
func (r *reader) amount(field, text string) *decimal.Decimal {
	if text == "" {
		return nil
	}
	amount, err := sdk.ParseAmount(text)
	if err != nil {
		r.fail(field, "%s", err)
		return nil
	}
	return &amount
}

// money reads an amount that is not negative; absent is the zero Money.
func (r *reader) money(field string, from *pb.Money) sdk.Money {
	money := r.signedMoney(field, from)
	if money.Amount.IsNegative() {
		amountField, _ := moneyFields(field)
		r.fail(amountField, "negative")
	}
	return money
}

// moneyOrNil is money, but absent is nil.
func (r *reader) moneyOrNil(field string, from *pb.Money) *sdk.Money {
	if from == nil {
		return nil
	}
	money := r.money(field, from)
	return &money
}

// signedMoney reads an amount that may be negative.
func (r *reader) signedMoney(field string, from *pb.Money) sdk.Money {
	if from == nil {
		return sdk.Money{}
	}
	amountField, currencyField := moneyFields(field)

	amount, err := sdk.ParseAmount(from.GetAmount())
	if err != nil {
		r.fail(amountField, "%s", err)
	}
	if err := sdk.CheckCurrency(from.GetCurrency()); err != nil {
		r.fail(currencyField, "%s", err)
	}
	return sdk.Money{Amount: amount, Currency: from.GetCurrency()}
}

// moneyFields returns the names that merchants know: "amount" and "currency",
// "paid_amount" and "paid_currency".
func moneyFields(field string) (amount, currency string) {
	if field == "amount" {
		return "amount", "currency"
	}
	return field + "_amount", field + "_currency"
}

func (r *reader) time(field string, from *timestamppb.Timestamp) time.Time {
	if from == nil {
		return time.Time{}
	}
	if err := from.CheckValid(); err != nil {
		r.fail(field, "not a time")
		return time.Time{}
	}
	return from.AsTime()
}

// information reads a time on which nothing depends: an invalid one is the zero
// time, without a problem.
func (r *reader) information(from *timestamppb.Timestamp) time.Time {
	if (from == nil) || (from.CheckValid() != nil) {
		return time.Time{}
	}
	return from.AsTime()
}

func (r *reader) duration(field string, from *durationpb.Duration) time.Duration {
	if from == nil {
		return 0
	}
	if (from.CheckValid() != nil) || (from.AsDuration() < 0) {
		r.fail(field, "not a duration from zero up")
		return 0
	}
	return from.AsDuration()
}
