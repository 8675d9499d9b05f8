package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// addPayout records a payout of acme in a transaction.
func addPayout(
	ctx context.Context,
	tx *store.Tx,
	id, amount string,
) (*intent.Intent, error) {
	i := example(id)
	i.Kind = payment.KindPayout
	i.Provider = "acme"
	i.Currency = "USD"
	i.Amount = payment.Amount{Decimal: decimal.RequireFromString(amount)}
	i.Status = payment.Created
	i.CreatedAt = tx.Now()
	return i, tx.InsertNumbered(ctx, i, "sums", 1)
}

// recent returns what all payouts of acme add up to.
func recent(ctx context.Context, tx *store.Tx) (string, error) {
	sum, err := tx.RecentPayouts(ctx, "acme", "USD", time.UnixMicro(1))
	return sum.Amount.String(), err
}

// Whatever shares a commit, each write sees the sum with what those before it
// have recorded, and without what was rolled back.
func TestSumsOfACommitAreThoseOfItsWrites(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		ctx := t.Context()
		var jobs []waiting

		seen := make([]string, 6)

		for k := range seen {
			jobs = append(jobs, waiting{fn: func(tx *store.Tx) (err error) {
				if seen[k], err = recent(ctx, tx); err != nil {
					return err
				}
				if _, err := addPayout(ctx, tx, fmt.Sprintf("po_%d", k), "1.10"); err != nil {
					return err
				}

				if k%2 == 1 {
					return errOwn
				}

				return nil
			}})
		}

		for k, err := range together(t, s, jobs) {
			if failed := k%2 == 1; errors.Is(err, errOwn) != failed ||
				((err != nil) != failed) {
				t.Errorf("write %d ended with %v", k, err)
			}
		}

		lasting := []string{seen[0], seen[2], seen[4]}
		slices.Sort(lasting)
		if !slices.Equal(lasting, []string{"0", "1.1", "2.2"}) {
			t.Errorf("the writes that last saw %v", lasting)
		}
	})
}

// A payout that has failed does not count until it succeeds late.
func TestFailedPayoutsDoNotCount(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		ctx := t.Context()
		var seen []string

		err := s.Write(ctx, func(tx *store.Tx) error {
			seen = nil
			note := func() error {
				sum, err := recent(ctx, tx)
				seen = append(seen, sum)
				return err
			}

			failing, err := addPayout(ctx, tx, "po_1", "2")
			if err != nil {
				return err
			}
			if _, err := addPayout(ctx, tx, "po_2", "1.10"); err != nil {
				return err
			}

			for _, status := range []payment.Status{
				payment.Unknown, payment.Failed, payment.Succeeded,
			} {
				failing.Status = status
				err := errors.Join(tx.SaveIntent(ctx, failing), note())
				if err != nil {
					return err
				}
			}

			return nil
		})
		if (err != nil) || !slices.Equal(seen, []string{"3.1", "1.1", "3.1"}) {
			t.Errorf("the sums are %v, %v", seen, err)
		}
	})
}

// Only payouts of the account, the currency and the time are added up, and only
// unknown ones are doubtful.
func TestOnlyWhatACapIsAboutIsAddedUp(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		ctx := t.Context()

		err := s.Write(ctx, func(tx *store.Tx) error {
			now := tx.Now()
			changes := []func(*intent.Intent){
				func(i *intent.Intent) { i.Status = payment.Unknown },
				func(i *intent.Intent) { i.Provider, i.Status = "other", payment.Unknown },
				func(i *intent.Intent) { i.Currency, i.Status = "EUR", payment.Unknown },
				func(i *intent.Intent) { i.Kind, i.Status = payment.KindPayment, payment.Unknown },
				func(i *intent.Intent) { i.CreatedAt = now.Add(-time.Hour) },
				func(i *intent.Intent) { i.Status = payment.UnderReview },
			}
			for k, change := range changes {
				i := example(fmt.Sprintf("x_%d", k))
				i.Kind = payment.KindPayout
				i.Provider = "acme"
				i.Currency = "USD"
				i.Amount = payment.Amount{Decimal: decimal.New(1, int32(k))}
				i.CreatedAt = now
				i.Status = payment.Succeeded
				change(i)

				if err := tx.InsertNumbered(ctx, i, "sums", 1); err != nil {
					return err
				}
			}

			recent, err := tx.RecentPayouts(ctx, "acme", "USD", now.Add(-time.Hour))
			if err != nil {
				return err
			}
			doubtful, err := tx.DoubtfulPayouts(ctx, "acme", "USD")
			if (recent.Amount.String() != "100001") || (doubtful.Amount.String() != "1") {
				t.Errorf("%s are recent, %s doubtful", recent.Amount, doubtful.Amount)
			}

			if !recent.Oldest.Equal(now) {
				t.Errorf("the oldest is of %s, want %s", recent.Oldest, now)
			}

			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
