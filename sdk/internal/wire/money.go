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
func encodeBound(bound *decimal.Decimal) string {
	if bound == nil {
		return ""
	}
	return sdk.FormatAmount(*bound)
}

// encodeMoney leaves the zero Money out.
func encodeMoney(money sdk.Money) *pb.Money {
	if (money.Currency == "") && money.Amount.IsZero() {
		return nil
	}
	return encodeMoneyOrNil(&money)
}

// encodeMoneyOrNil writes the zero Money too: behind a pointer it is a mistake
// that the other end is to see.
func encodeMoneyOrNil(money *sdk.Money) *pb.Money {
	if money == nil {
		return nil
	}
	return &pb.Money{
		Amount:   sdk.FormatAmount(money.Amount),
		Currency: money.Currency,
	}
}

// encodeTime leaves the zero time out.
func encodeTime(at time.Time) *timestamppb.Timestamp {
	if at.IsZero() {
		return nil
	}
	return timestamppb.New(at)
}

// encodeDuration leaves zero out.
func encodeDuration(length time.Duration) *durationpb.Duration {
	if length == 0 {
		return nil
	}
	return durationpb.New(length)
}

// encodeList converts element by element; an empty list is nil.
func encodeList[A, W any](list []A, encode func(*A) W) []W {
	var out []W
	for i := range list {
		out = append(out, encode(&list[i]))
	}
	return out
}

// decodeList converts element by element, and reports what is wrong under the
// element's place in the field; an empty list is nil.
func decodeList[A, W any](
	read *reader, field string, list []W, decode func(*reader, W) A,
) []A {
	var out []A
	for i, element := range list {
		out = append(out, decode(read.item(field, i), element))
	}
	return out
}
