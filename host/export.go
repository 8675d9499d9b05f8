package host

import (
	"context"
	"io"
)

// Export writes all records of a kind that were made in a range of time:
// payments, payouts and refunds with the newest first, events with the oldest
// first. It holds a page of them in memory at a time. The error is an *Error, or
// what w has failed with; what was written until then is not whole.
func (h *Host) Export(ctx context.Context, r ExportRequest, w io.Writer) error {
	return failure(ctx, h.core.Export(ctx, r, w))
}
