package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// A pause is shown wherever somebody looks at the provider, and what it stops is
// a problem that says when to come back.
func TestAPauseIsShownAndStops(t *testing.T) {
	r := newRig(t)
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "p", Status: sdk.PayoutSucceeded}, nil
	}
	r.call(t, "POST", "/v1/providers/acme/pause", `{"what":"everything"}`).
		want(t, 422, "invalid_request")
	paused := r.call(t, "POST", "/v1/providers/acme/pause",
		`{"what":"payouts","reason":"doubts"}`).want(t, 200, "")
	if !strings.Contains(paused.text, `"by":"operator (api)"`) ||
		!strings.Contains(paused.text, `"reason":"doubts"`) {
		t.Errorf("the pause is %s", paused.text)
	}

	stopped := r.call(t, "POST", "/v1/payouts", payoutBody, "Idempotency-Key", "k").
		want(t, 503, "paused")
	if (stopped.json["outcome"] != "not_sent") || (stopped.json["retry"] != "wait") ||
		!strings.Contains(stopped.text, "doubts") {
		t.Errorf("a payout is answered %s", stopped.text)
	}

	// The word of a stranger's probe has no reason in it.
	ready := r.call(t, "GET", "/readyz", "").want(t, 200, "")
	if !strings.Contains(ready.text, `"paused":[{"provider":"acme","what":"payouts"}]`) {
		t.Errorf("readyz says %s", ready.text)
	}

	resumed := r.call(t, "POST", "/v1/providers/acme/resume", `{}`).want(t, 200, "")
	if !strings.Contains(resumed.text, `"data":[]`) {
		t.Errorf("after the pause: %s", resumed.text)
	}
}
