package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// like is an example that a test changes.
func like(id string, change func(*intent.Intent)) *intent.Intent {
	i := example(id)
	change(i)
	return i
}

// What must never be is refused by the database itself, whatever the code above
// it thinks.
func TestTheDatabaseRefusesWhatMustNeverBe(t *testing.T) {
	ctx := context.Background()
	insert := func(i *intent.Intent) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.InsertIntent(ctx, i) }
	}
	amount := func(text string) func(*intent.Intent) {
		return func(i *intent.Intent) { i.Amount.Decimal = decimal.RequireFromString(text) }
	}

	status := func(kind payment.Kind, s payment.Status) func(*intent.Intent) {
		return func(i *intent.Intent) { i.Kind, i.Status = kind, s }
	}
	attempt := func(id string, a payment.Attempt) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.InsertAttempt(ctx, id, a) }
	}

	run := func(statement string) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.Exec(ctx, statement) }
	}

	const event = `INSERT INTO events (position, type, kind, intent_id, parent_id, sequence, created_at, data)
		VALUES (99, 'x', 'payment', 'pay_1', '', 1, 0, '{}')`
	const eventOfRefund = `INSERT INTO events (position, type, kind, intent_id, parent_id, sequence, created_at, data)
		VALUES (99, 'x', 'refund', 're_1', 'pay_1', 1, 0, '{}')`
	attemptByHand := func(intentID, outcome string, number int) func(*store.Tx) error {
		return run(rawAttempt(intentID, outcome, number))
	}

	change := func(set string) func(*store.Tx) error {
		return run("UPDATE intents SET " + set + " WHERE id = 'pay_1'")
	}
	for _, c := range []struct {
		name   string
		write  func(*store.Tx) error
		exists bool
	}{
		{"a key that stands for another intent",
			insert(like("pay_2", func(i *intent.Intent) { i.IdempotencyKey = "key-pay_1" })), true},
		{"a number that the identity has used",
			insert(like("pay_2",
				func(i *intent.Intent) { i.Fingerprint = "identity of pay_1" })), true},
		{"the number of another event", run(event), true},
		{"the number of an event, of a refund", run(eventOfRefund), true},
		{"by hand, a key that stands for another intent",
			run(rawIntent("pay_2", "key-pay_1", "created", "60.00", "me", 9)), true},
		{"by hand, a number that the identity has used",
			run(rawIntent("pay_2", "k", "created", "60.00", "identity of pay_1", 7)), true},
		{"by hand, an unknown status",
			run(rawIntent("pay_2", "k", "paid", "60.00", "me", 9)), false},
		{"by hand, an amount of nothing",
			run(rawIntent("pay_2", "k", "created", "0.00", "me", 9)), false},
		{"by hand, an amount below nothing",
			run(rawIntent("pay_2", "k", "created", "-60.00", "me", 9)), false},
		{"by hand, an amount that is no number",
			run(rawIntent("pay_2", "k", "created", "60 or so", "me", 9)), false},
		{"by hand, an amount with an exponent",
			run(rawIntent("pay_2", "k", "created", "1e5", "me", 9)), false},
		{"by hand, an amount with two points",
			run(rawIntent("pay_2", "k", "created", "1.2.3", "me", 9)), false},
		{"by hand, no amount", run(rawIntent("pay_2", "k", "created", "", "me", 9)), false},
		{"by hand, an attempt of nothing", attemptByHand("pay_0", "", 1), false},
		{"by hand, a second open attempt", attemptByHand("pay_1", "", 2), true},
		{"by hand, an unknown end of an attempt", attemptByHand("pay_1", "perhaps", 2), false},
		{"by hand, a change to an unknown status", change("status = 'paid'"), false},
		{"by hand, a change to an unknown kind", change("kind = 'gift'"), false},
		{"by hand, a change to no amount", change("amount = '0'"), false},
		{"by hand, a rule that is switched off", change("rules = 0"), false},
		{"by hand, an intent that leaves its attempts", run("DELETE FROM intents WHERE id = 'pay_1'"), false},
		{"an amount of nothing", insert(like("pay_2", amount("0"))), false},
		{"an amount below nothing", insert(like("pay_2", amount("-1"))), false},
		{"an unknown status", insert(like("pay_2", status(payment.KindPayment, "paid"))), false},
		{"a payout that is canceled", insert(like("pay_2", status(payment.KindPayout,
			payment.Canceled))), false},
		{"a refund that is authorized", insert(like("pay_2", status(payment.KindRefund,
			payment.Authorized))), false},
		{"an unknown kind", insert(like("pay_2", status("gift", payment.Created))), false},
		{"a change to an unknown status", func(tx *store.Tx) error {
			i, err := tx.IntentForUpdate(ctx, "pay_1")
			if err != nil {
				return err
			}
			i.Status = "paid"
			return tx.SaveIntent(ctx, i)
		}, false},
		{"an attempt of nothing", attempt("pay_0", payment.Attempt{Number: 1}), false},
		{"a second open attempt", attempt("pay_1", payment.Attempt{Number: 2}), true},
		{"an attempt's number twice", attempt("pay_1", payment.Attempt{Number: 1}), true},
		{"an unknown end of an attempt", func(tx *store.Tx) error {
			return tx.FinishAttempt(ctx, "pay_1", payment.Attempt{Number: 1, Outcome: "perhaps"})
		}, false},
		{"a transfer twice for an identity", run(`INSERT INTO receipts (intent_id, receipt_id, amount, currency, identity)
			VALUES ('pay_3', 'T1', '', '', 'me')`), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, url string) {
				s := open(t, url)
				update(t, s, func(tx *store.Tx) error {
					e := payment.Event{Type: "payment.created", Data: []byte("{}")}
					_, err := tx.AddReceipt(ctx, "me", "pay_1", intent.Receipt{ID: "T1"})
					return errors.Join(err, insert(example("pay_1"))(tx),
						attempt("pay_1", payment.Attempt{Number: 1})(tx),
						tx.AppendEvent(ctx, payment.KindPayment, "pay_1", "", &e))
				})

				err := s.Write(ctx, c.write)
				if err == nil || !errors.Is(err, store.ErrUnwritten) ||
					errors.Is(err, store.ErrExists) != c.exists {
					t.Fatalf("got %v", err)
				}

				view(t, s, func(tx *store.Tx) error {
					if _, err := tx.Intent(ctx, "pay_2"); !errors.Is(
						err,
						store.ErrNotFound,
					) {
						t.Errorf("it is there: %v", err)
					}

					i, err := tx.Intent(ctx, "pay_1")
					if err == nil && i.Status != payment.Created {
						t.Errorf("it is %s", i.Status)
					}

					return err
				})
			})
		})
	}
}

