package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// maxBroken is how many broken rows of one kind are named.
const maxBroken = 10

// lawfulIntent is the check that the migrations give to intents.
const lawfulIntent = `TRIM(amount, '0.') <> ''
	AND RTRIM(LTRIM(amount, '0123456789'), '0123456789') IN ('', '.') AND (
	(kind = 'payment' AND status IN ('created', 'requires_action', 'processing', 'authorized',
		'succeeded', 'failed', 'canceled', 'expired', 'under_review', 'unknown'))
	OR (kind = 'payout' AND status IN
		('created', 'processing', 'succeeded', 'failed', 'under_review', 'unknown'))
	OR (kind = 'refund' AND status IN
		('created', 'pending', 'succeeded', 'failed', 'under_review', 'unknown')))`

// breaches find the rows that a former version let in and that the constraints
// refuse. Each returns one column: a line that names rows and what is wrong.
var breaches = []string{
	`SELECT id || ': a ' || kind || ' of ' || amount || ' that is ' || status
		FROM intents WHERE NOT (` + lawfulIntent + `) ORDER BY id`,
	`SELECT MIN(id) || ' and ' || MAX(id) || ' have the same idempotency key'
		FROM intents WHERE idempotency_key <> ''
		GROUP BY idempotency_key HAVING COUNT(*) > 1 ORDER BY MIN(id)`,
	`SELECT MIN(id) || ' and ' || MAX(id) || ' have the sequence number ' || sequence
		|| ' of one identity'
		FROM intents WHERE sequence > 0
		GROUP BY fingerprint, sequence HAVING COUNT(*) > 1 ORDER BY MIN(id)`,
	`SELECT intent_id || ' has ' || COUNT(*) || ' open attempts'
		FROM attempts WHERE outcome = ''
		GROUP BY intent_id HAVING COUNT(*) > 1 ORDER BY intent_id`,
	`SELECT intent_id || ': its attempt ' || number || ' has the outcome ' || outcome
		FROM attempts WHERE outcome NOT IN ('', 'ok', 'not_sent', 'refused', 'unknown')
		ORDER BY intent_id, number`,
	`SELECT subject || ' has ' || COUNT(*) || ' events with the number ' || sequence
		FROM (SELECT CASE WHEN parent_id = '' THEN intent_id ELSE parent_id END AS subject,
			sequence FROM events) AS numbered
		GROUP BY subject, sequence HAVING COUNT(*) > 1 ORDER BY subject, sequence`,
}

// brokenRows explains a migration that has failed: it names the rows that the
// database would refuse to take today. The error is nil when there is none, or
// when the tables cannot be asked.
func brokenRows(ctx context.Context, conns *sql.DB) error {
	var lines []string
	for _, query := range breaches {
		found, err := firstLines(ctx, conns, query)
		if err != nil {
			return nil //nolint:nilerr // the migration's own error says more
		}
		lines = append(lines, found...)
	}

	if len(lines) == 0 {
		return nil
	}

	return fmt.Errorf("rows that must never be are in the way; correct them by hand and "+
		"start again (no row was changed):\n  %s", strings.Join(lines, "\n  "))
}

// firstLines returns a column of text, with a last line that says so when it
// has left some out.
func firstLines(
	ctx context.Context,
	conns *sql.DB,
	query string,
) (lines []string, err error) {
	rows, err := conns.QueryContext(ctx, query+limitedTo(maxBroken+1))
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		if len(lines) == maxBroken {
			line = "and more like these"
		}

		lines = append(lines, line)
	}

	return lines, rows.Err()
}
