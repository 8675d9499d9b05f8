package core

import (
	"context"
	"strings"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// auditOf returns the entry of what is done to an intent. verb is that of its
// attempts: create_payment is the operation create-payment of the API.
func auditOf(i *intent.Intent, verb, note string) payment.AuditEntry {
	return payment.AuditEntry{
		Action:   strings.ReplaceAll(verb, "_", "-"),
		Provider: i.Provider,
		Subject:  i.ID,
		Note:     note,
	}
}

// auditOfOperation returns the entry of one of a provider's own operations.
func auditOfOperation(provider, operation string) payment.AuditEntry {
	return payment.AuditEntry{
		Action:   "invoke-operation",
		Provider: provider,
		Subject:  provider + "/" + operation,
	}
}

// Audit adds an entry to the audit log by itself, before what it is about is
// done: without the entry that is not done. The error is a *payment.Error.
func (c *Core) Audit(ctx context.Context, entry payment.AuditEntry) error {
	err := c.store.Write(ctx, func(tx *store.Tx) error {
		tx.Audit(ctx, entry)
		return nil
	})
	if err != nil {
		return idempotency.Unrecorded(ctx, err)
	}
	return nil
}

// ListAudit returns a page of the audit log, newest first, as far as the caller
// sees the accounts. next is the cursor of the page that follows, "" at the end.
func (c *Core) ListAudit(ctx context.Context, f payment.AuditFilter,
) (list []payment.AuditEntry, next string, err error) {
	limit, err := CheckPage(CheckAuditCursor(f.Cursor), f.Limit)
	if err != nil {
		return nil, "", err
	}
	before, _ := store.AuditPosition(f.Cursor) // checked

	narrowed := store.AuditFilter{
		Actor:     f.Actor,
		Subject:   f.Subject,
		Providers: caller.From(ctx).Only(),
		Before:    before,
		Limit:     limit + 1,
	}
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.ListAudit(ctx, narrowed)
		return err
	})
	if err != nil {
		return nil, "", unread(ctx, err)
	}

	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, nil
}

// CheckAuditCursor is CheckCursor for the audit log.
func CheckAuditCursor(cursor string) []sdk.Violation {
	if _, err := store.AuditPosition(cursor); err != nil {
		return []sdk.Violation{{Field: "cursor", Message: "is not a next_cursor of this list"}}
	}
	return nil
}

// VerifyAudit recomputes the audit log. The error is a *payment.Error; a broken
// log is in the result.
func (c *Core) VerifyAudit(ctx context.Context) (payment.AuditCheck, error) {
	if c.verify == nil {
		return payment.AuditCheck{}, nil
	}
	found, err := c.verify(ctx)
	if err != nil {
		return found, unread(ctx, err)
	}
	return found, nil
}
