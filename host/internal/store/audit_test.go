package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// audit writes one row.
func audit(t *testing.T, s *store.Store, action string) {
	t.Helper()
	ctx := caller.With(
		t.Context(),
		caller.Caller{Name: "ann", Token: true, RequestID: "req_1"},
	)
	err := s.Write(ctx, func(tx *store.Tx) error {
		tx.Audit(
			ctx,
			payment.AuditEntry{
				Action:   action,
				Provider: "acme",
				Subject:  "pay_1",
				Note:     "a note",
			},
		)

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func auditLog(
	t *testing.T,
	s *store.Store,
	f store.AuditFilter,
) (list []payment.AuditEntry) {
	t.Helper()
	f.Limit = 1000
	err := s.Read(t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.ListAudit(t.Context(), f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return list
}

// whole checks that the log has so many rows, all as they were written.
func whole(t *testing.T, s *store.Store, rows int64) payment.AuditCheck {
	t.Helper()
	found, err := s.VerifyAudit(t.Context())
	if err != nil || found.Rows != rows || found.Broken != "" {
		t.Fatalf("got %+v, %v, want %d whole rows", found, err, rows)
	}
	return found
}

func TestTheAuditLogIsAChain(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		if first := whole(t, s, 0); first.Head != "" {
			t.Errorf("an empty log has the head %s", first.Head)
		}
		for k := range 5 {
			audit(t, s, fmt.Sprintf("action-%d", k))
		}

		list := auditLog(t, s, store.AuditFilter{})
		if len(list) != 5 || list[0].Action != "action-4" || list[0].Actor != "ann" ||
			list[0].RequestID != "req_1" || list[0].Provider != "acme" || list[0].Subject != "pay_1" ||
			list[0].Outcome != payment.AuditDone || list[0].Note != "a note" || list[0].At.IsZero() ||
			list[0].ID != "aud_0000000000005" {
			t.Fatalf("got %+v", list)
		}

		if found := whole(t, s, 5); found.Head != list[0].Hash {
			t.Errorf("the head is %s, the last hash %s", found.Head, list[0].Hash)
		}

		for _, f := range []store.AuditFilter{
			{Actor: "bob"}, {Subject: "pay_2"}, {Providers: []string{"zenith"}}, {Before: 1},
		} {
			if list := auditLog(t, s, f); len(list) != 0 {
				t.Errorf("%+v: %v", f, list)
			}
		}

		for _, f := range []store.AuditFilter{
			{Actor: "ann"}, {Subject: "pay_1"}, {Providers: []string{"zenith", "acme"}}, {Before: 6},
		} {
			if list := auditLog(t, s, f); len(list) != 5 {
				t.Errorf("%+v: %d", f, len(list))
			}
		}
	})
}

// A row that was changed, taken out, put in, or cut off at the end is named.
func TestTheFirstBrokenRowIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ statement, broken, why string }{
		"a changed note":      {`UPDATE audit SET note = 'another' WHERE position = 3`, "aud_0000000000003", "its hash"},
		"a changed time":      {`UPDATE audit SET at = at + 1 WHERE position = 3`, "aud_0000000000003", "its hash"},
		"another actor":       {`UPDATE audit SET actor = 'bob' WHERE position = 2`, "aud_0000000000002", "its hash"},
		"a moved border":      {`UPDATE audit SET action = 'action-2a', provider = 'cme' WHERE position = 3`, "aud_0000000000003", "its hash"},
		"the first row":       {`DELETE FROM audit WHERE position = 1`, "aud_0000000000001", "missing"},
		"a row in the middle": {`DELETE FROM audit WHERE position = 3`, "aud_0000000000003", "missing"},
		"the last two":        {`DELETE FROM audit WHERE position > 3`, "aud_0000000000004", "up to aud_0000000000005"},
		"all":                 {`DELETE FROM audit`, "aud_0000000000001", "up to aud_0000000000005"},
		"one more": {`INSERT INTO audit SELECT 6, at, actor, request_id, action, provider, subject, outcome,
			note, hash FROM audit WHERE position = 5`, "aud_0000000000006", "its hash"},
		"a rewritten end": {`UPDATE audit_head SET hash = 'x'`, "aud_0000000000005", "written last"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, url string) {
				s := open(t, url)
				for k := range 5 {
					audit(t, s, fmt.Sprintf("action-%d", k))
				}
				ctx := t.Context()
				err := s.Write(
					ctx,
					func(tx *store.Tx) error { return tx.Exec(ctx, c.statement) },
				)
				if err != nil {
					t.Fatal(err)
				}

				found, err := s.VerifyAudit(t.Context())
				if err != nil || found.Broken != c.broken ||
					!strings.Contains(found.Why, c.why) {
					t.Errorf("got %+v, %v", found, err)
				}

				before, err := store.AuditPosition(c.broken)
				if whole := found.Rows == before-1; err != nil ||
					whole == (name == "a rewritten end") {
					t.Errorf("%d rows are whole", found.Rows)
				}
			})
		})
	}
}

