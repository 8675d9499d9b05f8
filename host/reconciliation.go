package host

import "context"

// BeginReconciliation has a range of time compared with a provider's own list, in
// the background: read Reconciliation until its state is no longer running. It
// survives a restart. The error is CodeNotSupported when the account cannot list,
// and CodeConflict while another one runs for it.
func (h *Host) BeginReconciliation(
	ctx context.Context, provider string, r ReconciliationRequest,
) (*Reconciliation, error) {
	begun, err := h.core.BeginReconciliation(ctx, provider, r)
	return begun, failure(ctx, err)
}

// Reconciliation returns how far a reconciliation is. The error is ErrNotFound
// when there is none.
func (h *Host) Reconciliation(ctx context.Context, id string) (Reconciliation, error) {
	found, err := h.core.Reconciliation(ctx, id)
	return found, failure(ctx, err)
}

// ListReconciliations returns a page of reconciliations, the newest first, of all
// providers when provider is "". next is the cursor of the page that follows, ""
// at the end; limit is from 1 to 200, and 0 is 50.
func (h *Host) ListReconciliations(
	ctx context.Context, provider, cursor string, limit int,
) (list []Reconciliation, next string, err error) {
	list, next, err = h.core.ListReconciliations(ctx, provider, cursor, limit)
	return list, next, failure(ctx, err)
}

// ListFindings returns a page of what reconciliations have found, the newest
// first. next is the cursor of the page that follows, "" at the end.
func (h *Host) ListFindings(
	ctx context.Context, f FindingFilter,
) (list []Finding, next string, err error) {
	list, next, err = h.core.ListFindings(ctx, f)
	return list, next, failure(ctx, err)
}

// AttachFinding ends an open finding by an operator's word, who needs a reason.
// An orphan can be attached to a payment or payout of its provider: the provider's
// reference then stands for that. Its status stays: refresh or resolve it. The
// error is ErrNotFound when there is none, and CodeConflict when it has ended.
func (h *Host) AttachFinding(ctx context.Context, id string, a Attachment) (*Finding, error) {
	ended, err := h.core.AttachFinding(ctx, id, a)
	return ended, failure(ctx, err)
}

// triggerReconciliations has each reconciliation that has not ended made by a job
// of its own.
func (h *Host) triggerReconciliations(ctx context.Context, _ string) error {
	running, err := h.core.RunningReconciliations(ctx)
	if err != nil {
		return err
	}
	return h.triggerEach(ctx, workReconciliation, running)
}
