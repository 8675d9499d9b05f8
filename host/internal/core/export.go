package core

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file writes records as they are read, a page at a time, so that an
// export of millions needs no more memory than one of a few.

// Export writes all records that a request is about, as far as the caller of
// ctx may see them: payments, payouts and refunds with the newest first, events
// with the oldest first. Nothing is written before the first page was read. The
// error is a *payment.Error, or what w has failed with; then the export is not
// whole.
func (c *Core) Export(ctx context.Context, r payment.ExportRequest, w io.Writer) error {
	if wrong := CheckExport(r); len(wrong) > 0 {
		return invalid(wrong)
	}

	// A record that is made while the export is written is not in it.
	if r.To.IsZero() {
		r.To = c.store.Now()
	}

	switch r.Kind {
	case payment.ExportPayouts:
		return exportIntents(ctx, c, r, payoutSheet.on(r, w),
			func(i *intent.Intent) (*payment.Payout, error) {
				return payoutView(i, []payment.Attempt{}, nil)
			})

	case payment.ExportRefunds:
		return exportIntents(ctx, c, r, refundSheet.on(r, w),
			func(i *intent.Intent) (*payment.Refund, error) {
				return refundView(i, []payment.Attempt{})
			})

	case payment.ExportEvents:
		return c.exportEvents(ctx, r, eventSheet.on(r, w))

	default:
		return exportIntents(ctx, c, r, paymentSheet.on(r, w),
			func(i *intent.Intent) (*payment.Payment, error) {
				return paymentView(i, []payment.Attempt{}, nil)
			})
	}
}

// CheckExport returns all that is wrong with a request for an export.
func CheckExport(r payment.ExportRequest) (wrong []sdk.Violation) {
	switch r.Kind {
	case payment.ExportPayments,
		payment.ExportPayouts,
		payment.ExportRefunds,
		payment.ExportEvents:
	default:
		wrong = append(wrong, sdk.Violation{
			Field:   "kind",
			Message: `must be "payments", "payouts", "refunds" or "events"`,
		})
	}

	switch r.Format {
	case "", payment.ExportCSV, payment.ExportJSONL:
	default:
		wrong = append(wrong, sdk.Violation{
			Field:   "format",
			Message: `must be "csv" or "jsonl"`,
		})
	}

	if !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		wrong = append(
			wrong,
			sdk.Violation{Field: "to", Message: "must be later than from"},
		)
	}

	return wrong
}

// exportIntents writes the intents of a kind.
func exportIntents[T any](
	ctx context.Context,
	c *Core,
	r payment.ExportRequest,
	out *export[T],
	view func(*intent.Intent) (*T, error),
) error {
	kinds := map[payment.ExportKind]payment.Kind{
		payment.ExportPayments: payment.KindPayment,
		payment.ExportPayouts:  payment.KindPayout,
		payment.ExportRefunds:  payment.KindRefund,
	}
	page := payment.Filter{CreatedFrom: r.From, CreatedTo: r.To, Limit: maxPage}

	for {
		next, err := c.list(ctx, kinds[r.Kind], page, func(i *intent.Intent) error {
			one, err := view(i)
			if err != nil {
				return err
			}
			return out.add(one)
		})
		if err == nil {
			err = out.flush()
		}

		if err != nil || next == "" {
			return err
		}

		page.Cursor = next
	}
}

// exportEvents writes a part of the stream.
func (c *Core) exportEvents(
	ctx context.Context,
	r payment.ExportRequest,
	out *export[payment.Event],
) error {
	after, err := c.streamAt(ctx, r.From)
	if err != nil {
		return unread(ctx, err)
	}

	for {
		var list []payment.Event
		err := c.store.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = tx.EventsOf(ctx, after, nil, caller.From(ctx).Only(), maxPage)
			return err
		})
		if err != nil {
			return unread(ctx, err)
		}

		past := false
		for k := range list {
			made := list[k].CreatedAt
			past = made.After(r.To.Add(streamSlack))
			if made.Before(r.From) || !made.Before(r.To) {
				continue
			}
			if err := out.add(&list[k]); err != nil {
				return err
			}
		}

		if err := out.flush(); err != nil || len(list) < maxPage || past {
			return err
		}

		after, err = store.EventPosition(list[len(list)-1].ID)
		if err != nil {
			return err
		}
	}
}

// streamSlack is longer than a commit takes: an event may stand in the stream
// behind one that was made so much later.
const streamSlack = time.Hour

// streamAt returns a position before all events that were made since a time; 0,
// the beginning, for the zero time.
func (c *Core) streamAt(ctx context.Context, from time.Time) (position uint64, err error) {
	if from.IsZero() {
		return 0, nil
	}
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		position, err = tx.EventsBefore(ctx, from.Add(-streamSlack))
		return err
	})
	return position, err
}

// export writes records of one type in a format.
type export[T any] struct {
	buffer *bufio.Writer
	lines  *json.Encoder // nil for a table
	rows   *csv.Writer
	cells  func(*T) []string
}

// on begins an export to w. The names of a table's columns are written with the
// first page.
func (s sheet[T]) on(r payment.ExportRequest, w io.Writer) *export[T] {
	out := &export[T]{buffer: bufio.NewWriter(w), cells: s.cells}
	if r.Format == payment.ExportJSONL {
		out.lines = json.NewEncoder(out.buffer)
		out.lines.SetEscapeHTML(false)
		return out
	}

	out.rows = csv.NewWriter(out.buffer)
	_ = out.rows.Write(s.columns) // into memory; flush has the error
	return out
}

func (e *export[T]) add(one *T) error {
	if e.lines != nil {
		return e.lines.Encode(one)
	}
	return e.rows.Write(e.cells(one))
}

// flush hands a page on.
func (e *export[T]) flush() error {
	if e.rows != nil {
		e.rows.Flush()
		if err := e.rows.Error(); err != nil {
			return err
		}
	}
	return e.buffer.Flush()
}
