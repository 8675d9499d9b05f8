package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// mergedTables are those whose rows are merged, with the order of their rows.
var mergedTables = map[string]string{
	"idempotency_keys":    "key",
	"intents":             "id",
	"attempts":            "intent_id, number",
	"history":             "intent_id, position",
	"provider_references": "provider, reference, intent_id",
	"events":              "position",
	"counters":            "name",
}

// The rows of many writes in one commit are those of the same writes one after
// the other, to the last number.
func TestRowsOfOneCommitAreThoseOfSeveral(t *testing.T) {
	ctx := t.Context()
	const many = 6
	rounds := [][]func(*Tx) error{}

	told := map[string]*intent.Intent{}
	for _, one := range []func(tx *Tx, k int) error{
		func(tx *Tx, k int) error { return create(tx, told, fmt.Sprintf("pay_%d", k), k%2, 10) },
		func(tx *Tx, k int) error { // the first number is reconfigured meanwhile
			return create(tx, told, fmt.Sprintf("pay_reloaded_%d", k), k%2, uint64(100*(k+1)))
		},
		answerOne,
		refundOne,
	} {
		var jobs []func(*Tx) error
		for k := range many {
			jobs = append(jobs, func(tx *Tx) error { return one(tx, k) })
		}
		rounds = append(rounds, jobs)
	}

	together, apart := openOn(t, PostgresURL(t)), openOn(t, PostgresURL(t))
	numbers := map[string]uint64{}

	for n, jobs := range rounds {
		batch := make([]*job, len(jobs))
		for k, fn := range jobs {
			batch[k] = &job{ctx: ctx, fn: fn}
			if err := apart.Write(ctx, fn); err != nil {
				t.Fatalf("round %d alone: %v", n, err)
			}
		}

		for id, created := range told {
			numbers[id] = created.Sequence
			created.Sequence = 0
		}

		failed, err := together.runOnce(ctx, batch, false)
		if err != nil || len(failed) > 0 {
			t.Fatalf("round %d together: %v, %v", n, failed, err)
		}

		for id, created := range told {
			if created.Sequence != numbers[id] {
				t.Errorf("%s is told %d, alone %d", id, created.Sequence, numbers[id])
			}
		}

		clear(told)
	}

	for _, table := range slices.Sorted(maps.Keys(mergedTables)) {
		want, got := rowsIn(t, apart, table), rowsIn(t, together, table)
		if want != got || want == "" {
			t.Errorf("%s:\n%s\none after the other:\n%s", table, got, want)
		}
	}
}

