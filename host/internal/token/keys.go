package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

const (
	// keysSetting is where the store keeps the keys of the hosts' URLs.
	keysSetting = "token_keys"
	// firstKeySetting is where earlier versions kept the only key.
	firstKeySetting = "token_key"
)

// keyDelay is how long a new key is known before it is in force. Each host
// reads the keys again with each heartbeat, and a host that sends none for this
// long is taken for dead.
const keyDelay = 30 * time.Second

// Keys are the keys in a store as one host uses them. Open must be called
// first; Open and Refresh are for one goroutine at a time, everything else for
// any.
type Keys struct {
	store store.Transactor
	// secrets are the configuration's, the newest first.
	secrets []string
	log     *slog.Logger

	ring atomic.Pointer[Ring]
	text string // the keys as the store had them when the ring was made
}

// NewKeys returns the keys in a store, with the secrets of the configuration
// that are mixed into them, the newest first.
func NewKeys(s store.Transactor, secrets []string, log *slog.Logger) *Keys {
	return &Keys{store: s, secrets: secrets, log: log}
}

// Ring returns the keys that this host signs and checks with now.
func (k *Keys) Ring() Ring { return *k.ring.Load() }

// Open reads the keys, and makes the first one in a new database.
func (k *Keys) Open(ctx context.Context, tx *store.Tx) error {
	text, err := tx.Setting(ctx, keysSetting)
	if err != nil {
		return err
	}

	// Several hosts may begin on one new database: the first one's key holds.
	if text == "" {
		first := NewRecord("k1", k.newestSecret(), time.Time{})
		earlier, err := tx.Setting(ctx, firstKeySetting)
		if err != nil {
			return err
		}

		if earlier != "" {
			first = Record{ID: "k1", Stored: earlier}
		}
		text, err = tx.SetSettingOnce(ctx, keysSetting, EncodeRecords([]Record{first}))
		if err != nil {
			return err
		}
	}

	return k.use(text)
}

// Read is Open for a tool that changes nothing: without a key in the database
// there is an error.
func (k *Keys) Read(ctx context.Context, tx *store.Tx) error {
	text, err := tx.Setting(ctx, keysSetting)
	if err != nil {
		return err
	}
	if text == "" {
		return errors.New("the database has no token keys: no host of this version has run on it")
	}
	return k.use(text)
}

// Check returns an error when the other hosts could not check the tokens that
// this one signs, and logs when the newest key lacks the newest secret.
func (k *Keys) Check() error {
	if err := k.Ring().Usable(); err != nil {
		return err
	}
	if !k.Ring().SealedWith(k.newestSecret()) {
		k.log.Warn("the newest token key was not made with the first secret of " +
			"host.token_secret: `payhost tokens rotate` makes one that is")
	}
	return nil
}

// Refresh reads the keys again, which an operator or another host may have
// changed. Keys that cannot be read do not fail the transaction: the host logs
// that, and the keys that it read before stay in use.
func (k *Keys) Refresh(ctx context.Context, tx *store.Tx) error {
	text, err := tx.Setting(ctx, keysSetting)
	if err != nil || text == k.text {
		return err
	}

	if err := k.use(text); err != nil {
		k.log.Error(
			"the token keys in the store cannot be read; those read before stay in use",
			"error", err,
		)
		k.text = text // logged once
		return nil
	}

	if err := k.Ring().Usable(); err != nil {
		k.log.Error(
			"this host takes no new payments and payouts until it is restarted with the "+
				"right secret",
			"error", err,
		)
	}

	return nil
}

// use opens the keys as the store has them.
func (k *Keys) use(text string) error {
	records, err := ParseRecords(text)
	if err != nil {
		return err
	}
	ring, err := NewRing(records, k.secrets, k.store.Now)
	if err != nil {
		return err
	}

	k.ring.Store(&ring)
	k.text = text
	return nil
}

// newestSecret returns the secret that new keys have mixed in, "" for none.
func (k *Keys) newestSecret() string {
	if len(k.secrets) == 0 {
		return ""
	}
	return k.secrets[0]
}

// List returns the keys as an operator sees them, the newest first. The error
// is the store's.
func (k *Keys) List(ctx context.Context) ([]payment.TokenKey, error) {
	// The database's clock decides which key is in force, as it does for hosts.
	var text string
	var now time.Time
	err := k.store.Get(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		text, err = tx.Setting(ctx, keysSetting)
		return err
	})
	if err != nil {
		return nil, err
	}

	records, err := ParseRecords(text)
	if err != nil {
		return nil, err
	}

	return views(records, now), nil
}

// views returns keys as an operator sees them, the newest first.
func views(records []Record, now time.Time) []payment.TokenKey {
	var keys []payment.TokenKey
	inForce := false
	for i := len(records) - 1; i >= 0; i-- {
		key := records[i].view(now, inForce)
		inForce = inForce || key.State == payment.KeyInForce
		keys = append(keys, key)
	}
	return keys
}

