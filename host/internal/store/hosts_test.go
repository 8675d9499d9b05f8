package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

func TestHostsThatStartTogetherMakeTheTablesOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s, err := store.Open(t.Context(), url)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// One host's batch takes the sequence and then the stream of events, the other's the other way round.
func TestHostsThatWriteTheSameRowsInAnotherOrderBothSucceed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for _, order := range [][]string{{"sequence", "events"}, {"events", "sequence"}} {
			s := open(t, url)
			wg.Go(func() {
				for range 100 {
					err := s.Update(t.Context(), func(tx *store.Tx) error {
						for _, name := range order {
							if _, err := tx.Next(t.Context(), name, 1); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestTextThatNoDatabaseShouldMindIsKept(t *testing.T) {
	const odd = "a\x00b\xffc"
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		i := example("pay_1")
		i.ProviderReference, i.References, i.ProviderStatus = odd, []string{odd}, odd
		i.Failure = &payment.Failure{ProviderMessage: odd}
		n := &store.Notice{ID: "wh_1", Provider: "acme", Purpose: "webhook", State: payment.WebhookPending, Error: odd}
		n.Request.Query, n.Request.Body = odd, []byte(odd)
		update(t, s, func(tx *store.Tx) error {
			if err := tx.InsertIntent(ctx, i); err != nil {
				return err
			}
			if err := tx.SaveIntent(ctx, i); err != nil {
				return err
			}
			if err := tx.InsertAttempt(ctx, i.ID, payment.Attempt{Number: 1}); err != nil {
				return err
			}
			if err := tx.FinishAttempt(ctx, i.ID, payment.Attempt{Number: 1, Outcome: "unknown", Message: odd, ProviderCode: odd}); err != nil {
				return err
			}
			if err := tx.TakeEventID(ctx, "acme", odd, n.ID, time.Now()); err != nil {
				return err
			}
			return tx.InsertNotice(ctx, n)
		})
		view(t, s, func(tx *store.Tx) error {
			found, err := tx.IntentsByReference(ctx, "acme", odd)
			if err != nil || len(found) != 1 {
				t.Errorf("by its reference: %v, %v", found, err)
			}
			if seen, err := tx.EventApplied(ctx, "acme", odd); err != nil || !seen {
				t.Errorf("by its event's id: %v, %v", seen, err)
			}
			got, err := tx.Notice(ctx, "wh_1")
			if err == nil && string(got.Request.Body) != odd {
				t.Errorf("the body came back as %q", got.Request.Body)
			}
			return err
		})
	})
}

func TestASumOfManyDigitsComesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		i := example("pay_1")
		i.PaidAmount = &payment.Amount{Decimal: decimal.RequireFromString(strings.Repeat("9", 64) + "." + strings.Repeat("1", 60))}
		update(t, s, func(tx *store.Tx) error { return tx.InsertIntent(ctx, i) })
		view(t, s, func(tx *store.Tx) error {
			got, err := tx.Intent(ctx, "pay_1")
			if err == nil && !got.PaidAmount.Equal(i.PaidAmount.Decimal) {
				t.Errorf("got %s", got.PaidAmount)
			}
			return err
		})
	})
}

// A prefix of types must not depend on how the database sorts.
func TestTypesAreNarrowedWhateverTheCollation(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		update(t, s, func(tx *store.Tx) error {
			if strings.HasPrefix(url, "postgres") {
				if err := tx.Exec(ctx, `ALTER TABLE events ALTER COLUMN type TYPE TEXT COLLATE "en-x-icu"`); err != nil {
					return err
				}
			}
			for _, typ := range []string{"payment.succeeded", "payment.under_review", "payout.succeeded", "paymentx"} {
				e := payment.Event{Type: typ, Data: []byte("{}")}
				if err := tx.AppendEvent(ctx, payment.KindPayment, "pay_1", "", &e); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, s, func(tx *store.Tx) error {
			list, err := tx.Events(ctx, 0, []string{"payment.*"}, 10)
			if len(list) != 2 {
				t.Errorf("%d events of payments, want 2", len(list))
			}
			return err
		})
	})
}

// What a reader sees is of one moment, also when somebody writes between two of its reads.
func TestAViewIsOfOneMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), context.WithoutCancel(t.Context())
		view(t, s, func(tx *store.Tx) error {
			if _, err := tx.Setting(ctx, "x"); err != nil {
				return err
			}
			update(t, s, func(w *store.Tx) error { return w.SetSetting(ctx, "x", "later") })
			v, err := tx.Setting(ctx, "x")
			if v != "" {
				t.Errorf("the reader saw %q", v)
			}
			return err
		})
	})
}
