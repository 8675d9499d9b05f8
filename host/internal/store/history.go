package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/payhost/payhost/host/payment"
)

const historyOfIntent = `SELECT at, actor, action, from_status, to_status, note FROM history
	WHERE intent_id = $1 ORDER BY position`

const insertHistory = `INSERT INTO history
	(intent_id, position, at, actor, action, from_status, to_status, note) `

// AddHistory adds a line to an intent's history.
func (t *Tx) AddHistory(ctx context.Context, intentID string, c payment.Change) error {
	line := c
	line.Actor = sanitized(c.Actor)
	line.Action = sanitized(c.Action)
	line.Note = sanitized(c.Note)
	t.lines[intentID] = append(t.lines[intentID], line)

	return t.queueRow(ctx, historyRows,
		intentID, micros(c.At), c.Actor, c.Action, c.From, c.To, c.Note)
}

// AddedHistory returns the lines that this transaction has added to an intent's
// history.
func (t *Tx) AddedHistory(intentID string) []payment.Change { return t.lines[intentID] }

func historyLine(args []any) []statement {
	query := insertHistory + `VALUES ($1,
		(SELECT COALESCE(MAX(position), 0) + 1 FROM history WHERE intent_id = $1),
		$2, $3, $4, $5, $6, $7)`
	return []statement{{query: query, args: args}}
}

// historyLines adds lines to several histories, or several to one.
func historyLines(rows [][]any) []statement {
	const types = "tittttt"
	query := insertHistory + `SELECT c1,
		(SELECT COALESCE(MAX(position), 0) FROM history WHERE intent_id = c1) + c8,
		c2, c3, c4, c5, c6, c7 FROM ` + valuesOfRows(types+"i")
	numbers, _ := ordinals(rows, 0)

	return []statement{{query: query, args: append(columnsOf(rows, types), numbers)}}
}

// LastAction reads the action of the newest line of an intent's history, ""
// when it has none.
func (t *Tx) LastAction(ctx context.Context, intentID string) (string, error) {
	return t.firstText(ctx, `SELECT action FROM history WHERE intent_id = $1
		ORDER BY position DESC LIMIT 1`, intentID)
}

// LastMove reads who made the newest change of an intent's status, "" when it
// has not changed, and whether an action was noted since.
func (t *Tx) LastMove(
	ctx context.Context,
	intentID, action string,
) (actor string, since bool, err error) {
	var count int
	err = t.queryRow(ctx, `SELECT actor, (SELECT COUNT(*) FROM history AS later
			WHERE later.intent_id = $1 AND later.position > moved.position AND later.action = $2)
		FROM history AS moved WHERE moved.intent_id = $1
		AND moved.from_status <> moved.to_status AND moved.from_status <> ''
		ORDER BY moved.position DESC LIMIT 1`, intentID, action).Scan(&actor, &count)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}

	return actor, count > 0, err
}

func scanChange(row scanner) (c payment.Change, err error) {
	var at int64
	err = row.Scan(&at, &c.Actor, &c.Action, &c.From, &c.To, &c.Note)
	c.At = fromMicros(at)
	return c, err
}