// What may be: several attempts one after the other, and numbers and keys that
// are not used.
func TestTheDatabaseTakesWhatMayBe(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		update(t, s, func(tx *store.Tx) error {
			plain := func(i *intent.Intent) {
				i.Sequence = 0
				i.IdempotencyKey, i.Fingerprint = "", "me"
			}

			err := errors.Join(tx.InsertIntent(ctx, like("re_1", plain)),
				tx.InsertIntent(ctx, like("re_2", plain)))

			for n := 1; n <= 3; n++ {
				err = errors.Join(
					err,
					tx.InsertAttempt(ctx, "re_1", payment.Attempt{Number: n}),
					tx.FinishAttempt(
						ctx,
						"re_1",
						payment.Attempt{Number: n, Outcome: "not_sent"},
					),
				)
			}

			return err
		})
	})
}

// rawIntent returns the statement that records a payment by hand.
func rawIntent(id, key, status, amount, fingerprint string, sequence int) string {
	return fmt.Sprintf(
		`INSERT INTO intents (id, kind, provider, parent_id, amount, currency, merchant_reference, method, request,
			idempotency_key, created_at, expires_at, sequence, status, review_reason, fingerprint, provider_reference, refs,
			provider_status, paid_amount, paid_currency, next_action, failure, succeeded_at, updated_at, check_at, checks, events, version)
			VALUES ('%s', 'payment', 'acme', '', '%s', 'USD', '', '', '{}', '%s', 1, 0, %d, '%s', '', '%s', 'ref', '["ref"]', '', '', '',
			'', '', 0, 1, 5, 0, 2, 3)`,
		id,
		amount,
		key,
		sequence,
		status,
		fingerprint,
	)
}

