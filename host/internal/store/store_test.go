package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

func TestMain(m *testing.M) {
	store.PostgresURL = storetest.Postgres
	os.Exit(storetest.MainWithoutLeaks(m))
}

// onBoth runs one suite on both engines.
func onBoth(t *testing.T, suite func(t *testing.T, url string)) {
	// Not the subtest's folder: its name may contain "#01", which ends the path
	// in SQLite's URL.
	path := filepath.Join(t.TempDir(), "payhost.db")
	t.Run("sqlite", func(t *testing.T) { suite(t, "sqlite:"+path) })
	t.Run("postgres", func(t *testing.T) { suite(t, storetest.Postgres(t)) })
}

// SQLite opens its file by a URL: of a path that a URL reads otherwise it would
// open another file, perhaps with other settings.
func TestAPathThatAURLReadsOtherwiseIsRefused(t *testing.T) {
	for _, name := range []string{"a#b.db", "a?_pragma=synchronous(OFF)", "a%20b.db"} {
		folder := t.TempDir()
		s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(folder, name))
		if err == nil {
			_ = s.Close()
		}

		if (err == nil) || !strings.Contains(err.Error(), "name a file without them") {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(folder); (err != nil) || (len(left) != 0) {
			t.Errorf("%s: %v was made, %v", name, left, err)
		}
	}
}

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	return s
}

func update(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func example(id string) *intent.Intent {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)
	return &intent.Intent{
		ID:                id,
		Kind:              payment.KindPayment,
		Provider:          "acme",
		Amount:            payment.Amount{Decimal: decimal.RequireFromString("60.00")},
		Currency:          "USD",
		MerchantReference: "order-47",
		Method:            "card",
		Request:           json.RawMessage(`{"a":"ü"}`),
		IdempotencyKey:    "key-" + id,
		CreatedAt:         at,
		ExpiresAt:         at.Add(time.Hour),
		Sequence:          7,
		Fingerprint:       "identity of " + id,
		Status:            payment.Created,
		UpdatedAt:         at,
	}
}

func TestAnIntentComesBackAsItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		want := example("pay_1")
		update(t, s, func(tx *store.Tx) error { return tx.InsertIntent(ctx, want) })
		want.Status = payment.UnderReview
		want.ReviewReason = payment.ReviewMismatch
		want.Fingerprint = "f"
		want.ProviderReference = "b"
		want.References = []string{"a", "b"}

		want.ProviderStatus = "3"
		want.PaidAmount, want.PaidCurrency = &payment.Amount{
			Decimal: decimal.RequireFromString("59.90"),
		}, "EUR"
		want.NextAction = &payment.NextAction{Type: "redirect", URL: "https://x.example"}
		want.Failure = &payment.Failure{Code: "declined", Outcome: "refused"}
		want.State = []byte{0, 1, 255}
		want.SucceededAt = want.CreatedAt

		want.CheckAt = want.CreatedAt
		want.Checks = 3
		want.Events = 0
		want.Captured, want.Doubt = &payment.Amount{
			Decimal: decimal.RequireFromString("20.5"),
		}, "capture_payment"
		update(t, s, func(tx *store.Tx) error { return tx.SaveIntent(ctx, want) })
		view(t, s, func(tx *store.Tx) error {
			got, err := tx.Intent(ctx, "pay_1")
			if err != nil {
				return err
			}
			if g, w := fmt.Sprintf("%+v", plain(got)), fmt.Sprintf("%+v", plain(want)); g != w {
				t.Errorf("got  %s\nwant %s", g, w)
			}

			found, err := tx.IntentsByReference(ctx, "acme", "a")
			if err != nil || len(found) != 1 || found[0].ID != "pay_1" {
				t.Errorf("by an older reference: %v, %v", found, err)
			}
			if found, err = tx.IntentsByReference(ctx, "other", "a"); err != nil ||
				len(found) != 0 {
				t.Errorf("another account's reference: %v, %v", found, err)
			}

			return nil
		})
	})
}

// plain replaces pointers by what they point to, so that two records can be
// compared as text.
func plain(i *intent.Intent) any {
	return []any{
		i.ID,
		i.Kind,
		i.Provider,
		i.Amount.String(),
		i.Currency,
		i.MerchantReference,
		i.Method,
		string(i.Request),
		i.IdempotencyKey,
		i.CreatedAt,
		i.ExpiresAt,
		i.Sequence,
		i.Status,
		i.ReviewReason,
		i.Fingerprint,
		i.ProviderReference,
		i.References,
		i.ProviderStatus,
		i.PaidAmount.String(),
		i.PaidCurrency,
		*i.NextAction,
		*i.Failure,
		i.State,
		i.SucceededAt,
		i.UpdatedAt,
		i.CheckAt,
		i.Checks,
		i.Events,
		i.Version,
	}
}

