package supervisor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payhost/payhost/sdk"
)

func TestBulkheadQueueIsShortAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bulkhead
		b.resize(2)

		for range 2 {
			if err := b.enter(context.Background(), time.Second); err != nil {
				t.Fatal(err)
			}
		}

		got := make(chan int, 4)
		for i := range 2 {
			go func() {
				if b.enter(context.Background(), time.Minute) == nil {
					got <- i
				}
			}()

			synctest.Wait()
		}

		begin := time.Now()

		// the queue is full
		wantError(
			t,
			b.enter(context.Background(), time.Minute),
			sdk.CodeUnavailable,
			sdk.OutcomeNotSent,
		)
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("it waited %s in a full queue", waited)
		}

		b.leave()
		if i := <-got; i != 0 {
			t.Errorf("number %d came first", i)
		}
		b.resize(3) // room for the other
		if i := <-got; i != 1 {
			t.Errorf("number %d came second", i)
		}

		if n, limit := b.held(); n != 3 || limit != 3 {
			t.Errorf("%d of %d", n, limit)
		}
	})
}

func TestBulkheadWaitEndsWithItsTimeOrItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bulkhead
		b.resize(1)
		_ = b.enter(context.Background(), 0)
		begin := time.Now()
		if b.enter(context.Background(), time.Second) == nil ||
			time.Since(begin) != time.Second {
			t.Errorf("it waited %s", time.Since(begin))
		}

		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		begin = time.Now()
		if b.enter(ctx, time.Second) == nil || time.Since(begin) != time.Millisecond {
			t.Errorf("it waited %s", time.Since(begin))
		}

		b.leave()
		if err := b.enter(context.Background(), 0); err != nil {
			t.Errorf("those who gave up hold places: %v", err)
		}
	})
}

// wantError makes sure of an error's kind.
func wantError(t testing.TB, err error, code sdk.Code, outcome sdk.Outcome) *sdk.Error {
	t.Helper()
	e, ok := err.(*sdk.Error)
	if !ok || e.Code != code || e.Outcome != outcome {
		t.Fatalf("error %v (%T), want %s, %s", err, err, code, outcome)
	}
	return e
}