// rawAttempt returns the statement that records an attempt by hand.
func rawAttempt(intentID, outcome string, number int) string {
	return fmt.Sprintf(
		`INSERT INTO attempts (intent_id, number, verb, started_at, deadline, duration_ms, plugin_version, fingerprint,
			host, outcome, code, provider_code, message, exchanges) VALUES ('%s', %d, 'create_payment', 1, 2, 3, '1.0.0', 'me', 'host_old',
			'%s', '', '', '', 'null')`,
		intentID,
		number,
		outcome,
	)
}

// Rows that a former version let in keep the tables from being brought up to
// date, and are named, all of them at once.
func TestRowsThatMustNeverBeAreNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		const event = `INSERT INTO events (position, type, kind, intent_id, parent_id, sequence, created_at, data)
			VALUES (%d, 'payment.created', 'payment', 'pay_ok', '', 1, 1, '{}')`
		store.OpenBefore(
			t,
			url,
			4,
			rawIntent("pay_ok", "ok", "processing", "60.00", "me", 1),
			rawIntent("pay_nothing", "a", "created", "0.00", "me", 2),
			rawIntent("pay_paid", "b", "paid", "60.00", "me", 3),
			rawIntent("pay_key1", "k", "created", "60.00", "me", 4),
			rawIntent("pay_key2", "k", "created", "60.00", "me", 5),
			rawIntent("pay_number1", "c", "created", "60.00", "me", 6),
			rawIntent("pay_number2", "d", "created", "60.00", "me", 6),
			rawAttempt("pay_ok", "", 1),
			rawAttempt("pay_ok", "", 2),
			rawAttempt("pay_ok", "perhaps", 3),
			fmt.Sprintf(event, 1),
			fmt.Sprintf(event, 2),
		)

		s, err := store.Open(t.Context(), url)
		if err == nil {
			_ = s.Close()
			t.Fatal("it was opened")
		}

		for _, part := range []string{
			"pay_nothing: a payment of 0.00 that is created",
			"pay_paid: a payment of 60.00 that is paid",
			"pay_key1 and pay_key2 have the same idempotency key",
			"pay_number1 and pay_number2 have the sequence number 6 of one identity",
			"pay_ok has 2 open attempts",
			"pay_ok: its attempt 3 has the outcome perhaps",
			"pay_ok has 2 events with the number 1",
			"correct them by hand",
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q is missing in: %v", part, err)
			}
		}
	})
}

