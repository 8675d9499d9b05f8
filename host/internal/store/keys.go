package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Key is an idempotency key and the request that it was claimed by.
type Key struct {
	Key         string
	RequestHash string
	IntentID    string
	// Action is the operation: create_payment, confirm_payment, …
	Action string
	// Result is the action's result as JSON; "" while it runs. The result of a
	// create is its intent, and not kept here.
	Result string
	// Host is the host that runs the action. Until Deadline no other host may
	// take the action for lost.
	Host      string
	Deadline  time.Time
	CreatedAt time.Time
}

const (
	insertKeyColumns = `INSERT INTO idempotency_keys
		(key, request_hash, intent_id, action, result, host, deadline, created_at) `
	insertKey  = insertKeyColumns + `VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	insertKeys = insertKeyColumns + `SELECT * FROM VALUES_OF_ROWS`
)

// InsertKey claims a key. When the key is claimed already, the error of the
// whole transaction is ErrExists.
func (t *Tx) InsertKey(ctx context.Context, k Key) error {
	return t.queueRow(ctx, keyRows,
		k.Key, k.RequestHash, k.IntentID, k.Action, k.Result, k.Host,
		micros(k.Deadline), micros(k.CreatedAt))
}

// FinishKey records the result of a key's action, if the key is still the one
// that k describes: its host and deadline name the request that claimed it, and
// its result is k's, "" as long as none was recorded. It does nothing
// otherwise.
func (t *Tx) FinishKey(ctx context.Context, k Key, result string) error {
	return t.queue(ctx, `UPDATE idempotency_keys SET result = $5
		WHERE key = $1 AND host = $2 AND deadline = $3 AND result = $4`,
		k.Key, k.Host, micros(k.Deadline), k.Result, result)
}

// DeleteKey frees a key whose action is proven not to have left this machine,
// if the key is still the one that k describes. When it is repeated it does not
// free a key that another request has claimed since.
func (t *Tx) DeleteKey(ctx context.Context, k Key) error {
	return t.queue(ctx, `DELETE FROM idempotency_keys
		WHERE key = $1 AND host = $2 AND deadline = $3 AND result = ''`,
		k.Key, k.Host, micros(k.Deadline))
}

// Key reads a key. The error is ErrNotFound when the key is free.
func (t *Tx) Key(ctx context.Context, key string) (*Key, error) {
	var (
		k                 = Key{Key: key}
		deadline, created int64
	)
	err := t.queryRow(ctx, `SELECT request_hash, intent_id, action, result, host, deadline,
		created_at FROM idempotency_keys WHERE key = $1`, key).
		Scan(&k.RequestHash, &k.IntentID, &k.Action, &k.Result, &k.Host, &deadline, &created)

	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("%s: %w", t.engine.name, err)
	}

	k.Deadline = fromMicros(deadline)
	k.CreatedAt = fromMicros(created)
	return &k, nil
}
