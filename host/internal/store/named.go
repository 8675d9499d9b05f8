package store

import (
	"context"
	"errors"
	"slices"

	"github.com/payhost/payhost/host/internal/intent"
)

// maxNamed bounds how many intents a reference of a provider's is looked for in.
// It names few.
const maxNamed = 100

// IntentsNamed returns the intents that a reference of a provider's names, or
// the key of the request that made them or did something to them: both when both
// are given, in no order.
func (t *Tx) IntentsNamed(ctx context.Context, reference, key string) ([]*intent.Intent, error) {
	var ids []string
	if reference != "" {
		found, err := t.texts(ctx, `SELECT intent_id FROM provider_references
			WHERE reference = $1`+limitedTo(maxNamed), reference)
		if err != nil {
			return nil, err
		}
		ids = found
	}

	if key != "" {
		known, err := t.Key(ctx, key)
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if reference != "" && !slices.Contains(ids, known.IntentID) {
			return nil, nil
		}
		ids = []string{known.IntentID}
	}

	slices.Sort(ids)
	var all []*intent.Intent
	for _, id := range slices.Compact(ids) {
		one, err := t.Intent(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue // the key of an operation
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
