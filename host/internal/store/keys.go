package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Key is an idempotency key and what it stands for.
type Key struct {
	Key         string
	RequestHash string
	IntentID    string
	// Action is the verb: create_payment, confirm_payment, …
	Action string
	// Result is how the action ended, as JSON; "" while it runs. A create's
	// result is its intent.
	Result string
	// Host and Deadline say who runs it, and until when nobody else may take it
	// for lost.
	Host      string
	Deadline  time.Time
	CreatedAt time.Time
}

// InsertKey takes a key. When it is taken already, the transaction's error is
// ErrExists, whatever is done in it besides.
func (t *Tx) InsertKey(ctx context.Context, k Key) error {
	return t.later(
		ctx,
		`INSERT INTO idempotency_keys (key, request_hash, intent_id, action, result, host, deadline, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.Key,
		k.RequestHash,
		k.IntentID,
		k.Action,
		k.Result,
		k.Host,
		micros(k.Deadline),
		micros(k.CreatedAt),
	)
}

// FinishKey records how a key's action ended, if the key is still the one that
// k describes: its host and deadline name the request that took it, and its
// result is k's, "" as long as none was recorded.
func (t *Tx) FinishKey(ctx context.Context, k Key, result string) error {
	return t.later(ctx, `UPDATE idempotency_keys SET result = $5
		WHERE key = $1 AND host = $2 AND deadline = $3 AND result = $4`,
		k.Key, k.Host, micros(k.Deadline), k.Result, result)
}

// DeleteKey frees a key whose action was proven never to have left the machine,
// if the key is still the one that k describes. Made again, it does not free
// what another request has taken since.
func (t *Tx) DeleteKey(ctx context.Context, k Key) error {
	return t.later(
		ctx,
		`DELETE FROM idempotency_keys WHERE key = $1 AND host = $2 AND deadline = $3 AND result = ''`,
		k.Key,
		k.Host,
		micros(k.Deadline),
	)
}

// Key reads a key.
func (t *Tx) Key(ctx context.Context, key string) (*Key, error) {
	var (
		k                 = Key{Key: key}
		deadline, created int64
	)
	err := t.queryRow(ctx, `SELECT request_hash, intent_id, action, result, host, deadline, created_at
		FROM idempotency_keys WHERE key = $1`, key).
		Scan(&k.RequestHash, &k.IntentID, &k.Action, &k.Result, &k.Host, &deadline, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}

	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.engine.name, err)
	}
	k.Deadline, k.CreatedAt = fromMicros(deadline), fromMicros(created)

	return &k, nil
}
