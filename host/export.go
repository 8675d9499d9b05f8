package host

import (
	"context"
	"errors"
	"io"
)

// Export writes all records of a kind that were made in a range of time:
// payments, payouts and refunds with the newest first, events with the oldest
// first. It holds a page of them in memory at a time. The error is an *Error, or
// what w has failed with; what was written until then is not whole.
func (h *Host) Export(ctx context.Context, r ExportRequest, w io.Writer) error {
	err := h.core.Export(ctx, r, w)
	if failed := (*Error)(nil); errors.As(err, &failed) {
		return failure(ctx, err)
	}
	return err // of w, which the host knows nothing of
}
