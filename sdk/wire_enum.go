package sdk

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
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

// fromWire gives the author's name of w; a number without one becomes "unrecognized_N", which toWire turns back.
func (e enum[A, W]) fromWire(w W) A {
	if w == 0 {
		return e.zero
	}
	if name, ok := e.names[w]; ok {
		return name
	}
	return A(unrecognized + strconv.Itoa(int(w)))
}

// toWire gives 0 (UNSPECIFIED) for "" and for what cannot be said on the wire.
func (e enum[A, W]) toWire(a A) W {
	if number, ok := e.numbers[a]; ok {
		return number
	}
	digits, ok := strings.CutPrefix(string(a), unrecognized)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || e.fromWire(W(n)) != a {
		return 0
	}
	return W(n)
}

func (e enum[A, W]) sliceToWire(list []A) []W {
	var out []W
	for _, a := range list {
		out = append(out, e.toWire(a))
	}
	return out
}

func (e enum[A, W]) sliceFromWire(list []W) []A {
	var out []A
	for _, w := range list {
		out = append(out, e.fromWire(w))
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
	errorCodes      = newEnum[Code, wire.Code]("CODE_", wire.Code_name, CodeInternal)
	outcomes        = newEnum[Outcome, wire.Outcome]("OUTCOME_", wire.Outcome_name, OutcomeUnknown)
	capabilities    = newEnum[Capability, wire.Capability]("CAPABILITY_", wire.Capability_name, "")
	repeats         = newEnum[RetryBehavior, wire.Repeat]("REPEAT_", wire.Repeat_name, RetryNone)
	webhookTrusts   = newEnum[WebhookTrust, wire.WebhookTrust]("WEBHOOK_TRUST_", wire.WebhookTrust_name, "")
	flows           = newEnum[Flow, wire.Flow]("FLOW_", wire.Flow_name, "")
	fieldKinds      = newEnum[FieldKind, wire.FieldKind]("FIELD_KIND_", wire.FieldKind_name, FieldText)
	healthStates    = newEnum[HealthState, wire.HealthState]("HEALTH_STATE_", wire.HealthState_name, "")
	paymentStatuses = newEnum[PaymentStatus, wire.PaymentStatus]("PAYMENT_STATUS_", wire.PaymentStatus_name, "")
	payoutStatuses  = newEnum[PayoutStatus, wire.PayoutStatus]("PAYOUT_STATUS_", wire.PayoutStatus_name, "")
	refundStatuses  = newEnum[RefundStatus, wire.RefundStatus]("REFUND_STATUS_", wire.RefundStatus_name, "")
	urlScopes       = newEnum[URLScope, wire.URLScope]("URL_SCOPE_", wire.URLScope_name, ScopeOpen)
	verifications   = newEnum[Verification, wire.Verification]("VERIFICATION_", wire.Verification_name, NotVerified)
)
