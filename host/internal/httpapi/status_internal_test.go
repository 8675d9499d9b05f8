package httpapi

import (
	"testing"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// What no scripted account can bring about.
func TestStatusOfWhatTheHostTurnsAway(t *testing.T) {
	for _, c := range []struct {
		code    string
		outcome sdk.Outcome
		id      string
		want    int
	}{
		{payment.CodeStorage, sdk.OutcomeNotSent, "", 503},
		{payment.CodeStorage, sdk.OutcomeUnknown, "pay_1", 503},
		{payment.CodeCanceled, sdk.OutcomeNotSent, "", 503},
		{payment.CodeCanceled, sdk.OutcomeUnknown, "", 504},
		{payment.CodeHostGone, sdk.OutcomeUnknown, "pay_1", 504},
		{payment.CodeIdempotencyInProgress, sdk.OutcomeUnknown, "pay_1", 409},
		{payment.CodeIdempotencyConflict, sdk.OutcomeNotSent, "pay_1", 409},
		{string(sdk.CodeRateLimited), sdk.OutcomeNotSent, "", 429},
		{string(sdk.CodePermission), sdk.OutcomeNotSent, "", 403},
		{string(sdk.CodeUnavailable), sdk.OutcomeNotSent, "", 503},
		{string(sdk.CodeUnavailable), sdk.OutcomeUnknown, "pay_1", 504},
		{string(sdk.CodeInternal), sdk.OutcomeUnknown, "pay_1", 504},
		{string(sdk.CodeInternal), sdk.OutcomeUnknown, "", 500},
		{string(sdk.CodeLimit), sdk.OutcomeNotSent, "", 422},
	} {
		for _, k := range []callKind{changing, reading} {
			if got := statusOf(&payment.Error{Code: c.code, Outcome: c.outcome, PaymentID: c.id}, k); got != c.want {
				t.Errorf("%+v: %d", c, got)
			}
		}
	}
}

func TestRetryAfterIsWholeSecondsAndAtLeastOne(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "1", -time.Second: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Minute: "60"} {
		p := newProblem(503, "unavailable", "")
		p.retryAfter(d)
		if got := p.header.Get("Retry-After"); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
