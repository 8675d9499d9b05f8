package store

import "context"

// Exec runs a statement for a test.
func (t *Tx) Exec(ctx context.Context, query string) error {
	_, err := t.exec(ctx, query)
	return err
}
