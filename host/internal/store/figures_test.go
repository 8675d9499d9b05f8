package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// stored records an intent as it is, which InsertIntent alone does not do.
func stored(
	t *testing.T,
	s *store.Store,
	id string,
	change func(*intent.Intent),
) *intent.Intent {
	t.Helper()
	made := example(id)
	change(made)
	update(t, s, func(tx *store.Tx) error { return tx.InsertIntent(t.Context(), made) })
	return made
}

func TestWhatIsStoredIsCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		for k, status := range []payment.Status{
			payment.Succeeded, payment.Succeeded, payment.Unknown, payment.Failed,
		} {
			stored(t, s, fmt.Sprintf("pay_%d", k), func(i *intent.Intent) {
				i.Status = status
				i.CheckAt = i.CreatedAt.Add(time.Duration(k) * time.Hour)
			})
		}

		stored(t, s, "po_1", func(i *intent.Intent) {
			i.Kind = payment.KindPayout
			i.Provider = "zen"
		})

		update(t, s, func(tx *store.Tx) error {
			for k, state := range []payment.WebhookState{
				payment.WebhookFailed, payment.WebhookApplied, payment.WebhookFailed,
			} {
				err := tx.InsertWebhook(ctx, &store.Webhook{
					ID:         fmt.Sprintf("wh_%d", k),
					Provider:   "acme",
					Purpose:    "webhook",
					State:      state,
					ReceivedAt: time.Unix(int64(k), 0),
				})
				if err != nil {
					return err
				}
			}

			return nil
		})

		view(t, s, func(tx *store.Tx) error {
			payments, err := tx.IntentProviders(ctx, payment.KindPayment)
			if err != nil || !slices.Equal(payments, []string{"acme"}) {
				t.Errorf("payments of %v, %v", payments, err)
			}
			payouts, err := tx.IntentProviders(ctx, payment.KindPayout)
			if err != nil || !slices.Equal(payouts, []string{"zen"}) {
				t.Errorf("payouts of %v, %v", payouts, err)
			}

			senders, err := tx.WebhookSenders(ctx)
			if err != nil || !slices.Equal(senders, []string{"acme"}) {
				t.Errorf("webhooks of %v, %v", senders, err)
			}

			count, err := tx.CountIntents(
				ctx,
				"acme",
				payment.KindPayment,
				payment.Succeeded,
			)
			if err != nil || count != 2 {
				t.Errorf("%d have succeeded, %v", count, err)
			}

			count, err = tx.CountWebhooks(ctx, "acme", payment.WebhookFailed)
			if err != nil || count != 2 {
				t.Errorf("%d webhooks failed, %v", count, err)
			}

			begun := example("").CreatedAt
			count, oldest, err := tx.DueBacklog(ctx, "acme", begun.Add(90*time.Minute))
			if err != nil || count != 2 || !oldest.Equal(begun) {
				t.Errorf("%d are due, the first since %v, %v", count, oldest, err)
			}

			count, oldest, err = tx.DueBacklog(ctx, "nobody", begun)
			if err != nil || count != 0 || !oldest.IsZero() {
				t.Errorf("%d are due at nobody, %v, %v", count, oldest, err)
			}

			waiting, err := tx.WaitingWebhooks(ctx, "acme", payment.WebhookFailed, 1)
			if err != nil || len(waiting) != 1 || waiting[0].ID != "wh_0" {
				t.Errorf("waiting: %v, %v", waiting, err)
			}

			return nil
		})
	})
}

// The amount in doubt is that of the payment, or of the capture that is in
// doubt, and the doubt began with the first call without an answer.
func TestDoubtsHaveTheirAmountsAndTheirBeginning(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		begun := example("").CreatedAt
		attempt := func(id string, number int, verb, amount, outcome string) {
			t.Helper()
			one := payment.Attempt{
				Number:    number,
				Verb:      verb,
				StartedAt: begun.Add(time.Duration(number) * time.Minute),
				Deadline:  begun.Add(time.Hour),
			}
			if amount != "" {
				one.Amount = &payment.Amount{Decimal: decimal.RequireFromString(amount)}
			}

			update(t, s, func(tx *store.Tx) error { return tx.InsertAttempt(ctx, id, one) })
			one.Outcome = outcome
			update(t, s, func(tx *store.Tx) error { return tx.FinishAttempt(ctx, id, one) })
		}

		stored(t, s, "pay_1", func(i *intent.Intent) { i.Status = payment.Unknown })
		attempt("pay_1", 1, "create_payment", "", "not_sent")
		attempt("pay_1", 2, "create_payment", "", "unknown")
		attempt("pay_1", 3, "create_payment", "", "unknown")
		stored(t, s, "pay_2", func(i *intent.Intent) {
			i.Status = payment.Authorized
			i.Doubt = "capture_payment"
		})

		attempt("pay_2", 1, "create_payment", "", "unknown")
		attempt("pay_2", 4, "capture_payment", "19.50", "unknown")
		stored(t, s, "pay_3", func(i *intent.Intent) { i.Status = payment.UnderReview })
		stored(t, s, "pay_4", func(i *intent.Intent) { i.Status = payment.Succeeded })

		view(t, s, func(tx *store.Tx) error {
			doubts, err := tx.Doubts(ctx)
			if err != nil {
				return err
			}
			slices.SortFunc(
				doubts,
				func(a, b store.Doubt) int { return a.Since.Compare(b.Since) },
			)

			want := []store.Doubt{
				{"acme", payment.KindPayment, usd("60"), begun.Add(2 * time.Minute)},
				{"acme", payment.KindPayment, usd("19.5"), begun.Add(4 * time.Minute)},
			}
			if len(doubts) != len(want) {
				t.Fatalf("got %v", doubts)
			}

			for k := range want {
				same := doubts[k].Amount.Equal(want[k].Amount) &&
					doubts[k].Since.Equal(want[k].Since)
				if !same {
					t.Errorf("got %v, want %v", doubts[k], want[k])
				}
			}

			unknown, err := tx.CasesByStatus(ctx, payment.Unknown, 10)
			if err != nil || len(unknown) != 1 || unknown[0].ID != "pay_1" {
				t.Errorf("unknown: %v, %v", unknown, err)
			}
			reviewed, err := tx.CasesByStatus(ctx, payment.UnderReview, 10)
			if err != nil || len(reviewed) != 1 || reviewed[0].ID != "pay_3" {
				t.Errorf("under review: %v, %v", reviewed, err)
			}

			actions, err := tx.CasesInAction(ctx, 10)
			if err != nil || len(actions) != 1 || actions[0].ID != "pay_2" ||
				!actions[0].Since.Equal(begun.Add(4*time.Minute)) {
				t.Errorf("actions: %v, %v", actions, err)
			}

			return nil
		})
	})
}

func usd(text string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(text), Currency: "USD"}
}

func TestTheWriterTellsHowLongItsTransactionsTook(t *testing.T) {
	told := make(chan time.Duration, 8)
	path := "sqlite:" + t.TempDir() + "/payhost.db"
	s, err := store.Open(
		t.Context(),
		path,
		store.WithTimes(func(d time.Duration) { told <- d }),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	update(t, s, func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "a", "b") })
	if took := <-told; took <= 0 {
		t.Errorf("it took %v", took)
	}
}
