package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// How much is read at once for an erasure, and the longest id of a customer.
const (
	eraseAtOnce = 500
	maxCustomer = 255
)

// Erase overwrites what the records say of the person whom requests name by an
// id, as customer or recipient: the requests, exchanges, webhooks, events and
// histories. Amounts, statuses, references, hashes and keys stay. It refuses,
// before anything is erased, while a record of the person is open, and names each.
// It reads all intents and webhooks, and may be repeated. The error is a
// *payment.Error.
func (c *Core) Erase(ctx context.Context, customer string) (done payment.Erasure, err error) {
	var checks checklist
	if customer == "" {
		checks.add("customer", "is required")
	}
	if len(customer) > maxCustomer {
		checks.add("customer", "must be at most 255 bytes")
	}
	if err := checks.err(); err != nil {
		return done, err
	}
	// Part of a person cannot be erased: webhooks and events do not end where
	// the accounts of a token do.
	if caller.From(ctx).Only() != nil {
		return done, &payment.Error{
			Code:    string(sdk.CodePermission),
			Outcome: sdk.OutcomeNotSent,
			Message: "erasing a person reaches every account, and this token sees only some",
		}
	}

	found, err := c.recordsOf(ctx, customer)
	if err != nil {
		return done, unread(ctx, err)
	}
	if err := refuseOpen(found); err != nil {
		return done, err
	}

	// The webhooks go first: while the intents are whole, a repeated erasure finds
	// everything again.
	done.Webhooks, err = c.eraseWebhooks(ctx, customer, found)
	if err != nil {
		return done, idempotency.Unrecorded(ctx, err)
	}
	done.Records, err = c.eraseRecords(ctx, found)
	if err != nil {
		return done, idempotency.Unrecorded(ctx, err)
	}

	if err := c.scrub(ctx); err != nil {
		return done, &payment.Error{
			Code:    payment.CodeStorage,
			Outcome: sdk.OutcomeUnknown,
			Message: fmt.Sprintf("everything of the person is erased in the tables (%d records, %d "+
				"webhooks), and no money was touched, but the database's files may still have it: "+
				"erase again: %v", done.Records, done.Webhooks, err),
		}
	}
	return done, nil
}

// recordsOf returns the intents of a person, with the refunds of their payments.
func (c *Core) recordsOf(
	ctx context.Context, customer string,
) (all []store.PersonIntent, err error) {
	for after := ""; ; {
		var page []store.PersonIntent
		last := ""
		err := c.store.Read(ctx, func(tx *store.Tx) (err error) {
			page, last, err = tx.IntentsOfPerson(ctx, customer, after, eraseAtOnce)
			for _, one := range slices.Clone(page) {
				refunds, failed := tx.RefundsOf(ctx, one.ID)
				err = errors.Join(err, failed)
				page = append(page, refunds...)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if after = last; last == "" {
			return all, nil
		}
	}
}

// refuseOpen refuses to erase while something is open: recovery and operators
// still need what it says.
func refuseOpen(found []store.PersonIntent) error {
	var open []string
	for _, one := range found {
		if !one.Over {
			open = append(open, fmt.Sprintf("%s %s is %s", one.Kind, one.ID, one.Status))
		}
	}
	if len(open) == 0 {
		return nil
	}

	return &payment.Error{
		Code:    payment.CodeConflict,
		Outcome: sdk.OutcomeNotSent,
		Message: "nothing was erased, because records of the person are open: " +
			strings.Join(open, "; ") + ": let them end, or resolve them, and erase again",
	}
}

// eraseWebhooks empties the webhooks of a person. It fails while one of them
// waits to be read.
func (c *Core) eraseWebhooks(
	ctx context.Context, customer string, found []store.PersonIntent,
) (total int, err error) {
	var ids, values []string
	if len(customer) >= store.ShortestValue {
		values = append(values, customer)
	}
	for _, one := range found {
		ids = append(ids, one.ID)
		values = append(values, one.Values...)
	}

	for after := ""; ; {
		var count int64
		var waiting []string
		last := ""
		err := c.store.Write(store.Behind(ctx), func(tx *store.Tx) (err error) {
			count, waiting, last, err = tx.EraseWebhooks(ctx, ids, values, after, forgetAtOnce)
			return err
		})
		if err != nil {
			return total, err
		}
		total += int(count)
		if len(waiting) > 0 {
			return total, &payment.Error{
				Code:    payment.CodeConflict,
				Outcome: sdk.OutcomeNotSent,
				Message: "webhooks of the person still wait for their plugin: " +
					strings.Join(waiting, ", ") + ": erase again when they have been read; " +
					"payments and payouts are not erased yet",
			}
		}
		if after = last; last == "" {
			return total, nil
		}
	}
}

// eraseRecords erases intents in small commits, each with its entry in the audit
// log. Who the person was is not in it.
func (c *Core) eraseRecords(
	ctx context.Context, found []store.PersonIntent,
) (total int, err error) {
	for part := range slices.Chunk(found, forgetAtOnce/4) {
		var ids []string
		for _, one := range part {
			ids = append(ids, one.ID)
		}
		err := c.store.Write(store.Behind(ctx), func(tx *store.Tx) error {
			tx.Audit(ctx, payment.AuditEntry{
				Action: "erase-customer",
				Note:   "erased " + strings.Join(ids, " "),
			})
			for _, id := range ids {
				if err := tx.EraseIntent(ctx, id, tx.Now()); err != nil {
					return fmt.Errorf("erase %s: %w", id, err)
				}
			}
			return nil
		})
		if errors.Is(err, store.ErrConflict) {
			return total, &payment.Error{
				Code:    payment.CodeConflict,
				Outcome: sdk.OutcomeNotSent,
				Message: fmt.Sprintf("a record changed while it was erased: %v; %d of %d are "+
					"erased: erase again", err, total, len(found)),
			}
		}
		if err != nil {
			return total, err
		}
		total += len(ids)
	}
	return total, nil
}
