package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

func TestANoticeComesBackAsItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		n := &store.Webhook{
			ID:       "wh_1",
			Provider: "acme",
			Purpose:  "webhook",
			Scope:    sdk.ScopeOpen,
			State:    payment.WebhookPending,
			Request: sdk.HTTPRequest{
				Method:        "POST",
				Query:         "a=b",
				Header:        map[string][]string{"X": {"1", "2"}},
				Body:          []byte{0, 255, 10},
				RemoteAddress: "::1",
			},
			ReceivedAt: time.Unix(5, 0).UTC(),
			NextTryAt:  time.Unix(6, 0).UTC(),
		}

		update(t, s, func(tx *store.Tx) error { return tx.InsertWebhook(ctx, n) })
		view(t, s, func(tx *store.Tx) error {
			due, err := tx.DueWebhooks(ctx, "acme", time.Unix(6, 0), 10)
			if err != nil || len(due) != 1 || string(due[0].Request.Body) != "\x00\xff\n" ||
				len(due[0].Request.Header["X"]) != 2 {
				t.Fatalf("%+v, %v", due, err)
			}

			if others, err := tx.DueWebhooks(ctx, "zen", time.Unix(6, 0), 10); err != nil ||
				len(others) != 0 {
				t.Errorf("due at another provider: %v, %v", others, err)
			}

			if names, err := tx.WebhookProviders(ctx, time.Unix(6, 0)); err != nil ||
				!slices.Equal(names, []string{"acme"}) {
				t.Errorf("due at %v, %v", names, err)
			}

			if early, err := tx.DueWebhooks(ctx, "acme", time.Unix(5, 0), 10); err != nil ||
				len(early) != 0 {
				t.Errorf("due before its time: %v, %v", early, err)
			}

			return nil
		})

		n.State, n.NextTryAt = payment.WebhookFailed, time.Time{}
		update(t, s, func(tx *store.Tx) error { return tx.SaveWebhook(ctx, n) })
		update(t, s, func(tx *store.Tx) error {
			gone, err := tx.DeleteUnverifiedBefore(ctx, time.Unix(6, 0), 10)
			if gone != 1 {
				t.Errorf("forgot %d", gone)
			}
			return err
		})
	})
}
