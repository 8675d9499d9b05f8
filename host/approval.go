package host

import "context"

// ListApprovals returns a page of what waits for a second name, or has waited,
// the newest first. next is the cursor of the next page, "" at the end.
func (h *Host) ListApprovals(
	ctx context.Context, f ApprovalFilter,
) (list []Approval, next string, err error) {
	list, next, err = h.core.ListApprovals(ctx, f)
	return list, next, failure(ctx, err)
}

// Approve sends a payout that waits, or makes a decision count, in the name that
// WithActor has given ctx: that name must be another than the one that asked. id
// is that of the approval or of what waits. It may be said again.
func (h *Host) Approve(ctx context.Context, id, reason string) (*Approval, error) {
	decided, err := h.core.Approve(ctx, id, reason)
	return decided, failure(ctx, err)
}

// Reject ends what waits: a payout has failed and was not sent, a decision is
// dropped. The reason is required.
func (h *Host) Reject(ctx context.Context, id, reason string) (*Approval, error) {
	decided, err := h.core.Reject(ctx, id, reason)
	return decided, failure(ctx, err)
}
