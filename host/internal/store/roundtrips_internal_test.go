package store

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// What a payment costs on PostgreSQL, alone and together with others: the
// statements of its own and the round trips of the commit. More than these are
// a loss for every payment.
func TestTheRoundTripsOfAPayment(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()

	for _, many := range []int{1, 8} {
		var creates, answers, events []*job
		for k := range many {
			id := fmt.Sprintf("pay_%d_%d", many, k)
			event := ProviderEvent{Provider: "acme", ID: "event of " + id, IntentID: id}
			creates = append(creates, &job{
				ctx: ctx,
				fn: func(tx *Tx) error {
					return createAsCore(ctx, tx, id)
				},
			})

			answers = append(answers, &job{
				ctx:      ctx,
				prefetch: prefetch{intents: []string{id}},
				fn:       func(tx *Tx) error { return answerAsCore(ctx, tx, id) },
			})

			events = append(events, &job{
				ctx: ctx,
				prefetch: prefetch{
					intents: []string{id},
					events:  []eventKey{newEventKey(event.Provider, event.ID)},
				},
				fn: func(tx *Tx) error { return applyAsInbox(ctx, tx, event) },
			})
		}

		for _, c := range []struct {
			name string
			jobs []*job
			// statements are those of one job when it is alone, trips those of
			// the whole commit.
			statements, trips int
		}{
			{"create", creates, 8, 2},
			{"answer", answers, 8, 2},
			{"event", events, 9, 2},
		} {
			counter := &statementCounter{database: s.db}
			counting := &Store{
				db:    counter,
				clock: newClock(),
				log:   slog.New(slog.DiscardHandler),
			}
			failed, err := counting.runAll(ctx, c.jobs)
			if err != nil || len(failed) > 0 {
				t.Fatalf("%d of %s: %v, %v", many, c.name, failed, err)
			}

			if counter.batch.trips != c.trips {
				t.Errorf("%d of %s: %d round trips, want %d",
					many, c.name, counter.batch.trips, c.trips)
			}

			if many == 1 && counter.statements != c.statements {
				t.Errorf(
					"%s: %d statements, want %d",
					c.name,
					counter.statements,
					c.statements,
				)
			}
		}
	}
}

// createAsCore records a payment before its plugin is called.
func createAsCore(ctx context.Context, tx *Tx, id string) error {
	if _, err := tx.Pauses(ctx); err != nil {
		return err
	}
	if err := tx.InsertKey(ctx, Key{Key: "key of " + id, IntentID: id}); err != nil {
		return err
	}

	tx.Audit(ctx, payment.AuditEntry{Action: "create-payment", Subject: id})
	created := &intent.Intent{
		ID:       id,
		Kind:     payment.KindPayment,
		Provider: "acme",
		Status:   payment.Created,
		Amount:   payment.Amount{Decimal: decimal.RequireFromString("1")},
	}
	if err := tx.InsertNumbered(ctx, created, "sequence:acme", 1); err != nil {
		return err
	}

	if err := tx.AddHistory(ctx, id, payment.Change{Action: "created"}); err != nil {
		return err
	}

	return tx.InsertAttempt(ctx, id, payment.Attempt{Number: 1, StartedAt: time.Unix(1, 0)})
}

// answerAsCore records a provider's answer.
func answerAsCore(ctx context.Context, tx *Tx, id string) error {
	current, err := tx.IntentForUpdate(ctx, id)
	if err != nil {
		return err
	}
	attempts, err := tx.Attempts(ctx, id)
	if err != nil {
		return err
	}

	attempts[0].Outcome = "ok"
	if err := tx.FinishAttempt(ctx, id, attempts[0]); err != nil {
		return err
	}
	current.Status = payment.Processing

	return saveAsCore(ctx, tx, current)
}

// applyAsInbox applies an event that came in a webhook.
func applyAsInbox(ctx context.Context, tx *Tx, e ProviderEvent) error {
	current, err := tx.IntentForEvent(ctx, e)
	if err != nil {
		return err
	}
	applied, err := tx.EventApplied(ctx, e.Provider, e.ID)
	if err != nil || applied {
		return fmt.Errorf("applied before: %v, %w", applied, err)
	}

	current.Status = payment.Succeeded
	if err := saveAsCore(ctx, tx, current); err != nil {
		return err
	}

	return tx.MarkEventApplied(ctx, e.Provider, e.ID, "wh_1", time.Unix(1, 0))
}

func saveAsCore(ctx context.Context, tx *Tx, i *intent.Intent) error {
	if err := tx.SaveIntent(ctx, i); err != nil {
		return err
	}
	change := payment.Change{Action: "changed", To: i.Status}
	if err := tx.AddHistory(ctx, i.ID, change); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, i.Kind, i.ID, "", &payment.Event{Type: "payment.changed"})
}

// statementCounter counts the statements of the last batch.
type statementCounter struct {
	database
	batch      *pgBatch
	statements int
}

func (c *statementCounter) begin(ctx context.Context) (batch, error) {
	begun, err := c.database.begin(ctx)
	if err != nil {
		return nil, err
	}
	c.batch = begun.(*pgBatch)
	c.statements = 0
	return &countedBatch{pgBatch: c.batch, counter: c}, nil
}

type countedBatch struct {
	*pgBatch
	counter *statementCounter
}

func (b *countedBatch) exec(ctx context.Context, query string, args []any) (int64, error) {
	b.counter.statements++
	return b.pgBatch.exec(ctx, query, args)
}

func (b *countedBatch) query(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	b.counter.statements++
	return b.pgBatch.query(ctx, query, args, each)
}

func (b *countedBatch) queue(
	ctx context.Context,
	query string,
	args []any,
	each func(scanner) error,
) error {
	b.counter.statements++
	return b.pgBatch.queue(ctx, query, args, each)
}

func (b *countedBatch) queueRow(ctx context.Context, kind *bulk, args []any) error {
	b.counter.statements += len(kind.single(args))
	return b.pgBatch.queueRow(ctx, kind, args)
}