func TestAWriteOfSomethingChangedMeanwhileIsAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		one := example("pay_1")
		update(t, s, func(tx *store.Tx) error { return tx.InsertIntent(ctx, one) })
		two := *one
		update(t, s, func(tx *store.Tx) error { return tx.SaveIntent(ctx, one) })
		if err := s.Write(ctx, func(tx *store.Tx) error { return tx.SaveIntent(ctx, &two) }); !errors.Is(
			err,
			store.ErrConflict,
		) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAFailedUpdateLeavesNothingAndHarmsNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		boom := errors.New("boom")
		var wg sync.WaitGroup

		for n := range 40 {
			wg.Go(func() {
				id := fmt.Sprintf("pay_%02d", n)
				err := s.Write(ctx, func(tx *store.Tx) error {
					if err := tx.InsertIntent(ctx, example(id)); err != nil {
						return err
					}

					switch {
					case n%4 == 1:
						return boom
					case n%4 == 2:
						panic("a bug")
					case n%4 == 3: // a statement that fails, which ends a transaction in PostgreSQL
						return tx.InsertIntent(ctx, example(id))
					}

					return nil
				})
				if (err == nil) != (n%4 == 0) {
					t.Errorf("%s: %v", id, err)
				}

				if n%4 == 3 && !errors.Is(err, store.ErrExists) {
					t.Errorf("%s: %v, want ErrExists", id, err)
				}
			})
		}

		wg.Wait()
		view(t, s, func(tx *store.Tx) error {
			list, err := tx.ListIntents(
				ctx,
				store.Filter{Kind: payment.KindPayment, Limit: 100},
			)
			if len(list) != 10 {
				t.Errorf("%d rows, want 10", len(list))
			}
			return err
		})
	})
}

func TestANumberIsNeverGivenTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		hosts, ctx := []*store.Store{open(t, url)}, t.Context()
		if strings.HasPrefix(url, "postgres") {
			hosts = append(hosts, open(t, url))
		}
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			seen []uint64
		)

		for n := range 50 {
			wg.Go(func() {
				err := hosts[n%len(hosts)].Write(ctx, func(tx *store.Tx) error {
					got, err := tx.NextNumber(ctx, "c", 100)
					mu.Lock()
					defer mu.Unlock()
					seen = append(seen, got)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}

		wg.Wait()
		slices.Sort(seen)
		if len(slices.Compact(seen)) != 50 || seen[0] != 100 {
			t.Errorf("got %v", seen)
		}

		update(t, hosts[0], func(tx *store.Tx) error {
			if got, err := tx.NextNumber(ctx, "c", 1000); err != nil || got != 1000 {
				t.Errorf("after raising the start: %d, %v", got, err)
			}
			return nil
		})
	})
}

func TestEventsKeepTheirOrderAndCanBeNarrowed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_1")) },
		)

		for n, typ := range []string{"payment.succeeded", "payout.failed", "payment.failed"} {
			update(t, s, func(tx *store.Tx) error {
				e := payment.Event{
					Type:      typ,
					CreatedAt: time.Unix(int64(n), 0),
					Data:      json.RawMessage(`{}`),
				}
				return tx.AppendEvent(ctx, payment.KindPayment, "pay_1", "", &e)
			})
		}

		view(t, s, func(tx *store.Tx) error {
			all, err := tx.Events(ctx, 0, nil, 10)
			if err != nil || len(all) != 3 || all[0].Type != "payment.succeeded" ||
				all[0].ID >= all[1].ID {
				t.Fatalf("%+v, %v", all, err)
			}

			after, err := store.EventPosition(all[1].ID)
			if err != nil {
				return err
			}
			if rest, err := tx.Events(ctx, after, nil, 10); err != nil || len(rest) != 1 ||
				rest[0].ID != all[2].ID {
				t.Errorf("after the second: %+v, %v", rest, err)
			}

			if some, err := tx.Events(ctx, 0, []string{"payment.*"}, 10); err != nil ||
				len(some) != 2 {
				t.Errorf("payment.*: %+v, %v", some, err)
			}

			return nil
		})

		if _, err := store.EventPosition("evt_!"); err == nil {
			t.Error("junk is taken for an event id")
		}
	})
}

// A reader's cursor has passed the position of an event that is not there any
// more: what comes later must not have it.
func TestAPositionOfTheStreamIsGivenOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		add := func(tx *store.Tx) error {
			e := payment.Event{Type: "payment.processing", Data: json.RawMessage(`{}`)}
			return tx.AppendEvent(ctx, payment.KindPayment, "pay_1", "", &e)
		}

		update(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.InsertIntent(ctx, example("pay_1")), add(tx), add(tx))
		})
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(
				tx.Exec(ctx, "DELETE FROM events WHERE position = 2"),
				add(tx),
			)
		})

		view(t, s, func(tx *store.Tx) error {
			list, err := tx.Events(ctx, 2, nil, 10)
			if err != nil || len(list) != 1 || list[0].ID != store.EventID(3) ||
				list[0].Sequence != 3 {
				t.Errorf("after the second: %+v, %v", list, err)
			}
			return nil
		})
	})
}