// A database of the former version, with payments in every state: its rows are
// read as before, and the new numbers of every identity begin above all that
// were ever given.
func TestAFormerDatabaseIsBroughtUpToDateWithItsRows(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		store.OpenBefore(
			t,
			url,
			4,
			rawIntent("pay_1", "k", "processing", "60.00", "me", 7),
			rawIntent("pay_2", "l", "created", "0.01", "me", 8),
			rawAttempt("pay_1", "ok", 1),
			rawAttempt("pay_gone", "unknown", 1),
			rawAttempt("pay_2", "unknown", 1),
			rawAttempt("pay_2", "", 2),
			`INSERT INTO counters (name, value) VALUES ('sequence:acme', 41), ('sequence:acme-eu', 900), ('events', 2)`,
			`INSERT INTO receipts (intent_id, receipt_id, amount, currency) VALUES ('pay_1', 'T1', '60', 'USD')`,
			`INSERT INTO idempotency_keys (key, request_hash, intent_id, action, result, host, deadline, created_at)
				VALUES ('k', 'h', 'pay_1', 'create_payment', '', '', 0, 1)`,
			`INSERT INTO events (position, type, kind, intent_id, parent_id, sequence, created_at, data)
				VALUES (1, 'payment.created', 'payment', 'pay_1', '', 1, 1, '{}'), (2, 'payment.processing', 'payment', 'pay_1', '', 2, 1, '{}')`,
		)

		s, ctx := open(t, url), t.Context()

		view(t, s, func(tx *store.Tx) error {
			list, err := tx.ListIntents(
				ctx,
				store.Filter{Kind: payment.KindPayment, Limit: 10},
			)
			if err != nil || len(list) != 2 || list[1].ProviderReference != "ref" ||
				list[1].Sequence != 7 {
				t.Fatalf("%v, %+v", err, list)
			}

			attempts, err := tx.Attempts(ctx, "pay_2")
			if err != nil || len(attempts) != 2 || attempts[1].Host != "host_old" ||
				attempts[1].PluginVersion != "1.0.0" {
				t.Errorf("%v, %+v", err, attempts)
			}

			if key, err := tx.Key(ctx, "k"); err != nil || key.IntentID != "pay_1" {
				t.Errorf("%+v, %v", key, err)
			}
			lost, err := tx.LostAttempts(ctx, time.Unix(0, 0), time.Unix(0, 0), 10)
			if err != nil || len(lost) != 1 || lost[0] != "pay_2" {
				t.Errorf("what a former host left open: %v, %v", lost, err)
			}

			return nil
		})

		update(t, s, func(tx *store.Tx) error { // a row of before goes on
			i, err := tx.IntentForUpdate(ctx, "pay_1")
			if err != nil {
				return err
			}
			i.Status = payment.Succeeded
			e := payment.Event{Type: "payment.succeeded", Data: []byte("{}")}
			return errors.Join(tx.SaveIntent(ctx, i),
				tx.AppendEvent(ctx, payment.KindPayment, "pay_1", "", &e),
				tx.InsertAttempt(ctx, "pay_1", payment.Attempt{Number: 2}))
		})

		view(t, s, func(tx *store.Tx) error {
			events, err := tx.Events(ctx, 2, nil, 10)
			if err != nil || len(events) != 1 || events[0].Sequence != 3 {
				t.Errorf("the next event is %+v, %v", events, err)
			}
			return nil
		})

		wantReceiptOf(t, s, "me", "pay_1", "T1", "pay_1")

		for identity, want := range map[string]uint64{"me": 901, "another": 901} {
			i := like(
				"pay_of_"+identity,
				func(i *intent.Intent) { i.Fingerprint = identity },
			)

			update(t, s, func(tx *store.Tx) error {
				return tx.InsertNumbered(ctx, i, "sequence:"+identity, 1)
			})
			if i.Sequence != want {
				t.Errorf(
					"the first number of %s is %d, want %d",
					identity,
					i.Sequence,
					want,
				)
			}
		}

		raised := like("pay_raised", func(i *intent.Intent) { i.Fingerprint = "third" })
		update(t, s, func(tx *store.Tx) error {
			return tx.InsertNumbered(ctx, raised, "sequence:third", 5000)
		})
		if raised.Sequence != 5000 {
			t.Errorf("where more is configured it begins at %d", raised.Sequence)
		}
	})
}

func wantReceiptOf(t *testing.T, s *store.Store, identity, intentID, receipt, want string) {
	t.Helper()
	update(t, s, func(tx *store.Tx) error {
		holder, err := tx.AddReceipt(
			t.Context(),
			identity,
			intentID,
			intent.Receipt{ID: receipt},
		)
		if holder != want {
			t.Errorf("%s counts for %q, want %s", receipt, holder, want)
		}

		return err
	})
}

