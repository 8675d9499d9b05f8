package core

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// ending is how an attempt's call has ended, and what is recorded of it.
type ending struct {
	answered
	note string // for the history
	// expected is the intent as it most likely is, nil when it has to be read.
	expected *store.Known
	// apply records what the end means for the intent. attempts has it already.
	apply func(ctx context.Context, tx *store.Tx, current *intent.Intent,
		attempts []payment.Attempt) error
	// known is called in place of apply when an earlier commit arrived after
	// all; nil when there is nothing to find out then.
	known func(attempts []payment.Attempt)
}

// persistEnd records an attempt's end, its line of history and what it means,
// in one commit. It reports whether that is written.
func (c *Core) persistEnd(ctx context.Context, e ending) bool {
	return c.persist(ctx, e.answered, func(ctx context.Context) error {
		record := func(tx *store.Tx, current *intent.Intent) error {
			return e.record(ctx, tx, current)
		}

		// Whatever has become of the first try, the next one reads.
		if known := e.expected; known != nil {
			e.expected = nil
			err := c.store.WriteKnown(ctx, *known, record)
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
		}

		return c.store.WriteIntent(ctx, e.id, record)
	})
}

// record records the end inside tx; see persistEnd.
func (e ending) record(ctx context.Context, tx *store.Tx, current *intent.Intent) error {
	attempts, err := tx.Attempts(ctx, e.id)
	if err != nil {
		return err
	}

	// An earlier commit may have recorded it all, with its acknowledgement
	// lost.
	if recordedAlready(attempts, e.attempt) {
		if e.known != nil {
			e.known(attempts)
		}
		return nil
	}

	if err := tx.FinishAttempt(ctx, e.id, e.attempt); err != nil {
		return err
	}
	change := payment.Change{At: tx.Now(), Actor: ActorHost, Action: "called", Note: e.note}
	if err := tx.AddHistory(ctx, e.id, change); err != nil {
		return err
	}

	// attempts becomes what it is once this is committed.
	for k := range attempts {
		if attempts[k].Number == e.attempt.Number {
			attempts[k].Outcome = e.attempt.Outcome
			attempts[k].Code = e.attempt.Code
		}
	}

	return e.apply(ctx, tx, current, attempts)
}

// answered is what a provider has answered to a call, for the log of a host
// that cannot record it.
type answered struct {
	id, provider, reference string
	attempt                 payment.Attempt
	// stuck is told when the caller who waits for the answer should no longer
	// do so. It has room for one; nil when no caller waits.
	stuck chan struct{}
}

// stuckAfter is how long a caller waits for an answer to be recorded that is
// there. The host goes on trying after that.
const stuckAfter = 10 * time.Second

// unrecordedAnswer is for a caller whose answer is there, and which the
// database does not take.
func unrecordedAnswer(provider, id string) *payment.Error {
	return &payment.Error{
		Code:       payment.CodeStorage,
		Outcome:    sdk.OutcomeUnknown,
		Provider:   provider,
		PaymentID:  id,
		RetryAfter: time.Second,
		Message: "the provider has answered, but the database does not take the answer; the host " +
			"keeps it and goes on trying: repeat the request with the same Idempotency-Key",
	}
}

// persist writes what a provider has answered. While the database refuses it
// tries again at short intervals, as long as the host lives: an answer is often
// the only one there will be. write gets a context of its own, because the
// call's may have run out, and that is when recording matters most; it may run
// again after a commit that arrived unnoticed. persist reports whether it is
// written.
func (c *Core) persist(ctx context.Context, answer answered,
	write func(context.Context) error,
) bool {
	ctx = context.WithoutCancel(ctx)
	defer c.Changed(answer.id)
	pauses := c.backoff(50 * time.Millisecond)
	pauses.MaxInterval = time.Second
	begun := time.Now()

	for tries := 1; ; tries++ {
		err := write(ctx)
		if err == nil {
			if tries > 1 {
				c.log.InfoContext(ctx, "a provider's answer is recorded now",
					"id", answer.id, "provider", answer.provider, "tries", tries)
			}

			return true
		}

		// The caller goes; the answer stays with the host.
		if answer.stuck != nil && time.Since(begun) > stuckAfter {
			select {
			case answer.stuck <- struct{}{}:
			default:
			}
		}

		// A person may have to record it by hand, so the log has all of it.
		lasting := lastingError(err)
		if tries == 1 || lasting {
			c.logUnrecorded("a provider's answer could not be recorded yet; "+
				"the host keeps it and tries again", answer, err)
		}

		if lasting || c.wait(pauses.NextBackOff()) != nil {
			c.logUnrecorded("a provider's answer could not be recorded and is lost "+
				"with this host; recovery will ask the provider", answer, err)
			return false
		}
	}
}

// lastingError reports whether trying again cannot help.
func lastingError(err error) bool {
	var damaged *store.DamagedError
	return errors.As(err, &damaged) || errors.Is(err, store.ErrNotFound) ||
		errors.Is(err, store.ErrClosed)
}

// logUnrecorded says all that a person needs to record an answer by hand.
func (c *Core) logUnrecorded(message string, answer answered, err error) {
	c.log.Error(message,
		"id", answer.id,
		"provider", answer.provider,
		"verb", answer.attempt.Verb,
		"attempt", answer.attempt.Number,
		"outcome", answer.attempt.Outcome,
		"code", answer.attempt.Code,
		"provider_reference", answer.reference,
		"error", err)
}

// wait pauses; the error is that the host is closing.
func (c *Core) wait(pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.closing:
		return errClosing
	}
}

var errClosing = errors.New("the host is closing")
