package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

func TestErrorsAreTestedWithErrorsIs(t *testing.T) {
	all := map[string]error{
		"not found":   payment.ErrNotFound,
		"conflict":    payment.ErrConflict,
		"in progress": payment.ErrInProgress,
		"canceled":    context.Canceled,
	}

	for code, want := range map[string]string{
		string(sdk.CodeNotFound): "not found", payment.CodeConflict: "conflict",
		payment.CodeIdempotencyConflict: "conflict", payment.CodeIdempotencyInProgress: "in progress",
		string(sdk.CodeDeclined): "", payment.CodeStorage: "", "": "",
	} {
		err := fmt.Errorf("wrapped: %w", &payment.Error{Code: code})
		for name, target := range all {
			if got := errors.Is(err, target); got != (name == want) {
				t.Errorf("%s is %s: %v", code, name, got)
			}
		}
	}

	err := error(&payment.Error{Code: payment.CodeCanceled, Cause: context.Canceled})
	if !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v hides its cause", err)
	}
}

// Whoever may have moved money is never told to make a new intent.
func TestDoubtIsNeverAnsweredWithANewIntent(t *testing.T) {
	codes := []string{
		"",
		string(sdk.CodeDeclined),
		string(sdk.CodeUnavailable),
		string(sdk.CodeInternal),
		string(sdk.CodeDuplicate),
		string(
			sdk.CodeAuthentication,
		),
		string(sdk.CodeInvalidRequest),
		string(sdk.CodeRateLimited),
		payment.CodeStorage,
		payment.CodeCanceled,
	}
	for _, code := range codes {
		for _, outcome := range []sdk.Outcome{sdk.OutcomeUnknown, ""} {
			e := payment.Error{Code: code, Outcome: outcome, Asked: true}
			if got := e.Advise(); got.Retry != payment.RetrySameKey ||
				got.RetryReason == "" {
				t.Errorf("a request that ended %s (%q): %+v", code, outcome, got)
			}

			f := failure(t, payment.Failure{Code: code, Outcome: string(outcome)})
			if f.Retry != payment.RetryWait || f.RetryAfter == 0 || f.RetryReason == "" {
				t.Errorf("a failure %s (%q): %+v", code, outcome, f)
			}
		}
	}
}

func TestAdviceFollowsFromCodeAndOutcome(t *testing.T) {
	for _, c := range []struct {
		e     payment.Error
		retry payment.Retry
		after int
	}{
		{payment.Error{Code: payment.CodeIdempotencyConflict, Outcome: sdk.OutcomeNotSent}, payment.RetryNewIntent, 0},
		{payment.Error{Code: payment.CodeIdempotencyInProgress, Outcome: sdk.OutcomeUnknown, RetryAfter: time.Second}, payment.RetryWait, 1},
		{payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeNotSent}, payment.RetryWait, 1},
		{payment.Error{Code: string(sdk.CodeUnavailable), Outcome: sdk.OutcomeNotSent, RetryAfter: 1500 * time.Millisecond}, payment.RetryWait, 2},
		{payment.Error{Code: string(sdk.CodeInvalidRequest), Outcome: sdk.OutcomeNotSent}, payment.RetryNever, 0},
		{payment.Error{Code: string(sdk.CodeNotFound), Outcome: sdk.OutcomeNotSent}, payment.RetryNever, 0},
		{payment.Error{Code: payment.CodeConflict, Outcome: sdk.OutcomeNotSent}, payment.RetryNever, 0},
		{payment.Error{Code: string(sdk.CodeDeclined), Outcome: sdk.OutcomeRefused, Asked: true}, payment.RetryNewIntent, 0},
		{payment.Error{Code: string(sdk.CodeAuthentication), Outcome: sdk.OutcomeRefused, Asked: true}, payment.RetryNever, 0},
	} {
		if got := c.e.Advise(); got.Retry != c.retry || got.RetryAfter != c.after ||
			got.RetryReason == "" {
			t.Errorf("%s: %+v, want %s after %d", c.e.Error(), got, c.retry, c.after)
		}
	}

	for _, c := range []struct {
		f     payment.Failure
		retry payment.Retry
	}{
		{payment.Failure{Code: "unavailable", Outcome: "unknown", NewAttemptSafe: true}, payment.RetryNewIntent},
		{payment.Failure{Code: "unavailable", Outcome: "not_sent"}, payment.RetryNewIntent},
		{payment.Failure{Code: "declined", Outcome: "refused"}, payment.RetryNewIntent},
		{payment.Failure{Code: "authentication", Outcome: "refused"}, payment.RetryNever},
		{payment.Failure{
			Code:       "invalid_request",
			Outcome:    "not_sent",
			Violations: []payment.Violation{{Field: "customer.phone", Message: "is required"}},
		}, payment.RetryNewIntent},
	} {
		got := failure(t, c.f)
		if got.Retry != c.retry || got.RetryReason == "" ||
			len(got.Violations) != len(c.f.Violations) {
			t.Errorf("%+v: %+v, want %s", c.f, got, c.retry)
		}
	}
}

