package idempotency

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// awayStore refuses every write until a moment, as a database does that is not
// there.
type awayStore struct {
	store.Transactor
	until  time.Time
	writes int
}

func (s *awayStore) Write(context.Context, func(*store.Tx) error) error {
	s.writes++
	if time.Now().Before(s.until) {
		return errors.New("no space left on device")
	}
	return nil
}

func keysOn(s store.Transactor) *Keys {
	return New(Options{
		Store: s,
		Backoff: func(first time.Duration) Pauses {
			pauses := backoff.NewExponentialBackOff()
			pauses.InitialInterval = first
			pauses.RandomizationFactor = 0
			return pauses
		},
	})
}

// What a key stands for is asked until the database says so, or until the
// caller has waited long enough.
func TestWhatAKeyStandsForIsAskedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s := &awayStore{until: begun.Add(time.Hour)}
		k := keysOn(s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // whoever has gone away has not undone the commit
		_, err := k.Standing(ctx, "k")
		if waited := time.Since(begun); err == nil || waited != standingTries ||
			s.writes < 5 {
			t.Errorf("%v after %s and %d questions", err, waited, s.writes)
		}
	})
}

// Two requests under one key: the second waits while the first finds out what
// the key stands for, and not for ever.
func TestRequestsUnderOneKeyTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOn(&awayStore{})
		release, err := k.Hold(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}

		if free, err := k.Hold(t.Context(), "another"); err != nil {
			t.Error(err)
		} else {
			free()
		}

		begun := time.Now()
		_, err = k.Hold(t.Context(), "k")
		if e := (&payment.Error{}); !errors.As(err, &e) ||
			e.Code != payment.CodeIdempotencyInProgress || e.Outcome != sdk.OutcomeUnknown ||
			time.Since(begun) != replayWait {
			t.Errorf("%v after %s", err, time.Since(begun))
		}

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = k.Hold(gone, "k")
		if e := (&payment.Error{}); !errors.As(err, &e) ||
			e.Outcome != sdk.OutcomeUnknown ||
			!errors.Is(err, context.Canceled) {
			t.Errorf("whoever has gone is told %v", err)
		}

		second := make(chan error, 1)
		go func() {
			free, err := k.Hold(t.Context(), "k")
			if err == nil {
				free()
			}
			second <- err
		}()

		synctest.Wait()
		select {
		case err := <-second:
			t.Errorf("the second did not wait: %v", err)
		default:
		}

		release()
		if err := <-second; err != nil {
			t.Error(err)
		}
	})
}