func TestWritesAreOnDiskWhenTheyAreAnswered(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_1")) },
		)

		other := open(t, url) // another connection sees only what is committed
		view(
			t,
			other,
			func(tx *store.Tx) error { _, err := tx.Intent(ctx, "pay_1"); return err },
		)
	})
}

// What SQLite has committed survives the machine's power.
func TestCommitsToAFileAreSynced(t *testing.T) {
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "payhost.db"))
	if mode := s.Synchronous(t); mode != 2 {
		t.Errorf("synchronous is %d, want 2 (FULL)", mode)
	}
}

func TestAfterCloseNothingIsTaken(t *testing.T) {
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "payhost.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	if err := s.Write(context.Background(), func(*store.Tx) error { return nil }); !errors.Is(
		err,
		store.ErrClosed,
	) {
		t.Fatalf("got %v", err)
	}
}

func TestADatabaseThatCannotBeOpenedIsNamedWithoutItsPassword(t *testing.T) {
	for _, url := range []string{"mysql://u:canary@x", "postgres://u:canary@127.0.0.1:1/x?connect_timeout=1", "postgres://u:canary@[bad"} {
		_, err := store.Open(t.Context(), url)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v", err)
		}
	}
}

func TestTheDatabaseFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "payhost.db")
	open(t, "sqlite:"+path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}

// A full disk: writes are refused with an error, nothing is half done, and it
// recovers by itself.
func TestAFullDiskIsRefusedAndRecoveredFrom(t *testing.T) {
	s, ctx := open(t, "sqlite:"+filepath.Join(t.TempDir(), "payhost.db")), t.Context()
	limit := func(pages string) {
		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.Exec(ctx, "PRAGMA max_page_count = "+pages) },
		)
	}

	limit("1") // SQLite takes the present size
	var err error

	n := 0
	for ; err == nil && n < 1000; n++ {
		i := example(fmt.Sprintf("pay_%04d", n))
		i.Request = json.RawMessage(`"` + strings.Repeat("x", 8<<10) + `"`)
		err = s.Write(ctx, func(tx *store.Tx) error { return tx.InsertIntent(ctx, i) })
	}

	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Fatalf("got %v", err)
	}
	view(t, s, func(tx *store.Tx) error {
		if _, err := tx.Intent(ctx, fmt.Sprintf("pay_%04d", n-1)); !errors.Is(
			err,
			store.ErrNotFound,
		) {
			t.Errorf("the refused write is half there: %v", err)
		}
		return nil
	})

	limit("1000000")
	update(
		t,
		s,
		func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_after")) },
	)
}

// A database that can only be read, such as a replica after a failover: every
// write is refused with the database's own words, reads go on, and when it can
// be written again nothing has to be restarted.
func TestAReadOnlyDatabaseIsRefusedAndRecoveredFrom(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		readOnly, writable := "PRAGMA query_only = ON", "PRAGMA query_only = OFF"
		if !strings.HasPrefix(url, "sqlite:") {
			readOnly = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
			writable = "SELECT 1" // the session with which it was found is gone
		}

		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_before")) },
		)

		if !strings.HasPrefix(url, "sqlite:") {
			readOnlyDatabase(t, url, true)
		}
		s.OnWriter(t, readOnly)

		for range 2 {
			err := s.Write(
				ctx,
				func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_refused")) },
			)
			if err == nil || !strings.Contains(err.Error(), "read") {
				t.Fatalf("got %v", err)
			}
		}

		view(t, s, func(tx *store.Tx) error {
			if _, err := tx.Intent(ctx, "pay_refused"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the refused write is there: %v", err)
			}
			_, err := tx.Intent(ctx, "pay_before")
			return err
		})

		if !strings.HasPrefix(url, "sqlite:") {
			readOnlyDatabase(t, url, false)
		}
		s.OnWriter(t, writable)
		update(
			t,
			s,
			func(tx *store.Tx) error { return tx.InsertIntent(ctx, example("pay_after")) },
		)
	})
}

// Two writes under one key in one commit: whoever hears that the key is taken
// must find it there.
func TestWhatWasInTheWayIsThereForWhoeverLooksNext(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		busy, release := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { // keeps the writer busy, so that the others wait together
			err := s.Write(ctx, func(*store.Tx) error {
				close(busy)
				<-release
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})

		<-busy
		for range 20 {
			wg.Go(func() {
				err := s.Write(ctx, func(tx *store.Tx) error {
					return tx.InsertKey(
						ctx,
						store.Key{Key: "one", RequestHash: "h", IntentID: "pay_1"},
					)
				})
				if err == nil {
					return
				}

				if !errors.Is(err, store.ErrExists) {
					t.Error(err)
				}
				if err := s.Read(ctx, func(tx *store.Tx) error { _, err := tx.Key(ctx, "one"); return err }); err != nil {
					t.Errorf("told that the key is taken, but: %v", err)
				}
			})
		}

		close(release)
		wg.Wait()
	})
}
