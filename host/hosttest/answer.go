package hosttest

import (
	"context"
	"sync"

	"github.com/payhost/payhost/sdk"
)

// Answer is what a provider does with the calls of one verb.
type Answer struct {
	before func(context.Context) error // waits
	idle   bool                        // nothing is carried out
	err    *sdk.Error                  // what is answered instead of success
}

// Succeed carries the call out and says so. Every verb does that until
// Provider.On sets something else.
func Succeed() Answer { return Answer{} }

// Refuse carries nothing out and says why, with the provider's own code and
// words.
func Refuse(code sdk.Code, providerCode, message string) Answer {
	return Answer{idle: true, err: sdk.Refused(code, providerCode, message)}
}

// Doubt carries nothing out, and the caller cannot know that: the outcome is
// unknown.
func Doubt() Answer { return Answer{idle: true, err: inDoubt()} }

// Lose carries the call out, and the answer is lost on the way: the outcome is
// unknown, though the money has moved.
func Lose() Answer { return Answer{err: inDoubt()} }

func inDoubt() *sdk.Error {
	return &sdk.Error{
		Code:    sdk.CodeUnavailable,
		Outcome: sdk.OutcomeUnknown,
		Message: "no answer came back",
	}
}

// Hold makes calls wait, before they do what then says, until release is called
// or the host gives them up. entered receives once for every call that waits.
// release may be called several times.
func Hold(then Answer) (answer Answer, entered <-chan struct{}, release func()) {
	waiting := make(chan struct{}, 1024)
	gate := make(chan struct{})
	then.before = func(ctx context.Context) error {
		select {
		case waiting <- struct{}{}:
		default: // no test counts that many
		}

		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}

	var once sync.Once
	return then, waiting, func() { once.Do(func() { close(gate) }) }
}