// view returns a key as an operator sees it; newer says that a newer one is in
// force.
func (r Record) view(now time.Time, newer bool) payment.TokenKey {
	key := payment.TokenKey{
		ID:        r.ID,
		Sealed:    r.Seal != "",
		By:        r.By,
		Reason:    r.Reason,
		EndedBy:   r.EndedBy,
		EndReason: r.EndReason,
	}

	if !r.From.IsZero() {
		from := r.From.UTC()
		key.From = &from
	}

	switch {
	case !r.Ended.IsZero():
		ended := r.Ended.UTC()
		key.State, key.EndedAt = payment.KeyEnded, &ended
	case r.From.After(now):
		key.State = payment.KeyComing
	case !newer:
		key.State = payment.KeyInForce
	default:
		key.State = payment.KeyTaken
	}

	return key
}

// Rotate makes a new key, with the first secret of host.token_secret mixed in,
// and returns all keys. It comes into force after half a minute. Payments made
// before keep their key. The error is a *payment.Error.
func (k *Keys) Rotate(ctx context.Context, by, reason string) ([]payment.TokenKey, error) {
	made := change{action: "rotate-token-key", name: "rotated", by: by, reason: reason}
	return k.change(ctx, made, func(records []Record, now time.Time) ([]Record, error) {
		newest := records[len(records)-1]
		switch {
		case newest.From.After(now):
			return nil, conflictf("%s has been made and comes into force at %s",
				newest.ID, newest.From.Format(time.RFC3339))
		// A key without a secret is whole in the database: no rotation may fall
		// back to one unnoticed.
		case newest.Seal != "" && k.newestSecret() == "":
			return nil, conflictf("%s has a secret of the configuration mixed in, and "+
				"host.token_secret has none now", newest.ID)
		}

		// Every host must have read the key before one signs with it.
		record := NewRecord(idAfter(newest.ID), k.newestSecret(), now.Add(keyDelay))
		record.By, record.Reason = by, reason
		return append(records, record), nil
	})
}

// End ends a key: a token that it signed is worth nothing from now on, even for
// payments that are still open. It returns all keys. The error is a
// *payment.Error.
func (k *Keys) End(ctx context.Context, id, by, reason string) ([]payment.TokenKey, error) {
	ended := change{
		action: "end-token-key", subject: id, name: "ended " + id, by: by, reason: reason,
	}
	return k.change(ctx, ended, func(records []Record, now time.Time) ([]Record, error) {
		for i := range records {
			record := &records[i]
			if record.ID != id {
				continue
			}
			if !record.Ended.IsZero() {
				return records, nil
			}

			// The key in force is the newest that is not still to come.
			if i == len(records)-1 || records[i+1].From.After(now) {
				return nil, conflictf(
					"%s signs the URLs of new payments; rotate first, and end it "+
						"when the new key is in force",
					id,
				)
			}

			record.Ended = now
			record.EndedBy = by
			record.EndReason = reason
			return records, nil
		}

		return nil, &payment.Error{
			Code:    string(sdk.CodeNotFound),
			Outcome: sdk.OutcomeNotSent,
			Message: "no token key has the id " + id,
		}
	})
}

// change is what an operator does to the keys, for the log and the audit log.
type change struct{ action, subject, name, by, reason string }

// change changes the keys in the store. This host uses the new keys with its
// next heartbeat, as the others do.
func (k *Keys) change(ctx context.Context, c change,
	apply func([]Record, time.Time) ([]Record, error),
) (keys []payment.TokenKey, err error) {
	err = k.store.Write(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, keysSetting)
		if err != nil {
			return err
		}
		records, err := ParseRecords(text)
		if err != nil {
			return err
		}

		records, err = apply(records, tx.Now())
		if err != nil {
			return err
		}
		keys = views(records, tx.Now())
		tx.Audit(ctx, payment.AuditEntry{
			Action:  c.action,
			Subject: c.subject,
			Note:    fmt.Sprintf("by %s: %s", c.by, c.reason),
		})

		return tx.SetSetting(ctx, keysSetting, EncodeRecords(records))
	})

	// A refusal is known to have changed nothing. Any other error may hide a
	// commit that has arrived.
	var refused *payment.Error
	switch {
	case err == nil:
		k.log.Warn("the keys of the hosts' URLs were changed",
			"change", c.name, "by", c.by, "reason", c.reason)
	case !errors.As(err, &refused):
		return nil, &payment.Error{
			Code:    payment.CodeStorage,
			Outcome: sdk.OutcomeUnknown,
			Cause:   err,
			Message: "the database did not confirm the change of the token keys; " +
				"look at them before you say it again: " + err.Error(),
		}
	}

	return keys, err
}

// idAfter returns the id of the key that follows one: "k2" after "k1".
func idAfter(id string) string {
	number, _ := strconv.Atoi(strings.TrimPrefix(id, "k")) // made here
	return "k" + strconv.Itoa(number+1)
}

// conflictf is for a change that the keys do not allow now.
func conflictf(format string, args ...any) *payment.Error {
	return &payment.Error{
		Code:    payment.CodeConflict,
		Outcome: sdk.OutcomeNotSent,
		Message: "token key " + fmt.Sprintf(format, args...),
	}
}