func TestATransferCountsOnceForAnIdentity(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		wantReceiptOf(t, s, "me", "pay_1", "T1", "pay_1")
		wantReceiptOf(t, s, "me", "pay_1", "T1", "pay_1")
		wantReceiptOf(t, s, "me", "pay_2", "T1", "pay_1")
		wantReceiptOf(t, s, "another", "pay_3", "T1", "pay_3")
		view(t, s, func(tx *store.Tx) error {
			for id, want := range map[string]int{"pay_1": 1, "pay_2": 0, "pay_3": 1} {
				if list, err := tx.Receipts(t.Context(), id); err != nil ||
					len(list) != want {
					t.Errorf("%s has %d, want %d (%v)", id, len(list), want, err)
				}
			}
			return nil
		})
	})
}

// A key is finished and freed by the request that holds it, and by no other of
// the same host or of another.
func TestAKeyBelongsToTheRequestThatTookIt(t *testing.T) {
	deadline := time.Unix(100, 0).UTC()
	held := store.Key{
		Key:         "k",
		RequestHash: "h",
		IntentID:    "pay_1",
		Host:        "host_1",
		Deadline:    deadline,
	}
	for _, c := range []struct {
		name  string
		by    store.Key
		holds bool
	}{
		{"its own request", held, true},
		{"another host", store.Key{Key: "k", Host: "host_2", Deadline: deadline}, false},
		{"another request of its host", store.Key{
			Key:      "k",
			Host:     "host_1",
			Deadline: deadline.Add(time.Microsecond),
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, url string) {
				s, ctx := open(t, url), t.Context()
				update(t, s, func(tx *store.Tx) error { return tx.InsertKey(ctx, held) })
				update(t, s, func(tx *store.Tx) error { return tx.DeleteKey(ctx, c.by) })
				_, err := keyOf(t, s)
				if free := errors.Is(err, store.ErrNotFound); free != c.holds {
					t.Errorf("freed: %v", err)
				}

				if c.holds {
					update(
						t,
						s,
						func(tx *store.Tx) error { return tx.InsertKey(ctx, held) },
					)
				}

				update(
					t,
					s,
					func(tx *store.Tx) error { return tx.FinishKey(ctx, c.by, "done") },
				)

				if k, err := keyOf(t, s); err != nil || (k.Result == "done") != c.holds {
					t.Errorf("finished: %+v, %v", k, err)
				}
			})
		})
	}

	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.InsertKey(ctx, held), tx.FinishKey(ctx, held, "done"))
		})
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.FinishKey(ctx, held, "other"), tx.DeleteKey(ctx, held))
		})

		if k, err := keyOf(t, s); err != nil || k.Result != "done" {
			t.Errorf("what is finished was changed: %+v, %v", k, err)
		}
		found := held
		found.Result = "done"
		update(t, s, func(tx *store.Tx) error { return tx.FinishKey(ctx, found, "better") })
		if k, err := keyOf(t, s); err != nil || k.Result != "better" {
			t.Errorf("as it was read it was not changed: %+v, %v", k, err)
		}
	})
}

func keyOf(t *testing.T, s *store.Store) (k *store.Key, err error) {
	t.Helper()
	err = s.Read(t.Context(), func(tx *store.Tx) (err error) {
		k, err = tx.Key(t.Context(), "k")
		return err
	})
	return k, err
}

// An end that was told is not replaced; a guess is.
func TestTheEndOfAnAttemptStays(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_1")) },
		)

		for n, c := range []struct{ was, then, want string }{
			{"unknown", "ok", "ok"}, {"unknown", "refused", "refused"},
			{"ok", "unknown", "ok"}, {"refused", "ok", "refused"}, {"not_sent", "ok", "not_sent"},
		} {
			update(t, s, func(tx *store.Tx) error {
				a := payment.Attempt{Number: n + 1}
				err := tx.InsertAttempt(ctx, "pay_1", a)
				for _, outcome := range []string{c.was, c.then} {
					a.Outcome = outcome
					err = errors.Join(err, tx.FinishAttempt(ctx, "pay_1", a))
				}
				return err
			})

			view(t, s, func(tx *store.Tx) error {
				list, err := tx.Attempts(ctx, "pay_1")
				if err == nil && list[n].Outcome != c.want {
					t.Errorf("%s after %s is %s", c.then, c.was, list[n].Outcome)
				}
				return err
			})
		}
	})
}

