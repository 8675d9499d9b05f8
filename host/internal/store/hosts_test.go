package store_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
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

// One host's batch takes the sequence and then the stream of events, the
// other's the other way round.
func TestHostsThatWriteTheSameRowsInAnotherOrderBothSucceed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for _, order := range [][]string{{"sequence", "events"}, {"events", "sequence"}} {
			s := open(t, url)
			wg.Go(func() {
				for range 100 {
					err := s.Write(t.Context(), func(tx *store.Tx) error {
						for _, name := range order {
							if _, err := tx.NextNumber(t.Context(), name, 1); err != nil {
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
		i.ProviderReference = odd
		i.References = []string{odd}
		i.ProviderStatus = odd
		i.Failure = &payment.Failure{ProviderMessage: odd}
		n := &store.Webhook{
			ID:       "wh_1",
			Provider: "acme",
			Purpose:  "webhook",
			State:    payment.WebhookPending,
			Error:    odd,
		}

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

			if err := tx.ClaimEvent(ctx, "acme", odd, n.ID, time.Now()); err != nil {
				return err
			}

			return tx.InsertWebhook(ctx, n)
		})

		view(t, s, func(tx *store.Tx) error {
			found, err := tx.IntentsByReference(ctx, "acme", odd)
			if err != nil || len(found) != 1 {
				t.Errorf("by its reference: %v, %v", found, err)
			}
			if seen, err := tx.EventApplied(ctx, "acme", odd); err != nil || !seen {
				t.Errorf("by its event's id: %v, %v", seen, err)
			}

			got, err := tx.Webhook(ctx, "wh_1")
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
		i.PaidAmount = &payment.Amount{
			Decimal: decimal.RequireFromString(
				strings.Repeat("9", 64) + "." + strings.Repeat("1", 60),
			),
		}
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

			if err := tx.InsertIntent(ctx, example("pay_1")); err != nil {
				return err
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

// What a reader sees is of one moment, also when somebody writes between two of
// its reads.
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

// A host that freezes in the middle of a transaction holds the lock that all
// writers take turns by. The server takes it away, and when the host wakes up
// it finds that nothing was written and goes on.
func TestAHostThatFreezesWhileItWritesStopsNobodyForLong(t *testing.T) {
	url, ctx := storetest.Postgres(t), t.Context()
	frozen, other := open(t, url+limit(url, "500ms")), open(t, url)
	holds := make(chan struct{})
	wake := make(chan struct{})
	woke := make(chan error, 1)
	go func() {
		woke <- frozen.Write(ctx, func(tx *store.Tx) error {
			if err := tx.SetSetting(ctx, "x", "frozen"); err != nil {
				return err
			}
			close(holds)
			<-wake
			return tx.SetSetting(ctx, "y", "frozen")
		})
	}()

	<-holds
	update(t, other, func(tx *store.Tx) error { return tx.SetSetting(ctx, "x", "other") })
	close(wake)
	if err := <-woke; err == nil {
		t.Error("the frozen host takes its transaction for written")
	}

	view(t, other, func(tx *store.Tx) error {
		x, err := tx.Setting(ctx, "x")
		if x != "other" {
			t.Errorf("x is %q", x)
		}
		return err
	})

	update(t, frozen, func(tx *store.Tx) error { return tx.SetSetting(ctx, "y", "again") })
}

// limit is what to add to a server's URL for another limit than ours.
func limit(url, idle string) string {
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	return separator + "idle_in_transaction_session_timeout=" + idle
}

// The server ends all connections, as when it is started anew: whoever reads
// next does not notice.
func TestReadersDoNotNoticeThatTheirConnectionsWereEnded(t *testing.T) {
	url, ctx := storetest.Postgres(t), t.Context()
	s := open(t, url)
	update(t, s, func(tx *store.Tx) error { return tx.SetSetting(ctx, "x", "1") })
	read := func(through func(context.Context, func(*store.Tx) error) error) {
		t.Helper()
		err := through(ctx, func(tx *store.Tx) error {
			x, err := tx.Setting(ctx, "x")
			if err == nil && x != "1" {
				t.Errorf("x is %q", x)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}

	other, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()

	for _, through := range []func(context.Context, func(*store.Tx) error) error{s.Get, s.Read} {
		read(through)
		_, err := other.ExecContext(
			ctx,
			`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`,
		)
		if err != nil {
			t.Fatal(err)
		}

		read(through)
	}
}

func TestConnectionsAreHeldToTheirLimits(t *testing.T) {
	url := storetest.Postgres(t)
	for given, want := range map[string]string{url: "10s", url + limit(url, "7s"): "7s"} {
		s := open(t, given)
		view(t, s, func(tx *store.Tx) error {
			idle, err := tx.Show(t.Context(), "idle_in_transaction_session_timeout")
			if err != nil || idle != want {
				t.Errorf("got %q, want %q (%v)", idle, want, err)
			}
			lock, err := tx.Show(t.Context(), "lock_timeout")
			if lock != "20s" {
				t.Errorf("a lock is waited for for %q", lock)
			}

			if err != nil {
				return err
			}
			statement, err := tx.Show(t.Context(), "statement_timeout")
			if statement != "25s" {
				t.Errorf("a statement may run for %q", statement)
			}

			return err
		})
	}
}

// While nothing ran, somebody set the machine's time back: a window that has
// closed does not open again.
func TestTheClockOfAnEmbeddedDatabaseBeginsWhereItEnded(t *testing.T) {
	url, later := "sqlite:"+t.TempDir()+"/payhost.db", time.Now().Add(time.Hour)
	s, err := store.Open(
		t.Context(),
		url,
		store.WithClock(func() time.Time { return later }),
	)
	if err != nil {
		t.Fatal(err)
	}

	update(
		t,
		s,
		func(tx *store.Tx) error { return tx.RecordHeartbeat(t.Context(), "host_1") },
	)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := open(t, url).Now(); got.Before(later.Truncate(time.Microsecond)) {
		t.Errorf("it is %s, and the last sign of life was at %s", got, later)
	}
}

// On a server every host dates by the server's clock, whatever its own shows.
func TestTheClockOfAServerIsEveryHosts(t *testing.T) {
	url := storetest.Postgres(t)
	update(t, open(t, url), func(tx *store.Tx) error {
		return tx.Exec(
			t.Context(),
			`CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
			$$ SELECT pg_catalog.clock_timestamp() + coalesce((SELECT value FROM settings WHERE name = 'ahead'), '1 hour')::interval $$`,
		)
	})

	s := open(t, url+limit(url, "10s")+"&search_path=public,pg_catalog")
	hour := func() time.Duration { return time.Until(s.Now()).Round(10 * time.Minute) }
	if hour() != time.Hour || s.Skew().Round(10*time.Minute) != -time.Hour {
		t.Errorf("the server is an hour ahead, and the clock %s (%s)", hour(), s.Skew())
	}

	update(t, s, func(tx *store.Tx) error {
		if got := time.Until(tx.Now()).Round(10 * time.Minute); got != time.Hour {
			t.Errorf("a transaction is dated %s ahead", got)
		}
		return tx.SetSetting(t.Context(), "ahead", "2 hours")
	})

	// a transaction tells; one whose answer was late may be worth less than the
	// first
	for range 20 {
		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "x", "y") },
		)
	}

	if got := hour(); got != 2*time.Hour && got != time.Hour {
		t.Errorf("the clock is %s ahead", got)
	}
}

// Somebody who does not take turns with the hosts moves the cursor of pushing
// while one of them takes events up: that one starts over.
func TestTheCursorOfPushingIsMovedAsItWasRead(t *testing.T) {
	url, ctx := storetest.Postgres(t), t.Context()
	s := open(t, url)
	update(t, s, func(tx *store.Tx) error {
		e := payment.Event{Type: "payment.processing", Data: []byte("{}")}
		return errors.Join(tx.InsertIntent(ctx, example("pay_1")), tx.BeginPush(ctx),
			tx.AppendEvent(ctx, payment.KindPayment, "pay_1", "", &e))
	})

	other, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()

	tx, err := other.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()

	if _, err := tx.ExecContext(ctx, "LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}

	taken := make(chan error, 1)
	go func() {
		taken <- s.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.EnqueueDeliveries(ctx, time.Now(), 10)
			return err
		})
	}()

	for waiting := 0; waiting == 0; { // until it has read the cursor, and waits for the table
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_locks
			WHERE NOT granted AND relation = 'deliveries'::regclass`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}

	if _, err := tx.ExecContext(ctx, "UPDATE settings SET value = '1' WHERE name = 'push_cursor'"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}

	if err := <-taken; !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
}
