package host

import "context"

// EraseCustomer overwrites what requests, exchanges, webhooks, events and
// histories say of the person whom requests name by an id, as customer or
// recipient. Amounts, statuses, references, hashes and keys stay. While a record
// of the person is open nothing is erased; the error then names each. It may be
// repeated, and has to be after a backup from before was restored.
func (h *Host) EraseCustomer(ctx context.Context, id string) (Erasure, error) {
	done, err := h.core.Erase(ctx, id)
	return done, failure(ctx, err)
}