// Whoever finds what other hosts left: the attempts whose deadline has passed,
// and at once those of hosts that are not there.
func TestWhichAttemptsAreLost(t *testing.T) {
	at := time.Unix(1000, 0).UTC()
	now := at
	onBoth(t, func(t *testing.T, url string) {
		now = at
		s, err := store.Open(
			t.Context(),
			url,
			store.WithClock(func() time.Time { return now }),
		)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()

		ctx := t.Context()
		for _, host := range []string{"alive", "silent", "gone"} {
			update(t, s, func(tx *store.Tx) error {
				return errors.Join(
					tx.RecordHeartbeat(ctx, host),
					tx.InsertIntent(ctx, example("pay_"+host)),
					tx.InsertAttempt(
						ctx,
						"pay_"+host,
						payment.Attempt{
							Number:   1,
							Host:     host,
							Deadline: at.Add(time.Minute),
						},
					),
				)
			})
		}

		now = at.Add(10 * time.Second)
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.RecordHeartbeat(ctx, "alive"), tx.DeleteHost(ctx, "gone"))
		})
		want := func(when string, limit time.Time, list string) {
			t.Helper()
			view(t, s, func(tx *store.Tx) error {
				ids, err := tx.LostAttempts(ctx, limit, now.Add(-5*time.Second), 10)
				for _, id := range []string{"alive", "silent", "gone"} {
					if strings.Contains(fmt.Sprint(ids), id) != strings.Contains(list, id) {
						t.Errorf("%s: %v, want %s", when, ids, list)
					}
				}

				alive, err2 := tx.HostAlive(ctx, "alive", now.Add(-5*time.Second))
				if !alive && when != "alone" {
					t.Errorf("%s: the host that has just been there is not", when)
				}
				silent, err3 := tx.HostAlive(ctx, "silent", now.Add(-5*time.Second))
				if silent {
					t.Errorf("%s: the silent host is taken for alive", when)
				}

				return errors.Join(err, err2, err3)
			})
		}

		want("one has ended, one is silent", at, "silent gone")
		want("and time is over", at.Add(2*time.Minute), "alive silent gone")
		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.DeleteHostsBefore(ctx, at.Add(5*time.Second)) },
		)

		want("the silent one is forgotten", at, "silent gone")
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(
				tx.RecordHeartbeat(ctx, "new"),
				tx.DeleteOtherHosts(ctx, "new"),
			)
		})

		want("alone", at, "alive silent gone")
	})
}

// One job that expects text which no database takes, in a commit that it
// shares: nobody else pays for it.
func TestWhatOneJobExpectsCostsNobodyElseAnything(t *testing.T) {
	for _, odd := range []string{"pay_\x00", "pay_\xff", "\x00", strings.Repeat("x", 1<<20)} {
		onBoth(t, func(t *testing.T, url string) {
			s := open(t, url)
			jobs := []waiting{{[]store.ProviderEvent{{
				Provider: odd,
				ID:       odd,
				IntentID: odd,
			}}, func(tx *store.Tx) error {
				_, err := tx.IntentForUpdate(context.Background(), odd)
				return err
			}}}

			for n := range 10 {
				jobs = append(jobs, waiting{fn: func(tx *store.Tx) error {
					return tx.SetSetting(
						context.Background(),
						fmt.Sprint("innocent", n),
						"x",
					)
				}})
			}

			for n, err := range together(t, s, jobs) {
				switch {
				case n == 0 && !errors.Is(err, store.ErrNotFound):
					t.Errorf("%.10q itself: %v", odd, err)
				case n > 0 && err != nil:
					t.Errorf("%.10q: job %d failed with it: %v", odd, n, err)
				}
			}
		})
	}
}
