package wire

import (
	"strconv"
	"strings"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// The prefix and the table are the generated ones. The last argument is what
// the contract says a missing value is read as; "" where it says nothing.
var (
	errorCodes = newEnum[sdk.Code, pb.Code](
		"CODE_", pb.Code_name, sdk.CodeInternal)
	outcomes = newEnum[sdk.Outcome, pb.Outcome](
		"OUTCOME_", pb.Outcome_name, sdk.OutcomeUnknown)
	capabilities = newEnum[sdk.Capability, pb.Capability](
		"CAPABILITY_", pb.Capability_name, "")
	retryBehaviors = newEnum[sdk.RetryBehavior, pb.Repeat](
		"REPEAT_", pb.Repeat_name, sdk.RetryNone)
	webhookTrusts = newEnum[sdk.WebhookTrust, pb.WebhookTrust](
		"WEBHOOK_TRUST_", pb.WebhookTrust_name, "")
	flows = newEnum[sdk.Flow, pb.Flow](
		"FLOW_", pb.Flow_name, "")
	fieldKinds = newEnum[sdk.FieldKind, pb.FieldKind](
		"FIELD_KIND_", pb.FieldKind_name, sdk.FieldText)
	healthStates = newEnum[sdk.HealthState, pb.HealthState](
		"HEALTH_STATE_", pb.HealthState_name, "")
	paymentStatuses = newEnum[sdk.PaymentStatus, pb.PaymentStatus](
		"PAYMENT_STATUS_", pb.PaymentStatus_name, "")
	payoutStatuses = newEnum[sdk.PayoutStatus, pb.PayoutStatus](
		"PAYOUT_STATUS_", pb.PayoutStatus_name, "")
	refundStatuses = newEnum[sdk.RefundStatus, pb.RefundStatus](
		"REFUND_STATUS_", pb.RefundStatus_name, "")
	urlScopes = newEnum[sdk.URLScope, pb.URLScope](
		"URL_SCOPE_", pb.URLScope_name, sdk.ScopeOpen)
	verifications = newEnum[sdk.Verification, pb.Verification](
		"VERIFICATION_", pb.Verification_name, sdk.NotVerified)
)

// unrecognized begins the author's name of a number that this version of the
// contract has no name for.
const unrecognized = "unrecognized_"

// enum converts between an author's string type and the wire's numbers. An
// author's name is the wire's without the prefix and in lower case, so the
// generated table is the only one: a new value cannot be forgotten here.
type enum[Author ~string, Wire ~int32] struct {
	names   map[Wire]Author
	numbers map[Author]Wire
	zero    Author // what UNSPECIFIED is read as
}

func newEnum[Author ~string, Wire ~int32](
	prefix string, generated map[int32]string, zero Author,
) enum[Author, Wire] {
	made := enum[Author, Wire]{
		names:   map[Wire]Author{},
		numbers: map[Author]Wire{},
		zero:    zero,
	}

	// Number 0 has no author's name: a missing value is read as zero.
	for number, name := range generated {
		if number == 0 {
			continue
		}
		author := Author(strings.ToLower(strings.TrimPrefix(name, prefix)))
		made.names[Wire(number)] = author
		made.numbers[author] = Wire(number)
	}
	return made
}

// decode returns the author's name of a number. One without a name becomes
// "unrecognized_N", which encode turns back.
func (e enum[Author, Wire]) decode(number Wire) Author {
	if number == 0 {
		return e.zero
	}
	if name, ok := e.names[number]; ok {
		return name
	}
	return Author(unrecognized + strconv.Itoa(int(number)))
}

// encode returns the number of an author's name: 0 (UNSPECIFIED) for "" and for
// what cannot be said on the wire.
func (e enum[Author, Wire]) encode(name Author) Wire {
	if number, ok := e.numbers[name]; ok {
		return number
	}
	digits, ok := strings.CutPrefix(string(name), unrecognized)
	if !ok {
		return 0
	}

	// Only the spelling that decode gives it is a number's name.
	number, err := strconv.ParseInt(digits, 10, 32)
	if (err != nil) || (e.decode(Wire(number)) != name) {
		return 0
	}
	return Wire(number)
}

func (e enum[Author, Wire]) encodeAll(names []Author) []Wire {
	var numbers []Wire
	for _, name := range names {
		numbers = append(numbers, e.encode(name))
	}
	return numbers
}

func (e enum[Author, Wire]) decodeAll(numbers []Wire) []Author {
	var names []Author
	for _, number := range numbers {
		names = append(names, e.decode(number))
	}
	return names
}
