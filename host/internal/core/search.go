package core

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// maxLookedAt bounds the intents that one page of a search looks at. The page
// may then be short, and its cursor goes on.
const maxLookedAt = 20_000

// list reads a page of intents of a kind and adds each of them. The error is
// also that the page cannot be read as f says.
func (c *Core) list(
	ctx context.Context,
	kind payment.Kind,
	f payment.Filter,
	add func(*intent.Intent) error,
) (next string, err error) {
	limit, err := CheckPage(CheckCursor(c.operationFor(kind).idPrefix, f.Cursor), f.Limit)
	if err != nil {
		return "", err
	}

	narrowed := store.Filter{
		Kind:              kind,
		Provider:          f.Provider,
		Providers:         caller.From(ctx).Only(),
		MerchantReference: f.MerchantReference,
		CreatedFrom:       f.CreatedFrom,
		CreatedTo:         f.CreatedTo,
		Before:            f.Cursor,
		Limit:             limit,
	}
	find := c.page
	switch {
	case f.ProviderReference != "" || f.IdempotencyKey != "":
		find = c.named
	case f.Currency != "" || f.Customer != "" || !f.Amount.IsZero():
		find = c.lookThrough
	}

	found, next, err := find(ctx, narrowed, f)
	if err == nil && len(found) == 0 && f.Cursor != "" {
		_, err = c.read(ctx, f.Cursor) // else a wrong cursor looks like the end
	}
	if errors.Is(err, store.ErrNotFound) {
		return "", invalid([]sdk.Violation{
			{Field: "cursor", Message: "names nothing that is recorded"},
		})
	}
	if err != nil {
		return "", unread(ctx, err)
	}

	for _, i := range found {
		if err := add(i); err != nil {
			return "", err
		}
	}

	return next, nil
}

// page reads a page by an index.
func (c *Core) page(
	ctx context.Context, narrowed store.Filter, f payment.Filter,
) (found []*intent.Intent, next string, err error) {
	limit := narrowed.Limit
	narrowed.Limit++ // one more than the page holds tells whether there is another
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = withStatuses(ctx, tx, narrowed, statusesOf(f))
		return err
	})

	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].ID
	}
	return found, next, err
}

// withStatuses lists the intents that have one of some statuses; any when there
// are none. Each status is read by its index: a query for several would sort.
func withStatuses(
	ctx context.Context, tx *store.Tx, narrowed store.Filter, statuses []payment.Status,
) ([]*intent.Intent, error) {
	if len(statuses) == 0 {
		return tx.ListIntents(ctx, narrowed)
	}

	var all []*intent.Intent
	for _, status := range statuses {
		narrowed.Status = status
		list, err := tx.ListIntents(ctx, narrowed)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}

	slices.SortFunc(all, newestFirst)
	return all[:min(len(all), narrowed.Limit)], nil
}

func newestFirst(a, b *intent.Intent) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
}

// named returns the intents that a provider's reference or a key names. They
// are few, and looked at one by one.
func (c *Core) named(
	ctx context.Context, narrowed store.Filter, f payment.Filter,
) (found []*intent.Intent, next string, err error) {
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.IntentsNamed(ctx, f.ProviderReference, f.IdempotencyKey)
		return err
	})
	found = slices.DeleteFunc(found, func(i *intent.Intent) bool {
		return !within(i, narrowed) || !satisfies(i, f)
	})
	slices.SortFunc(found, newestFirst)

	if at := slices.IndexFunc(found, func(i *intent.Intent) bool {
		return i.ID == narrowed.Before
	}); at >= 0 {
		found = found[at+1:]
	}
	if len(found) > narrowed.Limit {
		found = found[:narrowed.Limit]
		next = found[narrowed.Limit-1].ID
	}
	return found, next, err
}

// lookThrough reads along the time and keeps what fits: amounts, currencies and
// customers have no index, which every payment would have to pay for.
func (c *Core) lookThrough(
	ctx context.Context, narrowed store.Filter, f payment.Filter,
) (found []*intent.Intent, next string, err error) {
	limit := narrowed.Limit
	narrowed.Limit = maxPage
	for looked := 0; looked < maxLookedAt; looked += maxPage {
		var list []*intent.Intent
		err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = withStatuses(ctx, tx, narrowed, statusesOf(f))
			return err
		})
		if err != nil {
			return nil, "", err
		}

		for _, i := range list {
			if !satisfies(i, f) {
				continue
			}
			found = append(found, i)
			if len(found) == limit {
				return found, i.ID, nil
			}
		}
		if len(list) < maxPage {
			return found, "", nil
		}
		narrowed.Before = list[len(list)-1].ID
	}

	return found, narrowed.Before, nil
}

// statusesOf returns the statuses that a filter names, each once.
func statusesOf(f payment.Filter) []payment.Status {
	list := slices.Clone(f.Statuses)
	if f.Status != "" {
		list = append(list, f.Status)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// within reports what the database reports where it narrows by an index.
func within(i *intent.Intent, narrowed store.Filter) bool {
	seen := narrowed.Providers == nil || slices.Contains(narrowed.Providers, i.Provider)
	return seen && i.Kind == narrowed.Kind &&
		(narrowed.Provider == "" || i.Provider == narrowed.Provider) &&
		(narrowed.MerchantReference == "" || i.MerchantReference == narrowed.MerchantReference) &&
		!i.CreatedAt.Before(narrowed.CreatedFrom) &&
		(narrowed.CreatedTo.IsZero() || i.CreatedAt.Before(narrowed.CreatedTo))
}

// satisfies reports whether an intent is what a filter asks for, by the fields that
// have no index.
func satisfies(i *intent.Intent, f payment.Filter) bool {
	statuses := statusesOf(f)
	return (len(statuses) == 0 || slices.Contains(statuses, i.Status)) &&
		(f.Currency == "" || i.Currency == f.Currency) &&
		(f.Amount.IsZero() || i.Amount.Equal(f.Amount)) &&
		(f.Customer == "" || isOf(i, f.Customer))
}

// isOf reports whether a request names a person by an id, an e-mail or a phone.
func isOf(i *intent.Intent, person string) bool {
	type named struct{ ID, Email, Phone string }
	var request struct{ Customer, Recipient named }
	if json.Unmarshal(i.Request, &request) != nil {
		return false // damaged, and shown as such elsewhere
	}
	names := []string{
		request.Customer.ID, request.Customer.Email, request.Customer.Phone,
		request.Recipient.ID, request.Recipient.Email, request.Recipient.Phone,
	}
	return slices.Contains(names, person)
}
