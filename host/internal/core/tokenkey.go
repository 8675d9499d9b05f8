package core

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const (
	// tokenKeysSetting is where the store keeps the keys of the hosts' URLs.
	tokenKeysSetting = "token_keys"
	// firstKeySetting is where earlier versions kept the only key.
	firstKeySetting = "token_key"
)

// keyNotice is how long a new key is known before it is in force: each host reads
// the keys again with each sign of life, and one that gives none for this long is
// taken for gone.
const keyNotice = 30 * time.Second

// Tokens returns the keys of the URLs that this host gives out.
func (c *Core) Tokens() token.Ring { return *c.ring.Load() }

// openTokenKeys reads the keys, and makes the first one in a new database.
func (c *Core) openTokenKeys(ctx context.Context, tx *store.Tx) error {
	text, err := tx.Setting(ctx, tokenKeysSetting)
	if err != nil {
		return err
	}
	if text == "" {
		first := token.NewRecord("k1", c.newestSecret(), time.Time{})
		earlier, err := tx.Setting(ctx, firstKeySetting)
		if err != nil {
			return err
		}
		if earlier != "" {
			first = token.Record{ID: "k1", Stored: earlier}
		}
		text, err = tx.SetSettingOnce(ctx, tokenKeysSetting, token.EncodeRecords([]token.Record{first}))
		if err != nil {
			return err
		}
	}

	return c.useTokenKeys(text)
}

// refreshTokenKeys takes over what an operator or another host has changed, within
// the transaction of a sign of life. Keys that cannot be read do not undo the sign.
func (c *Core) refreshTokenKeys(ctx context.Context, tx *store.Tx) error {
	text, err := tx.Setting(ctx, tokenKeysSetting)
	if (err != nil) || (text == c.ringText) {
		return err
	}

	if err := c.useTokenKeys(text); err != nil {
		c.log.Error("the token keys in the store cannot be read; those read before stay in use", "error", err)
		c.ringText = text // said once
		return nil
	}
	if err := c.Tokens().Usable(); err != nil {
		c.log.Error("this host takes no new payments and payouts until it is restarted with the right secret", "error", err)
	}
	return nil
}

// useTokenKeys opens the keys as the store has them. It belongs to New and to the
// goroutine of Beat; nothing else writes ringText.
func (c *Core) useTokenKeys(text string) error {
	records, err := token.ParseRecords(text)
	if err != nil {
		return err
	}
	ring, err := token.NewRing(records, c.secrets, c.nowMicro)
	if err != nil {
		return err
	}

	c.ring.Store(&ring)
	c.ringText = text
	return nil
}

func (c *Core) newestSecret() string {
	if len(c.secrets) == 0 {
		return ""
	}
	return c.secrets[0]
}

// mintable refuses new payments and payouts, and repeats of them, while the URLs
// that this host would give to their providers could not be checked by the other
// hosts.
func (c *Core) mintable() error {
	err := c.Tokens().Usable()
	if err == nil {
		return nil
	}
	return &payment.Error{Code: string(sdk.CodeUnavailable), Outcome: sdk.OutcomeNotSent, RetryAfter: time.Minute,
		Message: "this host cannot sign the URLs for the provider: " + err.Error(), Cause: err}
}

// TokenKeys returns the keys of the hosts' URLs, the newest first.
func (c *Core) TokenKeys(ctx context.Context) ([]payment.TokenKey, error) {
	var text string
	var now time.Time
	err := c.store.Get(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		text, err = tx.Setting(ctx, tokenKeysSetting)
		return err
	})
	if err != nil {
		return nil, unread(ctx, err)
	}
	records, err := token.ParseRecords(text)
	if err != nil {
		return nil, unread(ctx, err)
	}
	return c.showKeys(records, now), nil
}

