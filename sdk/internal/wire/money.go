package wire

import (
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeBound writes no bound as "".
func encodeBound(d *decimal.Decimal) string {
	if d == nil {
		return ""
	}
	return sdk.FormatAmount(*d)
}

// encodeMoney leaves the zero Money out.
func encodeMoney(m sdk.Money) *pb.Money {
	if m.Currency == "" && m.Amount.IsZero() {
		return nil
	}
	return encodeMoneyOrNil(&m)
}

// encodeMoneyOrNil writes the zero Money too: behind a pointer it is a mistake that the reader is to see.
func encodeMoneyOrNil(m *sdk.Money) *pb.Money {
	if m == nil {
		return nil
	}
	return &pb.Money{Amount: sdk.FormatAmount(m.Amount), Currency: m.Currency}
}

// encodeTime and encodeDuration leave out what is zero.
func encodeTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func encodeDuration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// encodeList and decodeList convert element by element; an empty list is nil.
func encodeList[A, W any](list []A, convert func(*A) W) []W {
	var out []W
	for i := range list {
		out = append(out, convert(&list[i]))
	}
	return out
}

func decodeList[A, W any](r *reader, field string, list []W, convert func(*reader, W) A) []A {
	var out []A
	for i, w := range list {
		out = append(out, convert(r.item(field, i), w))
	}
	return out
}
