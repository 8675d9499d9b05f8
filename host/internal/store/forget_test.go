package store_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// person is what the rows of these tests say of a customer.
const person = `{"amount":"1","currency":"USD","provider":"acme","description":"for Mila",` +
	`"customer":{"id":"cust-4711","email":"mila@example.org","first_name":"Mila"},` +
	`"metadata":{"note":"mila@example.org"}}`

// addIntent writes an intent of a person, made at a second, with an attempt, a
// line of its history, an event and a webhook.
func addIntent(t *testing.T, s *store.Store, n int, status payment.Status, request string) string {
	t.Helper()
	ctx, id, at := t.Context(), fmt.Sprintf("pay_%d", n), int64(n)*1_000_000
	blob := "x''"
	if s.IsPostgres() {
		blob = "''::bytea"
	}
	outcome := "ok"
	if !status.Final() {
		outcome = "unknown"
	}

	update(t, s, func(tx *store.Tx) error {
		for _, query := range []string{
			fmt.Sprintf(`INSERT INTO intents (id, kind, provider, parent_id, amount, currency,
				merchant_reference, method, request, idempotency_key, created_at, expires_at,
				sequence, status, review_reason, fingerprint, provider_reference, refs,
				provider_status, paid_amount, paid_currency, next_action, failure, state,
				succeeded_at, updated_at, check_at, checks, events, version, rules)
				VALUES ('%s', 'payment', 'acme', '', '1', 'USD', 'order-1', '', '%s', '%s', %d, 0,
				0, '%s', '', 'f', 'theirs', '[]', '', '', '', '', '', %s, 0, %[4]d, 0, 0, 1, 1, 1)`,
				id, request, "key-"+id, at, status, blob),
			fmt.Sprintf(`INSERT INTO attempts (intent_id, number, verb, started_at, deadline,
				duration_ms, plugin_version, fingerprint, host, outcome, code, provider_code,
				message, exchanges, rules) VALUES ('%s', 1, 'create_payment', %d, 0, 1, '1', 'f', 'h',
				'%s', '', '', 'Mila has no money', '[{"request":"mila@example.org"}]', 1)`,
				id, at, outcome),
			fmt.Sprintf(`INSERT INTO history (intent_id, position, at, actor, action, from_status,
				to_status, note) VALUES ('%s', 1, %d, 'provider', 'created', '', '%s',
				'paid by Mila')`, id, at, status),
			fmt.Sprintf(`INSERT INTO events (position, type, kind, intent_id, parent_id,
				sequence, created_at, data) VALUES (%d, 'payment.succeeded', 'payment', '%s', '',
				1, %d, '%s')`, n, id, at, request),
			fmt.Sprintf(`INSERT INTO webhooks (id, provider, purpose, scope, intent_id, received_at,
				remote_address, method, query, headers, body, state, verified, events, intent_ids,
				error, tries, next_try_at) VALUES ('wh_%d', 'acme', 'webhook', '', '', %d, '::1',
				'POST', 'mail=mila%%40example.org', '{}', %s, 'applied', 1, 1, '["%s"]', '', 1, 0)`,
				n, at, blob, id),
		} {
			if err := tx.Exec(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
	return id
}

// Only what is old and over goes, in as many steps as it takes.
func TestWhatIsOldAndOverIsForgotten(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		old := addIntent(t, s, 1, payment.Succeeded, person)
		open := addIntent(t, s, 2, payment.Unknown, person)
		older := addIntent(t, s, 3, payment.Failed, person)
		young := addIntent(t, s, 9, payment.Succeeded, person)
		before := time.Unix(5, 0)

		emptied := steps(t, s, func(tx *store.Tx) (int64, bool, error) {
			count, err := tx.EmptyExchangesBefore(ctx, before, 1)
			return count, count == 1, err
		})
		place := ""
		webhooks := steps(t, s, func(tx *store.Tx) (int64, bool, error) {
			count, next, err := tx.DeleteWebhooksBefore(ctx, before, place, 1)
			place = next
			return count, next != "", err
		})
		var after uint64
		events := steps(t, s, func(tx *store.Tx) (int64, bool, error) {
			count, next, more, err := tx.DeleteEventsBefore(ctx, before, after, 1)
			after = next
			return count, more, err
		})
		if (emptied != 2) || (webhooks != 2) || (events != 2) {
			t.Errorf("exchanges %d, webhooks %d, events %d", emptied, webhooks, events)
		}

		view(t, s, func(tx *store.Tx) error {
			for _, id := range []string{old, open, older, young} {
				attempts, err := tx.Attempts(ctx, id)
				kept := (id == open) || (id == young)
				if err != nil || len(attempts) != 1 || (len(attempts[0].Exchanges) == 1) != kept {
					t.Errorf("%s: %+v, %v", id, attempts, err)
				}
			}
			left, err := tx.Events(ctx, 0, nil, 10)
			if err != nil || len(left) != 2 || left[0].PaymentID != open {
				t.Errorf("left are %v, %v", left, err)
			}
			ids, err := tx.IntentsToErase(ctx, before, 10)
			if err != nil || !slices.Equal(ids, []string{old, older}) {
				t.Errorf("to be erased are %v, %v", ids, err)
			}
			return nil
		})
	})
}

// steps makes steps until there are no more, and returns what they add up to.
func steps(
	t *testing.T, s *store.Store, step func(*store.Tx) (int64, bool, error),
) (total int64) {
	t.Helper()
	for more := true; more; {
		var count int64
		update(t, s, func(tx *store.Tx) (err error) {
			count, more, err = step(tx)
			return err
		})
		total += count
	}
	return total
}

// An event is in the stream until the pusher has seen it and it has arrived.
func TestAnEventIsKeptUntilItIsPushed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		update(t, s, func(tx *store.Tx) error { return tx.BeginPush(ctx) })
		addIntent(t, s, 1, payment.Succeeded, person)
		gone := func(want int64) {
			t.Helper()
			update(t, s, func(tx *store.Tx) error {
				count, _, _, err := tx.DeleteEventsBefore(ctx, time.Unix(5, 0), 0, 10)
				if count != want {
					t.Errorf("%d events are gone, want %d", count, want)
				}
				return err
			})
		}

		gone(0) // not enqueued
		update(t, s, func(tx *store.Tx) error {
			_, err := tx.EnqueueDeliveries(ctx, time.Unix(5, 0), 10)
			return err
		})
		gone(0) // not arrived
		update(t, s, func(tx *store.Tx) error { return tx.Exec(ctx, "DELETE FROM deliveries") })
		gone(1)
	})
}

