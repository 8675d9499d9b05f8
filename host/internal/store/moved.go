package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// A database that was copied to another one must not be gone on with: what is
// done in one of the two is unknown in the other, and a shop that repeats a key
// there would pay twice. So each of them has a row in the table "moved", which
// is never copied, and a host does not open the one that was left.

// ErrMoved is for a database whose payments have been copied to another one.
var ErrMoved = errors.New("the database has moved")

// The rows of the table.
const (
	movedTo   = "to"   // in the database that is left
	movedFrom = "from" // in the one that was made
)

// move is a row: one copying of a database.
type move struct {
	id    string // the same in both
	other string // the other database, without its password
	begun time.Time
	ended time.Time // zero: not yet
}

func newMove(other string) move {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails
	return move{id: hex.EncodeToString(random), other: other, begun: time.Now().UTC()}
}

const readMove = `SELECT id, other, begun_at, ended_at FROM moved WHERE direction = $1`

func (m *move) scan(row scanner) error {
	var begun, ended int64
	err := row.Scan(&m.id, &m.other, &begun, &ended)
	m.begun, m.ended = fromMicros(begun), fromMicros(ended)
	return err
}

// moved reads where the payments of the database have gone; ok is false when
// they are in it.
func (t *Tx) moved(ctx context.Context) (m move, ok bool, err error) {
	err = m.scan(t.queryRow(ctx, readMove, movedTo))
	if errors.Is(err, sql.ErrNoRows) {
		return m, false, nil
	}
	return m, err == nil, err
}

// setMoved records in the database that is left where it goes.
func (t *Tx) setMoved(ctx context.Context, m move) error {
	_, err := t.exec(
		ctx,
		insertMove,
		movedTo,
		m.id,
		m.other,
		micros(m.begun),
		micros(m.ended),
	)

	return err
}

// unsetMoved lets hosts open the database again.
func (t *Tx) unsetMoved(ctx context.Context) error {
	_, err := t.exec(ctx, `DELETE FROM moved WHERE direction = $1`, movedTo)
	return err
}

const insertMove = `INSERT INTO moved (direction, id, other, begun_at, ended_at)
	VALUES ($1, $2, $3, $4, $5) ON CONFLICT (direction) DO UPDATE
	SET id = $2, other = $3, begun_at = $4, ended_at = $5`

// refuseMoved returns an error, in which is ErrMoved, when the payments of the
// database are in another one.
func (s *Store) refuseMoved(ctx context.Context) error {
	var found move
	var left bool
	err := s.db.get(ctx, func(tx transaction) (err error) {
		found, left, err = s.newTx(tx).moved(ctx)
		return err
	})
	if err != nil || !left {
		return err
	}

	return found.refusal()
}

// refusal says why nobody may go on with the database that was left.
func (m move) refusal() error {
	if m.ended.IsZero() {
		return fmt.Errorf(
			"%w: copying this database to %s was begun on %s and has not come to its end. "+
				"No host has worked on it since, and no money has moved. Run payhost store copy "+
				"again, or go on with this database by payhost store reopen",
			ErrMoved, m.other, m.begun.Format(time.RFC3339),
		)
	}

	return fmt.Errorf(
		"%w: it was copied to %s on %s, and a host may have made payments there since, which "+
			"are not in this one: a shop that repeats their keys here would pay again. Set "+
			"store.url to that database. Only when no host ever ran on it, go on with this one "+
			"by payhost store reopen",
		ErrMoved,
		m.other,
		m.ended.Format(time.RFC3339),
	)
}

// Reopen lets hosts open a database again that was copied to another one, and
// adds to the audit log who did so and why. It returns the database that it was
// copied to, or ErrNotFound when it was not copied.
func Reopen(ctx context.Context, url, reason string) (other string, err error) {
	if err := checkFile(url); err != nil {
		return "", err
	}
	unlock, err := LockFile(url)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	s, err := openAnyway(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	err = s.Write(ctx, func(tx *Tx) error {
		left, ok, err := tx.moved(ctx)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf(
				"%s was not copied to another database: %w",
				shown(url),
				ErrNotFound,
			)
		}

		other = left.other
		tx.Audit(ctx, payment.AuditEntry{
			Action: "store.reopen",
			Note:   reason + " (it was copied to " + left.other + ")",
		})

		return tx.unsetMoved(ctx)
	})

	return other, err
}