// shown is a failure as the API shows it.
type shown struct {
	Violations []payment.Violation
	payment.Advice
}

// failure returns a failure as the API shows it, once it has come back from the
// store as it was.
func failure(t *testing.T, f payment.Failure) (out shown) {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}

	var back payment.Failure
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, f) {
		t.Errorf("%+v comes back as %+v, %v", f, back, err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}

	return out
}

// A request in any zone can be recorded, and comes back as the same moment.
func TestARequestIsRecordedInUTC(t *testing.T) {
	at := time.Date(2199, 12, 31, 23, 59, 59, 0, time.FixedZone("a day", 24*3600+1))
	text, err := json.Marshal(payment.Request{Provider: "acme", ExpiresAt: at})
	if err != nil {
		t.Fatal(err)
	}
	var back payment.Request
	if err := json.Unmarshal(text, &back); err != nil || !back.ExpiresAt.Equal(at) {
		t.Errorf("%s, %v", text, err)
	}
}

// A body that is wrong in several places says so of all of them, and what can be
// read is read: the API reports the rest together with it.
func TestARequestIsReadBehindWhatCannotBeRead(t *testing.T) {
	var r payment.Request
	err := json.Unmarshal([]byte(`{"provider":"acme","amount":"6e1","expires_at":"soon","currency":"USD","metadata":{"a":"b"}}`), &r)
	var e *payment.Error
	if !errors.As(err, &e) || len(e.Violations) != 2 || e.Violations[0].Field != "amount" || e.Violations[1].Field != "expires_at" {
		t.Errorf("got %v", err)
	}
	if r.Provider != "acme" || r.Currency != "USD" || r.Metadata["a"] != "b" {
		t.Errorf("read %+v", r)
	}
	if err := json.Unmarshal([]byte(`{"amount":"1","expires_at":"0001-01-01T00:00:00Z"}`), &r); !errors.As(err, &e) {
		t.Errorf("a time that means none is taken: %v", err)
	}
}

// Zero means all of it, and is never written: an amount that got lost on the way
// would refund everything.
func TestAPartialAmountSurvivesJSON(t *testing.T) {
	for _, text := range []string{`{"amount":"1.50","reason":"damaged"}`, `{"reason":"damaged"}`, `{}`} {
		var r payment.RefundRequest
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(r); err != nil || string(again) != text {
			t.Errorf("%s comes back as %s, %v", text, again, err)
		}
	}
	var capture payment.CaptureRequest
	if err := json.Unmarshal([]byte(`{"amount":"2.00"}`), &capture); err != nil || capture.Amount.String() != "2" {
		t.Errorf("read %v, %v", capture, err)
	}
	if again, err := json.Marshal(capture); err != nil || string(again) != `{"amount":"2.00"}` {
		t.Errorf("written %s, %v", again, err)
	}
	for _, text := range []string{`{"amount":"0"}`, `{"amount":"0.00"}`, `{"amount":"-1"}`, `{"amount":1}`, `{"amount":"1e3"}`} {
		var e *payment.Error
		var r payment.RefundRequest
		if err := json.Unmarshal([]byte(text), &r); !errors.As(err, &e) || len(e.Violations) != 1 {
			t.Errorf("%s: %v", text, err)
		}
		if err := json.Unmarshal([]byte(text), &capture); !errors.As(err, &e) || len(e.Violations) != 1 {
			t.Errorf("%s: %v", text, err)
		}
	}
}
