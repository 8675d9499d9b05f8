package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file compares what the host knows of a provider's payments and payouts
// with the provider's own list. A row that matches nothing here is a finding, and
// never dropped; a row that proves something goes the way of any answer.

const (
	reconciliationPrefix = "rec"
	findingPrefix        = "fnd"

	// maxReconciled bounds a range, in time and in rows of the provider's list.
	maxReconciled     = 92 * 24 * time.Hour
	maxReconciledRows = 200_000
)

// CheckReconciliation returns all that is wrong with a request.
func CheckReconciliation(r payment.ReconciliationRequest, now time.Time) (wrong []sdk.Violation) {
	if r.From.IsZero() {
		wrong = append(wrong, sdk.Violation{Field: "from", Message: "is required"})
	}
	switch {
	case r.To.IsZero():
		wrong = append(wrong, sdk.Violation{Field: "to", Message: "is required"})
	case !r.From.Before(r.To):
		wrong = append(wrong, sdk.Violation{Field: "to", Message: "must be later than from"})
	case r.To.Sub(r.From) > maxReconciled:
		wrong = append(wrong, sdk.Violation{Field: "to", Message: "is more than 92 days after from: " +
			"make several reconciliations"})
	case r.To.After(now):
		wrong = append(wrong, sdk.Violation{Field: "to", Message: "is in the future"})
	}
	return wrong
}

// BeginReconciliation records that a range is to be compared with the provider's
// list; RunReconciliation does it. The error is a *payment.Error, also when the
// account cannot list or another one is running for it.
func (c *Core) BeginReconciliation(
	ctx context.Context, provider string, r payment.ReconciliationRequest,
) (*payment.Reconciliation, error) {
	if wrong := CheckReconciliation(r, c.nowMicro()); len(wrong) > 0 {
		return nil, invalid(wrong)
	}
	if err := visible(ctx, provider); err != nil {
		return nil, err
	}
	lease, err := c.accounts.AcquireExisting(ctx, provider)
	if err != nil {
		return nil, notAsked(provider, err)
	}
	defer lease.Release()
	if !listingOf(lease, payment.KindPayment).possible() &&
		!listingOf(lease, payment.KindPayout).possible() {
		return nil, turnedAway(provider, sdk.NotSent(sdk.CodeNotSupported, "this account cannot "+
			"list payments or payouts: compare the provider's statement with payhost export by hand"))
	}

	begun := payment.Reconciliation{
		ID: NewID(reconciliationPrefix), Provider: provider, From: r.From.UTC(), To: r.To.UTC(),
		State: payment.ReconciliationRunning, By: caller.From(ctx).Name,
	}
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		begun.StartedAt = tx.Now()
		if err := tx.InsertReconciliation(ctx, begun); err != nil {
			return err
		}
		tx.Audit(ctx, payment.AuditEntry{
			Action: "reconcile", Provider: provider, Subject: begun.ID,
			Note: r.From.UTC().Format(time.RFC3339) + " to " + r.To.UTC().Format(time.RFC3339),
		})
		return nil
	})
	if errors.Is(err, store.ErrExists) {
		return nil, &payment.Error{
			Code: payment.CodeConflict, Outcome: sdk.OutcomeNotSent, Provider: provider,
			Message: "another reconciliation of this provider is running: wait until it has ended",
		}
	}
	if err != nil {
		return nil, idempotency.Unrecorded(ctx, err)
	}
	return &begun, nil
}

// RunningReconciliations returns the ids of those that have not ended. The error
// is the store's.
func (c *Core) RunningReconciliations(ctx context.Context) (ids []string, err error) {
	var running []payment.Reconciliation
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		running, err = tx.RunningReconciliations(ctx)
		return err
	})
	for _, one := range running {
		ids = append(ids, one.ID)
	}
	return ids, err
}

// RunReconciliation makes the comparison. When ctx ends first, or the host dies,
// it begins again at the next call. The error is the store's.
func (c *Core) RunReconciliation(ctx context.Context, id string) error {
	run := &reconciling{core: c}
	err := c.store.Write(ctx, func(tx *store.Tx) (err error) {
		if run.of, err = tx.Reconciliation(ctx, id); err != nil {
			return err
		}
		if run.of.State != payment.ReconciliationRunning {
			return nil
		}
		return tx.DeleteFindings(ctx, id)
	})
	if err != nil || run.of.State != payment.ReconciliationRunning {
		return err
	}

	failure := run.all(ctx)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it begins again
	}
	run.of.State = payment.ReconciliationDone
	if failure != nil {
		run.of.State, run.of.Error = payment.ReconciliationFailed, failure.Error()
	}
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		at := tx.Now()
		run.of.EndedAt = &at
		return tx.EndReconciliation(ctx, run.of)
	})
	c.log.InfoContext(ctx, "a reconciliation has ended", "provider", run.of.Provider, "id", id,
		"state", string(run.of.State), "compared", run.of.Compared, "findings", run.found,
		"error", run.of.Error)
	return err
}