// Writes that share a commit have their rows in one chain, and one that fails
// has none: neither alone, nor beside others, nor when its failure shows only
// with the commit.
func TestAWriteThatFailsLeavesNoRow(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		other := s
		if strings.HasPrefix(url, "postgres") {
			other = open(t, url) // another host
		}

		boom := errors.New("boom")

		var writes sync.WaitGroup
		for k := range 120 {
			writes.Go(func() {
				at := s
				if k%2 == 1 {
					at = other
				}
				action := fmt.Sprintf("write-%d", k)
				ctx := context.WithoutCancel(t.Context())
				err := at.Write(ctx, func(tx *store.Tx) error {
					tx.Audit(ctx, payment.AuditEntry{Action: action})
					key := store.Key{Key: action}

					switch k % 4 {
					case 1: // a key that all of these share
						key.Key = "taken"
					case 2:
						if err := tx.InsertKey(ctx, key); err != nil {
							return err
						}
						return boom
					}

					return tx.InsertKey(ctx, key)
				})
				if failed := k%4 == 2; failed != errors.Is(err, boom) {
					t.Errorf("write %d: %v", k, err)
				}
			})
		}

		writes.Wait()

		taken := 0
		var got []string

		for _, e := range auditLog(t, s, store.AuditFilter{}) {
			var k int
			if _, err := fmt.Sscanf(e.Action, "write-%d", &k); err != nil {
				t.Fatal(err)
			}
			if k%4 == 1 {
				taken++
			}

			if k%4 == 2 || slices.Contains(got, e.Action) {
				t.Errorf("there is a row of %s", e.Action)
			}
			got = append(got, e.Action)
		}

		if taken != 1 || len(got) != 61 {
			t.Errorf("%d rows, %d of the key that is taken once", len(got), taken)
		}
		whole(t, s, 61)
	})
}

// A text is bounded, and as it is stored when its hash is made.
func TestAnOddTextIsHashedAsItIsStored(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := open(t, url)
		ctx := caller.With(t.Context(), caller.Caller{Name: "a\x00b"})
		err := s.Write(ctx, func(tx *store.Tx) error {
			tx.Audit(
				ctx,
				payment.AuditEntry{Action: "a\xff", Note: strings.Repeat("é", 5000)},
			)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}

		whole(t, s, 1)
		if list := auditLog(t, s, store.AuditFilter{}); len(list[0].Note) != 4096 {
			t.Errorf("the note has %d bytes", len(list[0].Note))
		}
	})
}

func TestIDsOfTheAuditLog(t *testing.T) {
	for _, id := range []string{"aud", "aud_", "aud_-1", "evt_1", "aud_zz"} {
		if position, err := store.AuditPosition(id); err == nil {
			t.Errorf("%s is %d", id, position)
		}
	}
	if position, err := store.AuditPosition(store.AuditID(77)); err != nil ||
		position != 77 {
		t.Errorf("got %d, %v", position, err)
	}
}
