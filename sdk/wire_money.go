package sdk

import (
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// amountToWire gives plain digits. An exponent that would make them longer than an amount may be gives "", which no
// reader accepts: writing them out could take gigabytes.
func amountToWire(d decimal.Decimal) string {
	if e := d.Exponent(); e > maxAmountLength || e < -maxAmountLength {
		return ""
	}
	return d.String()
}

// boundToWire writes no bound as "".
func boundToWire(d *decimal.Decimal) string {
	if d == nil {
		return ""
	}
	return amountToWire(*d)
}

// moneyToWire leaves the zero Money out.
func moneyToWire(m Money) *wire.Money {
	if m.Currency == "" && m.Amount.IsZero() {
		return nil
	}
	return moneyOrNilToWire(&m)
}

// moneyOrNilToWire writes the zero Money too: behind a pointer it is a mistake that the reader is to see.
func moneyOrNilToWire(m *Money) *wire.Money {
	if m == nil {
		return nil
	}
	return &wire.Money{Amount: amountToWire(m.Amount), Currency: m.Currency}
}

// timeToWire and durationToWire leave out what is zero.
func timeToWire(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func durationToWire(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// listToWire and listFromWire convert element by element; an empty list is nil.
func listToWire[A, W any](list []A, convert func(*A) W) []W {
	var out []W
	for i := range list {
		out = append(out, convert(&list[i]))
	}
	return out
}

func listFromWire[A, W any](r *reader, field string, list []W, convert func(*reader, W) A) []A {
	var out []A
	for i, w := range list {
		out = append(out, convert(r.item(field, i), w))
	}
	return out
}
