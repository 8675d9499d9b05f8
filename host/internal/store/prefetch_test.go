package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"pgregory.net/rapid"
)

// change is a job that changes an intent as the core does, or applies an event
// as the inbox does.
type change struct {
	intent, event string
	// expects: it says before what it is going to read. fails: it is taken back
	// in the end.
	expects, fails bool
	// attempt: it finishes the last attempt before it reads the intent, and
	// begins another.
	attempt bool

	applied bool // it found the event not applied yet
}

func (c *change) expect() (events []store.ProviderEvent) {
	if c.expects {
		events = []store.ProviderEvent{{Provider: "acme", ID: c.event, IntentID: c.intent}}
	}
	return events
}

func (c *change) run(tx *store.Tx) error {
	ctx := context.Background()
	if c.attempt {
		before, err := tx.Attempts(ctx, c.intent)
		if err != nil {
			return err
		}
		last := payment.Attempt{
			Number:       len(before),
			Outcome:      "ok",
			ProviderCode: "of " + c.event,
		}
		if err := tx.FinishAttempt(ctx, c.intent, last); err != nil {
			return err
		}
	}

	i, err := tx.IntentForUpdate(ctx, c.intent)
	if err != nil {
		return err
	}
	attempts, err := tx.Attempts(ctx, c.intent)
	if err != nil {
		return err
	}

	if c.attempt {
		if n := len(attempts); attempts[n-1].Outcome != "ok" {
			return fmt.Errorf("the attempt that was finished reads %+v", attempts[n-1])
		}
		if err := tx.InsertAttempt(ctx, c.intent, payment.Attempt{Number: len(attempts) + 1, StartedAt: time.Unix(1, 0)}); err != nil {
			return err
		}
	}

	seen, err := tx.EventApplied(ctx, "acme", c.event)
	if err != nil {
		return err
	}
	if c.applied = !seen; c.applied {
		if err := tx.MarkEventApplied(ctx, "acme", c.event, "wh_1", time.Unix(1, 0)); err != nil {
			return err
		}
	}

	i.Checks++
	if err := tx.SaveIntent(ctx, i); err != nil {
		return err
	}
	if c.fails {
		return errOwn
	}

	return nil
}

// What is read for many jobs together is as each would have read it itself: no
// change is lost, no event is applied twice and no attempt is taken for
// another, whoever wrote before.
func TestWhatIsReadAheadIsNeverStale(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, round := open(t, url), 0
		rapid.Check(t, func(t *rapid.T) {
			round++
			ids := []string{fmt.Sprintf("pay_%d_a", round), fmt.Sprintf("pay_%d_b", round)}
			err := s.Write(context.Background(), func(tx *store.Tx) error {
				for _, id := range ids {
					if err := tx.InsertIntent(context.Background(), example(id)); err != nil {
						return err
					}
					if err := tx.InsertAttempt(context.Background(), id, payment.Attempt{Number: 1, StartedAt: time.Unix(1, 0)}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}

			changes := make([]*change, rapid.IntRange(2, 8).Draw(t, "jobs"))
			for k := range changes {
				changes[k] = &change{
					intent: rapid.SampledFrom(ids).Draw(t, "intent"),
					event: fmt.Sprintf(
						"e-%d-%d",
						round,
						rapid.IntRange(0, 1).Draw(t, "event"),
					),
					expects: rapid.Bool().Draw(t, "expects"),
					attempt: rapid.Bool().Draw(t, "attempt"),
					fails:   rapid.IntRange(0, 3).Draw(t, "fails") == 0,
				}
			}

			compareChanges(t, s, ids, changes)
		})
	})
}

func compareChanges(t *rapid.T, s *store.Store, ids []string, changes []*change) {
	list := make([]waiting, len(changes))
	for k, c := range changes {
		list[k] = waiting{c.expect(), c.run}
	}
	checks := map[string]int{}
	attempts := map[string]int{}
	applied := map[string]int{}

	for k, err := range together(t, s, list) {
		c := changes[k]
		if c.fails != (err != nil) || (err != nil && !errors.Is(err, errOwn)) {
			t.Fatalf("job %d of %+v: %v", k, *c, err)
		}
		if err != nil {
			continue
		}

		checks[c.intent]++
		if c.attempt {
			attempts[c.intent]++
		}
		if c.applied {
			applied[c.event]++
		}
	}

	for event, n := range applied {
		if n != 1 {
			t.Fatalf("event %s was applied %d times", event, n)
		}
	}

	err := s.Read(context.Background(), func(tx *store.Tx) error {
		for _, id := range ids {
			i, all, _, err := tx.IntentInFull(context.Background(), id)
			if err != nil {
				return err
			}
			if i.Checks != checks[id] || len(all) != attempts[id]+1 {
				t.Fatalf(
					"%s has %d changes and %d attempts, want %d and %d",
					id,
					i.Checks,
					len(all),
					checks[id],
					attempts[id]+1,
				)
			}
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
