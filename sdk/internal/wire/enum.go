package wire

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// unrecognized begins the author's name of a number that this version of the contract has no name for.
const unrecognized = "unrecognized_"

// enum converts between an author's string type and the wire's numbers. An author's name is the wire's without the
// prefix and in lower case, so the generated table is the only one: a new value cannot be forgotten here.
type enum[A ~string, W ~int32] struct {
	names   map[W]A
	numbers map[A]W
	zero    A // what UNSPECIFIED is read as
}

func newEnum[A ~string, W ~int32](prefix string, generated map[int32]string, zero A) enum[A, W] {
	e := enum[A, W]{names: map[W]A{}, numbers: map[A]W{}, zero: zero}
	for number, name := range generated {
		if number == 0 {
			continue
		}
		author := A(strings.ToLower(strings.TrimPrefix(name, prefix)))
		e.names[W(number)], e.numbers[author] = author, W(number)
	}
	return e
}

// decode gives the author's name of w; a number without one becomes "unrecognized_N", which encode turns back.
func (e enum[A, W]) decode(w W) A {
	if w == 0 {
		return e.zero
	}
	if name, ok := e.names[w]; ok {
		return name
	}
	return A(unrecognized + strconv.Itoa(int(w)))
}

// encode gives 0 (UNSPECIFIED) for "" and for what cannot be said on the wire.
func (e enum[A, W]) encode(a A) W {
	if number, ok := e.numbers[a]; ok {
		return number
	}
	digits, ok := strings.CutPrefix(string(a), unrecognized)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || e.decode(W(n)) != a {
		return 0
	}
	return W(n)
}

func (e enum[A, W]) encodeAll(list []A) []W {
	var out []W
	for _, a := range list {
		out = append(out, e.encode(a))
	}
	return out
}

func (e enum[A, W]) decodeAll(list []W) []A {
	var out []A
	for _, w := range list {
		out = append(out, e.decode(w))
	}
	return out
}

// all gives the author's names in the order of the contract.
func (e enum[A, W]) all() []A {
	var out []A
	for _, w := range slices.Sorted(maps.Keys(e.names)) {
		out = append(out, e.names[w])
	}
	return out
}

// The third argument is what the contract says a missing value is read as; "" where it says nothing.
var (
	errorCodes      = newEnum[sdk.Code, pb.Code]("CODE_", pb.Code_name, sdk.CodeInternal)
	outcomes        = newEnum[sdk.Outcome, pb.Outcome]("OUTCOME_", pb.Outcome_name, sdk.OutcomeUnknown)
	capabilities    = newEnum[sdk.Capability, pb.Capability]("CAPABILITY_", pb.Capability_name, "")
	repeats         = newEnum[sdk.RetryBehavior, pb.Repeat]("REPEAT_", pb.Repeat_name, sdk.RetryNone)
	webhookTrusts   = newEnum[sdk.WebhookTrust, pb.WebhookTrust]("WEBHOOK_TRUST_", pb.WebhookTrust_name, "")
	flows           = newEnum[sdk.Flow, pb.Flow]("FLOW_", pb.Flow_name, "")
	fieldKinds      = newEnum[sdk.FieldKind, pb.FieldKind]("FIELD_KIND_", pb.FieldKind_name, sdk.FieldText)
	healthStates    = newEnum[sdk.HealthState, pb.HealthState]("HEALTH_STATE_", pb.HealthState_name, "")
	paymentStatuses = newEnum[sdk.PaymentStatus, pb.PaymentStatus]("PAYMENT_STATUS_", pb.PaymentStatus_name, "")
	payoutStatuses  = newEnum[sdk.PayoutStatus, pb.PayoutStatus]("PAYOUT_STATUS_", pb.PayoutStatus_name, "")
	refundStatuses  = newEnum[sdk.RefundStatus, pb.RefundStatus]("REFUND_STATUS_", pb.RefundStatus_name, "")
	urlScopes       = newEnum[sdk.URLScope, pb.URLScope]("URL_SCOPE_", pb.URLScope_name, sdk.ScopeOpen)
	verifications   = newEnum[sdk.Verification, pb.Verification]("VERIFICATION_", pb.Verification_name, sdk.NotVerified)
)
