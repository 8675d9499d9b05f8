package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Reconciliation returns a reconciliation. The error is a *payment.Error.
func (c *Core) Reconciliation(
	ctx context.Context, id string,
) (found payment.Reconciliation, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) error {
		found, err = tx.Reconciliation(ctx, id)
		return err
	})
	if err == nil && visible(ctx, found.Provider) != nil {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return found, unknownThing("reconciliation", id)
	}
	if err != nil {
		return found, unread(ctx, err)
	}
	return found, nil
}

func unknownThing(what, id string) *payment.Error {
	return &payment.Error{
		Code: string(sdk.CodeNotFound), Outcome: sdk.OutcomeNotSent,
		Message: fmt.Sprintf("there is no %s %s", what, id),
	}
}

// ListReconciliations returns a page of reconciliations, the newest first; those
// of one provider unless it is "".
func (c *Core) ListReconciliations(
	ctx context.Context, provider, cursor string, size int,
) (list []payment.Reconciliation, next string, err error) {
	limit, err := CheckPage(CheckCursor(reconciliationPrefix, cursor), size)
	if err != nil {
		return nil, "", err
	}
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.ListReconciliations(ctx, store.ReconciliationFilter{
			Provider: provider, Providers: caller.From(ctx).Only(), Before: cursor, Limit: limit + 1,
		})
		return err
	})
	if err != nil {
		return nil, "", unread(ctx, err)
	}
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].ID
	}
	return list, next, nil
}

// ListFindings returns a page of findings, the newest first.
func (c *Core) ListFindings(
	ctx context.Context, f payment.FindingFilter,
) (list []payment.Finding, next string, err error) {
	limit, err := CheckPage(CheckCursor(findingPrefix, f.Cursor), f.Limit)
	if err != nil {
		return nil, "", err
	}
	if f.Reconciliation != "" {
		if _, err := c.Reconciliation(ctx, f.Reconciliation); err != nil {
			return nil, "", err
		}
	}
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.ListFindings(ctx, store.FindingFilter{
			Reconciliation: f.Reconciliation, State: f.State, Providers: caller.From(ctx).Only(),
			Before: f.Cursor, Limit: limit + 1,
		})
		return err
	})
	if err != nil {
		return nil, "", unread(ctx, err)
	}
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].ID
	}
	return list, next, nil
}

// AttachFinding ends an open finding by an operator's word. An orphan can be
// attached to a payment or payout of its provider: from then on the provider's
// reference stands for it, and its history has the reason. Its status stays: the
// operator has the provider queried, or resolves it. The error is a
// *payment.Error.
func (c *Core) AttachFinding(
	ctx context.Context, id string, a payment.Attachment,
) (*payment.Finding, error) {
	var checks checklist
	checks.reason(a.Reason)
	if err := checks.err(); err != nil {
		return nil, err
	}

	var ended payment.Finding
	err := c.store.Write(ctx, func(tx *store.Tx) (err error) {
		if ended, err = tx.Finding(ctx, id); err != nil {
			return err
		}
		if visible(ctx, ended.Provider) != nil {
			return store.ErrNotFound
		}
		if ended.State != payment.FindingOpen {
			return &payment.Error{
				Code: payment.CodeConflict, Outcome: sdk.OutcomeNotSent, Provider: ended.Provider,
				Message: fmt.Sprintf("%s is %s already, by %s", id, ended.State, ended.By),
			}
		}

		ended.State, ended.By, ended.Note = payment.FindingSettled, caller.From(ctx).Name, a.Reason
		if a.SubjectID != "" {
			ended.State, ended.SubjectID = payment.FindingAttached, a.SubjectID
			if err := attachOrphan(ctx, tx, &ended); err != nil {
				return err
			}
		}
		tx.Audit(ctx, payment.AuditEntry{
			Action: "attach-finding", Provider: ended.Provider, Subject: id,
			Note: fmt.Sprintf("%s %s: %s", ended.State, ended.SubjectID, a.Reason),
		})
		return tx.EndFinding(ctx, ended)
	})
	var refused *payment.Error
	switch {
	case errors.As(err, &refused):
		return nil, refused
	case errors.Is(err, store.ErrNotFound):
		return nil, unknownThing("finding", id)
	case err != nil:
		return nil, idempotency.Unrecorded(ctx, err)
	}
	if ended.State == payment.FindingAttached {
		c.Changed(ended.SubjectID)
	}
	return &ended, nil
}

// attachOrphan has an orphan's reference stand for the intent that it names.
func attachOrphan(ctx context.Context, tx *store.Tx, f *payment.Finding) error {
	wrong := func(message string) error {
		return invalid([]sdk.Violation{{Field: "subject_id", Message: message}})
	}
	if f.Kind != payment.FindingMissingHere {
		return wrong("only what is missing here can be attached; leave it out to end the finding")
	}
	i, err := tx.IntentForUpdate(ctx, f.SubjectID)
	if errors.Is(err, store.ErrNotFound) {
		return wrong("names nothing that is recorded")
	}
	if err != nil {
		return err
	}
	if i.Kind != f.Subject || i.Provider != f.Provider {
		return wrong(fmt.Sprintf("is a %s of %s, and the finding is about a %s of %s",
			i.Kind, i.Provider, f.Subject, f.Provider))
	}

	if f.ProviderReference != "" {
		i.References = append(i.References, f.ProviderReference)
		if i.ProviderReference == "" {
			i.ProviderReference = f.ProviderReference
		}
	}
	i.UpdatedAt = tx.Now()
	if err := tx.SaveIntent(ctx, i); err != nil {
		return err
	}
	return tx.AddHistory(ctx, i.ID, attachedLine(ctx, tx, i, f))
}

func attachedLine(
	ctx context.Context, tx *store.Tx, i *intent.Intent, f *payment.Finding,
) payment.Change {
	return payment.Change{
		At: tx.Now(), Actor: caller.From(ctx).Name, Action: "attached", From: i.Status, To: i.Status,
		Note: fmt.Sprintf("%s, which the provider has as %s, by %s: %s",
			f.ID, f.ProviderReference, caller.From(ctx).Name, f.Note),
	}
}
