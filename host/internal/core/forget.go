package core

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/store"
)

// forgetAtOnce bounds the rows of one commit that deletes or erases by age.
const forgetAtOnce = 100

// Forget deletes and erases what is older than a configuration keeps it, in
// steps of one commit each. Nothing that is open is touched. It may be
// called by every host at the same time. The error is the store's, after
// everything has been tried.
func (c *Core) Forget(ctx context.Context, keep config.Retention) error {
	now := c.now().UTC()
	// A webhook's body says what the provider knows of a person, so that it is
	// never kept longer than the rest.
	if (keep.Personal > 0) && ((keep.Webhooks == 0) || (keep.Personal < keep.Webhooks)) {
		keep.Webhooks = keep.Personal
	}

	var errs []error
	for _, kind := range []struct {
		name string
		age  time.Duration
		old  func(ctx context.Context, before time.Time) (int64, error)
	}{
		{"exchanges", keep.Exchanges, c.forgetExchanges},
		{"webhooks", keep.Webhooks, c.forgetWebhooks},
		{"personal", keep.Personal, c.forgetPersons},
		{"events", keep.Events, c.forgetEvents},
	} {
		if kind.age <= 0 {
			continue
		}
		before := now.Add(-kind.age)
		count, err := kind.old(ctx, before)
		errs = append(errs, err)
		if count > 0 {
			c.log.InfoContext(ctx, "records were deleted or emptied because of their age",
				"retention", kind.name, "count", count, "before", before)
		}
	}

	return errors.Join(errs...)
}

func (c *Core) forgetExchanges(ctx context.Context, before time.Time) (total int64, err error) {
	for {
		var count int64
		err = c.store.Write(ctx, func(tx *store.Tx) (err error) {
			count, err = tx.EmptyExchangesBefore(ctx, before, forgetAtOnce)
			return err
		})
		if err == nil {
			total += count
		}
		if (err != nil) || (count < forgetAtOnce) || (ctx.Err() != nil) {
			return total, err
		}
	}
}

func (c *Core) forgetWebhooks(ctx context.Context, before time.Time) (total int64, err error) {
	for after, more := "", true; more && (ctx.Err() == nil); {
		var count int64
		next := ""
		err = c.store.Write(ctx, func(tx *store.Tx) (err error) {
			count, next, err = tx.DeleteWebhooksBefore(ctx, before, after, forgetAtOnce)
			return err
		})
		if err != nil {
			return total, err
		}
		after, more = next, next != ""
		total += count
	}

	// Unverified ones are few: the inbox deletes them early.
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.DeleteUnverifiedBefore(ctx, before, forgetAtOnce)
		return err
	})
	return total, err
}

func (c *Core) forgetEvents(ctx context.Context, before time.Time) (total int64, err error) {
	var after uint64
	for more := true; more && (ctx.Err() == nil); {
		var count int64
		next := after
		err = c.store.Write(ctx, func(tx *store.Tx) (err error) {
			count, next, more, err = tx.DeleteEventsBefore(ctx, before, after, forgetAtOnce)
			return err
		})
		if err != nil {
			return total, err
		}
		after = next
		total += count
	}
	return total, nil
}

func (c *Core) forgetPersons(ctx context.Context, before time.Time) (total int64, err error) {
	for more := true; more && (ctx.Err() == nil); {
		var ids []string
		err = c.store.Write(ctx, func(tx *store.Tx) (err error) {
			ids, err = tx.IntentsToErase(ctx, before, forgetAtOnce)
			for _, id := range ids {
				err = errors.Join(err, tx.EraseIntent(ctx, id, tx.Now()))
			}
			return err
		})
		if err != nil {
			return total, err
		}
		total += int64(len(ids))
		more = len(ids) == forgetAtOnce
	}
	return total, nil
}
