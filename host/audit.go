package host

import "context"

// ListAudit returns a page of the audit log, the newest first. next is the
// cursor of the next page, "" at the end.
func (h *Host) ListAudit(
	ctx context.Context, f AuditFilter,
) (list []AuditEntry, next string, err error) {
	list, next, err = h.core.ListAudit(ctx, f)
	return list, next, failure(ctx, err)
}

// VerifyAudit computes the hashes of the audit log again. A row that is not as
// it was written is in the result; the error is that the log could not be read.
func (h *Host) VerifyAudit(ctx context.Context) (AuditCheck, error) {
	found, err := h.core.VerifyAudit(ctx)
	return found, failure(ctx, err)
}