// reconciling is one run of a reconciliation.
type reconciling struct {
	core  *Core
	of    payment.Reconciliation
	lease Lease
	found int
}

// all compares payments, then payouts.
func (r *reconciling) all(ctx context.Context) (err error) {
	r.lease, err = r.core.accounts.AcquireExisting(ctx, r.of.Provider)
	if err != nil {
		return fmt.Errorf("the plugin is not there: %w", err)
	}
	defer r.lease.Release()

	for _, kind := range []payment.Kind{payment.KindPayment, payment.KindPayout} {
		how := listingOf(r.lease, kind)
		if !how.possible() {
			continue
		}
		expected, err := r.expected(ctx, kind)
		if err != nil {
			return fmt.Errorf("read the %ss of the host: %w", kind, err)
		}
		if how.byTime {
			r.of.Orphans = true
			err = r.byTime(ctx, kind, expected)
		} else {
			err = r.byReference(ctx, expected)
		}
		if err == nil {
			err = r.missing(ctx, kind, expected)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expected returns the ids of the intents in the range of which the provider must
// have a row, because money has moved or may have.
func (r *reconciling) expected(ctx context.Context, kind payment.Kind) (map[string]bool, error) {
	moved := []payment.Status{
		payment.Succeeded, payment.Processing, payment.Authorized, payment.Unknown,
		payment.UnderReview,
	}
	expected := map[string]bool{}
	page := store.Filter{
		Kind: kind, Provider: r.of.Provider, CreatedFrom: r.of.From, CreatedTo: r.of.To, Limit: maxPage,
	}
	for {
		var list []*intent.Intent
		err := r.core.store.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = tx.ListIntents(ctx, page)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			if slices.Contains(moved, i.Status) && i.ReviewReason != payment.ReviewApproval {
				expected[i.ID] = true
			}
		}
		if len(list) < maxPage {
			return expected, nil
		}
		page.Before = list[len(list)-1].ID
	}
}

// byTime reads the provider's whole list of the range, with a margin: its clock is
// not the host's.
func (r *reconciling) byTime(
	ctx context.Context, kind payment.Kind, expected map[string]bool,
) error {
	token := ""
	for rows := 0; ; {
		asked := r.core.nowMicro()
		page, next, err := r.page(ctx, kind, token)
		if err != nil {
			return fmt.Errorf("list the %ss: %w", kind, err)
		}
		for _, one := range page {
			i, err := r.match(ctx, kind, one)
			if err != nil {
				return err
			}
			if i == nil {
				err = r.orphan(ctx, kind, one)
			} else {
				delete(expected, i.ID)
				err = r.compare(ctx, i, one.report, asked)
			}
			if err != nil {
				return err
			}
		}

		rows += len(page)
		r.of.Compared += len(page)
		if next == "" {
			return nil
		}
		if rows > maxReconciledRows || next == token {
			return fmt.Errorf("the provider's list of %ss does not end after %d rows: choose a "+
				"shorter range", kind, rows)
		}
		token = next
	}
}

// page makes one call.
func (r *reconciling) page(
	ctx context.Context, kind payment.Kind, token string,
) ([]row, string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.lease.Config().Timeout)
	defer cancel()
	from, to := r.of.From.Add(-listMargin), r.of.To.Add(listMargin)
	if kind == payment.KindPayout {
		return listPayouts(ctx, r.lease, nil,
			sdk.ListPayoutsRequest{From: from, To: to, PageToken: token})
	}
	return listPayments(ctx, r.lease, nil,
		sdk.ListPaymentsRequest{From: from, To: to, PageToken: token})
}

// match returns the intent that a row is about, nil when there is none.
func (r *reconciling) match(
	ctx context.Context, kind payment.Kind, of row,
) (found *intent.Intent, err error) {
	err = r.core.store.Read(ctx, func(tx *store.Tx) error {
		var candidates []*intent.Intent
		if of.reference != "" {
			one, err := tx.Intent(ctx, of.reference)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if err == nil {
				candidates = append(candidates, one)
			}
		} else if of.report.ProviderReference != "" {
			candidates, err = tx.IntentsNamed(ctx, of.report.ProviderReference, "")
			if err != nil {
				return err
			}
		}

		candidates = slices.DeleteFunc(candidates, func(i *intent.Intent) bool {
			return i.Kind != kind || i.Provider != r.of.Provider
		})
		if len(candidates) == 1 { // of two it cannot be told which
			found = candidates[0]
		}
		return nil
	})
	return found, err
}

// byReference asks for the intents by their references, where the provider cannot
// list by time.
func (r *reconciling) byReference(ctx context.Context, expected map[string]bool) error {
	ids := make([]string, 0, len(expected))
	for id := range expected {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, MaxListed) {
		var intents []*intent.Intent
		for _, id := range part {
			i, err := r.core.read(ctx, id)
			if err != nil {
				return err
			}
			intents = append(intents, i)
		}

		asked := r.core.nowMicro()
		found, err := queryList(ctx, r.lease, intents)
		if err != nil {
			return fmt.Errorf("list by reference: %w", err)
		}
		for _, i := range intents {
			report, ok := found.reports[i.ID]
			if !ok && !found.doubtful[i.ID] {
				continue // missing
			}
			delete(expected, i.ID)
			r.of.Compared++
			if ok {
				if err := r.compare(ctx, i, report, asked); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// missing records what the provider's list should have had.
func (r *reconciling) missing(
	ctx context.Context, kind payment.Kind, expected map[string]bool,
) error {
	for id := range expected {
		i, err := r.core.read(ctx, id)
		if err != nil {
			return err
		}
		err = r.record(ctx, payment.Finding{
			Kind: payment.FindingMissingThere, Subject: kind, SubjectID: id,
			ProviderReference: i.ProviderReference, Ours: ourSide(i),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// orphan records a row that matches nothing here.
func (r *reconciling) orphan(ctx context.Context, kind payment.Kind, of row) error {
	return r.record(ctx, payment.Finding{
		Kind: payment.FindingMissingHere, Subject: kind, Reference: of.reference,
		ProviderReference: of.report.ProviderReference, Theirs: theirSide(of.report),
	})
}

// compare records what differs between an intent and a row about it. The row is
// applied first, as any answer is.
func (r *reconciling) compare(
	ctx context.Context, i *intent.Intent, report intent.Report, asked time.Time,
) error {
	before := i.Status
	if before != report.Status && !Foreign(r.lease, i) {
		answer := Answer{Report: report, Query: StatusQuery(r.lease, i), Asked: asked}
		err := r.core.Change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
			return r.core.ApplyAnswer(ctx, tx, current, answer)
		})
		if err != nil {
			return err
		}
		if i, err = r.core.read(ctx, i.ID); err != nil {
			return err
		}
	}

	finding := payment.Finding{
		Subject: i.Kind, SubjectID: i.ID, ProviderReference: report.ProviderReference,
		Ours: ourSide(i), Theirs: theirSide(report),
	}
	if before != report.Status {
		finding.Kind = payment.FindingStatus
		if i.Status == report.Status {
			finding.State = payment.FindingSettled
			finding.By = caller.Host
			finding.Note = fmt.Sprintf("it was %s here; the provider's word has been applied", before)
		}
		if err := r.record(ctx, finding); err != nil {
			return err
		}
	}

	if otherAmount(i, report) {
		finding.Kind, finding.State = payment.FindingAmount, payment.FindingOpen
		finding.By, finding.Note = "", ""
		return r.record(ctx, finding)
	}
	return nil
}

// otherAmount reports whether the provider names another amount, of what the
// payment is for or of what was paid.
func otherAmount(i *intent.Intent, report intent.Report) bool {
	differs := func(theirs *sdk.Money, amount payment.Amount, currency string) bool {
		return theirs != nil &&
			(!theirs.Amount.Equal(amount.Decimal) || theirs.Currency != currency)
	}
	if differs(report.Amount, i.Amount, i.Currency) {
		return true
	}
	return i.PaidAmount != nil && differs(report.Paid, *i.PaidAmount, i.PaidCurrency)
}

func ourSide(i *intent.Intent) *payment.FindingSide {
	return &payment.FindingSide{
		Status: string(i.Status), Amount: i.Amount.String(), Currency: i.Currency,
	}
}

func theirSide(report intent.Report) *payment.FindingSide {
	side := &payment.FindingSide{Status: string(report.Status)}
	money := report.Amount
	if money == nil {
		money = report.Paid
	}
	if money != nil {
		side.Amount, side.Currency = money.Amount.String(), money.Currency
	}
	return side
}

// record writes a finding. A finding that an operator has ended before, of which
// both sides are as they were, stays ended.
func (r *reconciling) record(ctx context.Context, f payment.Finding) error {
	f.ID, f.ReconciliationID, f.Provider = NewID(findingPrefix), r.of.ID, r.of.Provider
	if f.State == "" {
		f.State = payment.FindingOpen
	}
	r.found++
	return r.core.store.Write(store.Behind(ctx), func(tx *store.Tx) error {
		f.FoundAt = tx.Now()
		if f.State != payment.FindingOpen {
			return tx.InsertFinding(ctx, f)
		}

		before, err := tx.EndedFinding(ctx, f)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case before.By != caller.Host && sameSide(before.Theirs, f.Theirs) && sameSide(before.Ours, f.Ours):
			f.State, f.By = payment.FindingSettled, before.By
			f.Note = "as " + before.ID + ": " + before.Note
		}
		return tx.InsertFinding(ctx, f)
	})
}

func sameSide(left, right *payment.FindingSide) bool {
	if left == nil || right == nil {
		return left == right
	}
	return *left == *right
}