// After erasing, no table says who the person was; what money hangs on stays.
func TestAnErasedIntentSaysNothingOfThePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		id := addIntent(t, s, 1, payment.Succeeded, person)
		other := addIntent(t, s, 2, payment.Unknown, person)
		stranger := addIntent(t, s, 3, payment.Succeeded, strings.ReplaceAll(person, "4711", "4712"))

		view(t, s, func(tx *store.Tx) error {
			found, last, err := tx.IntentsOfPerson(ctx, "cust-4711", "", 10)
			if err != nil || last != "" || len(found) != 2 || found[0].ID != id || !found[0].Over ||
				found[1].Over || !slices.Contains(found[0].Values, "mila@example.org") {
				t.Errorf("found %+v, %q, %v", found, last, err)
			}
			return nil
		})
		update(t, s, func(tx *store.Tx) error {
			if err := tx.EraseIntent(ctx, other, time.Unix(9, 0)); !errors.Is(err, store.ErrConflict) {
				t.Errorf("an open one: %v", err)
			}
			return tx.EraseIntent(ctx, id, time.Unix(9, 0))
		})
		update(t, s, func(tx *store.Tx) error {
			count, waiting, last, err := tx.EraseWebhooks(ctx, []string{id}, nil, "", 10)
			if count != 1 || len(waiting) != 0 || last != "" {
				t.Errorf("webhooks: %d, %v, %q", count, waiting, last)
			}
			return err
		})

		view(t, s, func(tx *store.Tx) error {
			intent, err := tx.Intent(ctx, id)
			if err != nil || intent.Amount.String() != "1" || intent.MerchantReference != "order-1" ||
				intent.ProviderReference != "theirs" || intent.Status != payment.Succeeded {
				t.Errorf("%+v, %v", intent, err)
			}
			attempts, _ := tx.Attempts(ctx, id)
			history, _ := tx.Notes(ctx, id)
			events, _ := tx.Events(ctx, 0, nil, 1)
			webhook, err := tx.Webhook(ctx, "wh_1")
			all := fmt.Sprintf("%s %+v %+v %s %+v", intent.Request, attempts, history,
				events[0].Data, webhook)
			for _, value := range []string{"mila", "Mila", "cust-4711"} {
				if strings.Contains(all, value) {
					t.Errorf("%q is in %s", value, all)
				}
			}
			if kept, err := tx.Webhook(ctx, "wh_3"); err != nil || kept.Request.Query == "" {
				t.Errorf("the webhook of %s: %+v, %v", stranger, kept, err)
			}
			return err
		})
	})
}

// Neither the file of a SQLite nor its log, nor a dump of a PostgreSQL, has
// anything of a person who was erased: what was overwritten is gone, too.
func TestNothingOfAnErasedPersonIsInTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		var ids []string
		for n := 1; n <= 40; n++ {
			ids = append(ids, addIntent(t, s, n, payment.Succeeded, person))
		}
		if !strings.Contains(bytesOf(t, s, url), "mila@example.org") {
			t.Fatal("the search does not find what is there")
		}

		update(t, s, func(tx *store.Tx) error {
			_, _, _, err := tx.EraseWebhooks(ctx, ids, nil, "", 100)
			for _, id := range ids {
				err = errors.Join(err, tx.EraseIntent(ctx, id, tx.Now()))
			}
			return err
		})
		if err := s.Scrub(ctx); err != nil {
			t.Fatal(err)
		}

		all := bytesOf(t, s, url)
		for _, value := range []string{"mila", "Mila", "cust-4711"} {
			if at := strings.Index(all, value); at >= 0 {
				t.Errorf("%q is left: %q", value, all[max(0, at-80):min(len(all), at+80)])
			}
		}
	})
}

// bytesOf returns all that a database holds: its files, or a dump.
func bytesOf(t *testing.T, s *store.Store, url string) (all string) {
	t.Helper()
	if s.IsPostgres() {
		view(t, s, func(tx *store.Tx) (err error) {
			all, err = tx.Dump(t.Context())
			return err
		})
		return all
	}

	path := strings.TrimPrefix(url, "sqlite:")
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		all += string(data)
	}
	return all
}