func openOn(t *testing.T, url string) *Store {
	t.Helper()
	moment := time.Unix(1_700_000_000, 0)
	s, err := Open(t.Context(), url, WithClock(func() time.Time { return moment }))
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

// create records a payment of one of two identities, and keeps it in told.
func create(
	tx *Tx,
	told map[string]*intent.Intent,
	id string,
	identity int,
	start uint64,
) error {
	ctx := context.Background()
	counter := fmt.Sprintf("sequence:%d", identity)
	created := &intent.Intent{
		ID:          id,
		Kind:        payment.KindPayment,
		Provider:    "acme",
		Fingerprint: counter,
		Status:      payment.Created,
		Amount:      payment.Amount{Decimal: decimal.RequireFromString("1.5")},
	}

	told[id] = created

	return errors.Join(
		tx.InsertKey(ctx, Key{Key: "key of " + id, IntentID: id}),
		tx.InsertNumbered(ctx, created, counter, start),
		tx.AddHistory(ctx, id, payment.Change{Action: "created"}),
		tx.InsertAttempt(ctx, id, payment.Attempt{Number: 1, StartedAt: time.Unix(1, 0)}),
	)
}

// answerOne ends the first attempt, begins another one, and has two lines and
// two events.
func answerOne(tx *Tx, k int) error {
	ctx := context.Background()
	id := fmt.Sprintf("pay_%d", k)
	current, err := tx.IntentForUpdate(ctx, id)
	if err != nil {
		return err
	}

	current.Status = payment.Processing
	current.State = []byte{byte(k)}
	current.References = []string{"theirs", fmt.Sprint(k)}
	ended := payment.Attempt{Number: 1, Outcome: "not_sent", Message: fmt.Sprint(k)}

	return errors.Join(
		tx.FinishAttempt(ctx, id, ended),
		tx.AddHistory(ctx, id, payment.Change{Action: "called"}),
		tx.InsertAttempt(ctx, id, payment.Attempt{Number: 2}),
		tx.AddHistory(ctx, id, payment.Change{Action: "processing"}),
		tx.AppendEvent(ctx, current.Kind, id, "", &payment.Event{Type: "payment.one"}),
		tx.AppendEvent(ctx, current.Kind, id, "", &payment.Event{Type: "payment.two"}),
		tx.SaveIntent(ctx, current),
	)
}

// refundOne appends an event of a refund: three payments have two each.
func refundOne(tx *Tx, k int) error {
	return tx.AppendEvent(
		context.Background(),
		payment.KindRefund,
		fmt.Sprintf("ref_%d", k),
		fmt.Sprintf("pay_%d", k%3),
		&payment.Event{Type: "refund.succeeded"},
	)
}

// rowsIn returns a table as text.
func rowsIn(t *testing.T, s *Store, table string) string {
	t.Helper()
	var lines []string
	err := s.Read(t.Context(), func(tx *Tx) (err error) {
		lines, err = tx.texts(
			t.Context(),
			fmt.Sprintf(
				"SELECT CAST(t AS TEXT) FROM %s AS t ORDER BY %s",
				table,
				mergedTables[table],
			),
		)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return strings.Join(lines, "\n")
}

// Writes behind the others have few places in a commit of others, all places
// where there are none, and never keep others from theirs.
func TestWritesBehindTheOthersLetThemGoFirst(t *testing.T) {
	behind := Behind(t.Context())
	for _, c := range []struct{ callers, behind, want int }{
		{callers: 1, behind: maxBatch, want: 2 + behindOthers},
		{callers: maxBatch, behind: maxBatch, want: maxBatch + behindOthers},
		{callers: 0, behind: maxBatch, want: maxBatch},
		{callers: 2, behind: 1, want: 3},
	} {
		s := &Store{queue: make(chan *job, maxBatch), behind: make(chan *job, maxBatch)}
		for range c.callers {
			s.queue <- &job{ctx: t.Context()}
		}
		for range c.behind - 1 {
			s.behind <- &job{ctx: behind}
		}

		// The first one to be taken is behind the others.
		got := len(s.gather(&job{ctx: behind}))
		if got != c.want {
			t.Errorf("%d callers and %d behind: %d share a commit, want %d",
				c.callers, c.behind, got, c.want)
		}

		if len(s.queue) > 1 {
			t.Errorf("%d callers wait for another commit", len(s.queue))
		}
	}
}

// Commits of writes behind the others are followed by a rest as long as others
// come, and by none when nobody else writes.
func TestWritesBehindTheOthersRestWhileOthersCome(t *testing.T) {
	queue, now := make(chan *job), time.Now()
	var alone, beside turns
	alone.yield(now, now.Add(time.Hour))
	if open, _ := alone.next(queue); open == nil {
		t.Error("nobody else writes, and they wait")
	}

	beside.served(now)
	beside.yield(now, now.Add(time.Millisecond))
	if rest := beside.rest.Sub(now); rest != behindShare*time.Millisecond {
		t.Errorf("the next commit of theirs is after %v", rest)
	}

	beside.rest = now.Add(time.Hour)
	if open, resume := beside.next(queue); open != nil || resume == nil {
		t.Error("they do not rest")
	}
}

// A job that fails leaves nothing in a commit that others share with it,
// however much of it has reached the database, and the others lose nothing.
func TestAFailedJobLeavesNothingInASharedCommit(t *testing.T) {
	ctx := t.Context()
	failing := errors.New("the job's own")

	for _, url := range []string{"sqlite:" + t.TempDir() + "/payhost.db", PostgresURL(t)} {
		s := openOn(t, url)
		take := func(key string) *job {
			return &job{
				ctx: ctx,
				fn:  func(tx *Tx) error { return tx.InsertKey(ctx, Key{Key: key}) },
			}
		}

		fails := &job{
			ctx: ctx,
			fn: func(tx *Tx) error {
				if err := tx.InsertKey(ctx, Key{Key: "failed"}); err != nil {
					return err
				}
				if _, err := tx.Key(ctx, "failed"); err != nil { // it has been sent
					return err
				}
				return failing
			},
		}

		failed, err := s.runAll(ctx, []*job{take("before"), fails, take("after")})
		if err != nil || len(failed) != 1 || !errors.Is(failed[fails], failing) {
			t.Fatalf("%s: %v, %v", s.db.traits().name, failed, err)
		}

		for key, want := range map[string]error{
			"before": nil, "failed": ErrNotFound, "after": nil,
		} {
			err := s.Get(ctx, func(tx *Tx) error { _, err := tx.Key(ctx, key); return err })
			if !errors.Is(err, want) {
				t.Errorf("%s: the key %q: %v", s.db.traits().name, key, err)
			}
		}
	}
}

// The writer looks rows up by an index whatever the tables were when its plans
// were made.
func TestTheWriterKeepsPlansByIndex(t *testing.T) {
	ctx := t.Context()
	s := openOn(t, PostgresURL(t))

	for setting, want := range writerSettings {
		err := s.Write(ctx, func(tx *Tx) error {
			got, err := tx.Show(ctx, setting)
			if got != want {
				t.Errorf("%s is %q", setting, got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
