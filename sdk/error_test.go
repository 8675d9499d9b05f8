package sdk

import (
	"errors"
	"testing"
)

// A meaning that proves nothing makes the outcome unknown, and none takes a
// doubt away.
func TestMeans(t *testing.T) {
	for _, c := range []struct {
		code          Code
		outcome, want Outcome
	}{
		{CodeInsufficientFunds, OutcomeRefused, OutcomeRefused},
		{CodeInsufficientFunds, OutcomeUnknown, OutcomeUnknown},
		{CodeDuplicate, OutcomeRefused, OutcomeUnknown},
		{CodeUnavailable, OutcomeRefused, OutcomeUnknown},
		{CodeDuplicate, OutcomeUnknown, OutcomeUnknown},
	} {
		e := Refused(CodeDeclined, "7", "no")
		e.Outcome = c.outcome
		if got := e.Means(c.code); got != e || e.Code != c.code || e.Outcome != c.want ||
			e.ProviderCode != "7" ||
			e.ProviderMessage != "no" {
			t.Errorf("%s of %s: got %v", c.code, c.outcome, e)
		}
	}
}

func TestBeforeSending(t *testing.T) {
	for outcome, want := range map[Outcome]Outcome{OutcomeUnknown: OutcomeNotSent, OutcomeNotSent: OutcomeNotSent, OutcomeRefused: OutcomeRefused, "": OutcomeNotSent} {
		asked := &Error{Code: CodeUnavailable, Outcome: outcome, Message: "no answer"}
		e := AsError(AsNotSent("the methods", asked))
		if e.Outcome != want || e.Code != CodeUnavailable ||
			e.Message != "the methods, asked first: no answer" ||
			asked.Outcome != outcome {
			t.Errorf("%q: got %v", outcome, e)
		}
	}

	if err := AsNotSent("x", errors.New("other")); OutcomeOf(err) != OutcomeNotSent ||
		CodeOf(err) != CodeInternal {
		t.Errorf("got %v", err)
	}

	if err := AsNotSent("x", nil); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}
