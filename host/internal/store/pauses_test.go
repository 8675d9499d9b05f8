package store_test

import (
	"context"
	"testing"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// A write sees the pauses as it has left them, whoever read them before.
func TestPausesOfACommitAreThoseOfItsWrites(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := t.Context()
		s := open(t, url)
		count := func(tx *store.Tx) int {
			list, err := tx.Pauses(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}

		var counts []int
		var ended, again bool
		err := s.Write(ctx, func(tx *store.Tx) error {
			counts = []int{count(tx)}
			pause := payment.Pause{
				Provider: "acme",
				What:     payment.PausePayouts,
				Since:    tx.Now(),
				By:       "ann",
				Reason:   "doubts",
			}
			if err := tx.SetPause(ctx, pause); err != nil {
				return err
			}

			counts = append(counts, count(tx))

			var err error
			if ended, err = tx.DeletePause(ctx, "acme", payment.PausePayouts); err != nil {
				return err
			}
			counts = append(counts, count(tx))
			again, err = tx.DeletePause(ctx, "acme", payment.PausePayouts)

			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		if counts[0] != 0 || counts[1] != 1 || counts[2] != 0 || !ended || again {
			t.Errorf("the counts are %v; ended %v, again %v", counts, ended, again)
		}
	})
}

// A pause of a write that fails is none for the writes that share its commit.
func TestAPauseThatWasRolledBackIsNone(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, url)
		var jobs []waiting

		seen := make([]int, 8)

		for k := range seen {
			jobs = append(jobs, waiting{fn: func(tx *store.Tx) error {
				pause := payment.Pause{Provider: "acme", What: payment.PausePayouts}
				if err := tx.SetPause(ctx, pause); err != nil {
					return err
				}
				if _, err := tx.Pauses(ctx); err != nil {
					return err
				}
				return errOwn
			}}, waiting{fn: func(tx *store.Tx) error {
				list, err := tx.Pauses(ctx)
				seen[k] = len(list)
				return err
			}})
		}

		together(t, s, jobs)
		for k, count := range seen {
			if count != 0 {
				t.Errorf("reader %d sees %d pauses", k, count)
			}
		}
	})
}
