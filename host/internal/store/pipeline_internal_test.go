package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// What nobody waits for costs no round trip of its own, however many jobs share
// the commit, and also when one of them fails; each answer that is waited for
// costs one.
func TestStatementsThatNobodyWaitsForShareARoundTrip(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()

	take := func(key string) *job {
		return &job{
			ctx: ctx,
			fn:  func(tx *Tx) error { return tx.InsertKey(ctx, Key{Key: key}) },
		}
	}

	change := func(id string) *job {
		return &job{
			ctx:      ctx,
			prefetch: prefetch{intents: []string{id}},
			fn: func(tx *Tx) error {
				i, err := tx.IntentForUpdate(ctx, id)
				if err != nil {
					return err
				}
				if _, err := tx.Attempts(ctx, id); err != nil {
					return err
				}
				return tx.SaveIntent(ctx, i)
			},
		}
	}

	for _, id := range []string{"pay_1", "pay_2", "pay_3"} {
		if err := s.Write(ctx, func(tx *Tx) error {
			return tx.InsertIntent(ctx, &intent.Intent{
				ID:     id,
				Kind:   payment.KindPayment,
				Status: payment.Created,
				Amount: payment.Amount{Decimal: decimal.RequireFromString("1")},
			})
		}); err != nil {
			t.Fatal(err)
		}
	}

	look := &job{
		ctx: ctx,
		fn:  func(tx *Tx) error { _, err := tx.Key(ctx, "a"); return err },
	}
	for _, c := range []struct {
		name         string
		jobs         []*job
		trips, fails int
	}{
		{"one", []*job{take("a")}, 1, 0},
		{"many", []*job{take("b"), take("c"), take("d")}, 1, 0},
		{"one that is there", []*job{take("a")}, 1, 1},
		// the rest is sent again
		{"many and one that is there", []*job{take("e"), take("a"), take("f")}, 2, 1},
		{"two that look", []*job{take("g"), look, take("h"), look}, 3, 0},
		{"many that change what they expected", []*job{change("pay_1"), change("pay_2"), change("pay_3")}, 2, 0},
		// each after the first reads it again
		{"many that change one", []*job{change("pay_1"), change("pay_1"), change("pay_1")}, 4, 0},
	} {
		b := &counted{database: s.db}
		failed, err := (&Store{db: b, clock: newClock(), log: slog.New(slog.DiscardHandler)}).runAll(
			ctx,
			c.jobs,
		)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}

		if b.last.trips != c.trips || len(failed) != c.fails {
			t.Errorf(
				"%s: %d round trips, %d failures; want %d, %d",
				c.name,
				b.last.trips,
				len(failed),
				c.trips,
				c.fails,
			)
		}

		for _, err := range failed {
			if !errors.Is(err, ErrExists) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}

	for k, key := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		err := s.Get(ctx, func(tx *Tx) error { _, err := tx.Key(ctx, key); return err })
		if err != nil {
			t.Errorf("key %d: %v", k, err)
		}
	}

	err = s.Get(ctx, func(tx *Tx) error {
		_, err1 := tx.Key(ctx, "a")
		_, err2 := tx.Key(ctx, "a")
		if err1 != nil || err2 == nil {
			return fmt.Errorf("the second question of a look: %w, %w", err1, err2)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// counted keeps the last batch.
type counted struct {
	database
	last *pgBatch
}

func (c *counted) begin(ctx context.Context) (batch, error) {
	b, err := c.database.begin(ctx)
	if err == nil {
		c.last = b.(*pgBatch)
	}
	return b, err
}