// showKeys returns the keys as they are told of, the newest first.
func (c *Core) showKeys(records []token.Record, now time.Time) []payment.TokenKey {
	var keys []payment.TokenKey
	inForce := false
	for i := len(records) - 1; i >= 0; i-- {
		record := records[i]
		key := payment.TokenKey{ID: record.ID, Sealed: record.Seal != "", By: record.By, Reason: record.Reason,
			EndedBy: record.EndedBy, EndReason: record.EndReason}
		if !record.From.IsZero() {
			from := record.From.UTC()
			key.From = &from
		}
		switch {
		case !record.Ended.IsZero():
			ended := record.Ended.UTC()
			key.State, key.EndedAt = payment.KeyEnded, &ended
		case record.From.After(now):
			key.State = payment.KeyComing
		case !inForce:
			key.State = payment.KeyInForce
		default:
			key.State = payment.KeyTaken
		}
		inForce = inForce || (key.State == payment.KeyInForce)
		keys = append(keys, key)
	}
	return keys
}

// RotateTokenKey makes a new key for the hosts' URLs, with the first secret of
// host.token_secret mixed in, and returns all keys. It comes into force after half
// a minute. Payments made before keep their key.
func (c *Core) RotateTokenKey(ctx context.Context, by, reason string) ([]payment.TokenKey, error) {
	return c.changeKeys(ctx, "rotated", by, reason, func(records []token.Record, now time.Time) ([]token.Record, error) {
		newest := records[len(records)-1]
		switch {
		case newest.From.After(now):
			return nil, keyConflictf("%s has been made and comes into force at %s", newest.ID, newest.From.Format(time.RFC3339))
		case (newest.Seal != "") && (c.newestSecret() == ""):
			return nil, keyConflictf("%s has a secret of the configuration mixed in, and host.token_secret has none now", newest.ID)
		}

		record := token.NewRecord(keyAfter(newest.ID), c.newestSecret(), now.Add(keyNotice))
		record.By, record.Reason = operator(by), reason
		return append(records, record), nil
	})
}

// EndTokenKey gives a key up: a token that it signed is worth nothing from now on,
// also for payments that are still open. It returns all keys.
func (c *Core) EndTokenKey(ctx context.Context, id, by, reason string) ([]payment.TokenKey, error) {
	return c.changeKeys(ctx, "ended "+id, by, reason, func(records []token.Record, now time.Time) ([]token.Record, error) {
		for i := range records {
			record := &records[i]
			if record.ID != id {
				continue
			}
			if !record.Ended.IsZero() {
				return records, nil
			}
			if (i == len(records)-1) || records[i+1].From.After(now) {
				return nil, keyConflictf("%s signs the URLs of new payments; rotate first, and end it when the new key is in force", id)
			}

			record.Ended, record.EndedBy, record.EndReason = now, operator(by), reason
			return records, nil
		}
		return nil, &payment.Error{Code: string(sdk.CodeNotFound), Outcome: sdk.OutcomeNotSent, Message: "no token key has the id " + id}
	})
}

// changeKeys changes the keys in the store. This host uses what comes of it with
// its next sign of life, as the others do.
func (c *Core) changeKeys(ctx context.Context, what, by, reason string,
	change func([]token.Record, time.Time) ([]token.Record, error),
) (keys []payment.TokenKey, err error) {
	var checks checks
	checks.reason(reason)
	if err := checks.err(); err != nil {
		return nil, err
	}

	err = c.store.Write(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, tokenKeysSetting)
		if err != nil {
			return err
		}
		records, err := token.ParseRecords(text)
		if err != nil {
			return err
		}
		records, err = change(records, tx.Now())
		if err != nil {
			return err
		}
		keys = c.showKeys(records, tx.Now())
		return tx.SetSetting(ctx, tokenKeysSetting, token.EncodeRecords(records))
	})
	var refused *payment.Error
	switch {
	case (err != nil) && !errors.As(err, &refused):
		return nil, &payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeUnknown, Cause: err,
			Message: "the database did not confirm the change of the token keys; look at them before you say it again: " + err.Error()}
	case err == nil:
		c.log.Warn("the keys of the hosts' URLs were changed", "change", what, "by", operator(by), "reason", reason)
	}
	return keys, err
}

// keyAfter returns the id of the key that follows one: "k2" after "k1".
func keyAfter(id string) string {
	number, _ := strconv.Atoi(strings.TrimPrefix(id, "k")) // made here
	return "k" + strconv.Itoa(number+1)
}

func keyConflictf(format string, args ...any) *payment.Error {
	return &payment.Error{Code: payment.CodeConflict, Outcome: sdk.OutcomeNotSent, Message: "token key " + fmt.Sprintf(format, args...)}
}
