package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

// The audit log is one chain of rows. The hash of each row covers the row
// before, so a row that was changed, taken out or put in between breaks the
// chain there; the head has the newest one, so rows that are missing at the end
// are noticed too. A whole new chain can be made by all who can write to the
// database: the head, written down elsewhere, shows that.
//
// A write adds its rows with Tx.Audit. They are chained when all writes of the
// commit have run, and are written by the same commit: one that was rolled back
// leaves no row. The writers of all hosts take turns, so there is one head.

// maxAuditNote bounds a note, in bytes.
const maxAuditNote = 4 << 10

// Audit adds a row to the audit log, which is written if and only if the
// transaction is. Who asked, and under which request, is in ctx.
func (t *Tx) Audit(ctx context.Context, e payment.AuditEntry) {
	who := caller.From(ctx)
	e.At = t.Now()
	e.Actor = sanitized(who.Name)
	e.RequestID = sanitized(who.RequestID)
	e.Action = sanitized(e.Action)
	e.Provider = sanitized(e.Provider)
	e.Subject = sanitized(e.Subject)
	e.Note = cut(sanitized(e.Note), maxAuditNote)

	if e.Outcome == "" {
		e.Outcome = payment.AuditDone
	}
	t.audits = append(t.audits, e)
}

// cut shortens a text to a number of bytes, between two characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// auditHead is the newest row of the chain.
type auditHead struct {
	position int64
	hash     string
}

const readAuditHead = `SELECT position, hash FROM audit_head WHERE name = 'head'`

func (h *auditHead) scan(row scanner) error { return row.Scan(&h.position, &h.hash) }

// next chains a row to the head, which it becomes.
func (h *auditHead) next(e *payment.AuditEntry) {
	h.position++
	h.hash = auditHash(h.hash, h.position, *e)
	e.ID = AuditID(h.position)
	e.Hash = h.hash
}

// auditHash returns the hash of a row: SHA-256, in hexadecimal, of the hash of
// the row before and of the row's own columns, each as its length in bytes, a
// colon and its text.
func auditHash(former string, position int64, e payment.AuditEntry) string {
	var text strings.Builder
	for _, column := range []string{
		former, strconv.FormatInt(position, 10), strconv.FormatInt(micros(e.At), 10),
		e.Actor, e.RequestID, e.Action, e.Provider, e.Subject, string(e.Outcome), e.Note,
	} {
		text.WriteString(strconv.Itoa(len(column)))
		text.WriteByte(':')
		text.WriteString(column)
	}

	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}

const (
	auditColumns = `position, at, actor, request_id, action, provider, subject, outcome, note, hash`
	insertAudit  = `INSERT INTO audit (` + auditColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	insertAudits   = `INSERT INTO audit (` + auditColumns + `) SELECT * FROM VALUES_OF_ROWS`
	moveAuditHead  = `UPDATE audit_head SET position = $1, hash = $2 WHERE name = 'head'`
	auditRowsTypes = "iitttttttt"
)

var auditRows = rowsOf(insertAudit, insertAudits, auditRowsTypes)

// chainAudits writes the rows that the writes of a commit have added, as far as
// they have not failed. late are the jobs that have failed since they ended, and
// head is the newest row that the commit has; none when it has no row.
func (s *Store) chainAudits(
	ctx context.Context,
	tx batch,
	jobs []*job,
	failed map[*job]error,
) (head auditHead, late map[*job]error, err error) {
	audited := slices.ContainsFunc(jobs, func(j *job) bool { return len(j.audits) > 0 })
	if !audited {
		return auditHead{}, nil, nil
	}
	head, late, err = tx.auditHead()
	if err != nil || tx.spoiled() {
		return head, late, err
	}

	var rows [][]any
	for _, j := range jobs {
		if failed[j] != nil || late[j] != nil {
			continue
		}

		for _, e := range j.audits {
			head.next(&e)
			rows = append(rows, []any{
				head.position, micros(e.At), e.Actor, e.RequestID, e.Action, e.Provider,
				e.Subject, string(e.Outcome), e.Note, e.Hash,
			})
		}
	}

	if len(rows) == 0 {
		return head, late, nil
	}

	for _, one := range s.auditStatements(rows) {
		if err := tx.queue(ctx, one.query, one.args, nil); err != nil {
			return head, late, err
		}
	}

	return head, late, tx.queue(ctx, moveAuditHead, []any{head.position, head.hash}, nil)
}

func (s *Store) auditStatements(rows [][]any) (list []statement) {
	if s.db.traits().roundTrips && len(rows) > 1 {
		return auditRows.many(rows)
	}
	for _, row := range rows {
		list = append(list, auditRows.single(row)...)
	}
	return list
}

// AuditFilter narrows a list of the audit log. Zero values do not narrow.
type AuditFilter struct {
	Actor     string
	Subject   string
	Providers []string // one of them
	Before    int64    // a position: only older ones
	Limit     int
}

// ListAudit reads newest first.
func (t *Tx) ListAudit(ctx context.Context, f AuditFilter) ([]payment.AuditEntry, error) {
	if f.Before == 0 {
		f.Before = 1<<63 - 1
	}
	var where conditions
	where.add("position <", f.Before)
	where.addText("actor =", f.Actor)
	where.addText("subject =", f.Subject)

	query := where.newestFirst("audit", auditColumns, "position DESC", f.Providers, f.Limit)
	return queryAll(ctx, t, scanAudit, query, where.args...)
}

func scanAudit(row scanner) (e payment.AuditEntry, err error) {
	var position, at int64
	err = row.Scan(&position, &at, &e.Actor, &e.RequestID, &e.Action, &e.Provider,
		&e.Subject, &e.Outcome, &e.Note, &e.Hash)
	e.ID = AuditID(position)
	e.At = fromMicros(at)
	return e, err
}

// auditPage is how many rows are verified at once.
const auditPage = 1000

// VerifyAudit recomputes the chain from its first row on. The error is the
// database's; a broken chain is in the result.
func (s *Store) VerifyAudit(ctx context.Context) (found payment.AuditCheck, err error) {
	var chain auditHead
	for {
		more := false
		err := s.Read(ctx, func(tx *Tx) error {
			page, err := queryAll(ctx, tx, scanAudit, `SELECT `+auditColumns+` FROM audit
				WHERE position > $1 ORDER BY position`+limitedTo(auditPage), chain.position)
			if err != nil {
				return err
			}

			more = len(page) == auditPage
			next := chain
			found.Broken, found.Why = next.verify(page)

			// The head is read at the moment of the last rows.
			if found.Why == "" && !more {
				found.Broken, found.Why, err = tx.verifyHead(ctx, next)
			}
			chain = next

			return err
		})
		if err != nil || found.Why != "" || !more {
			found.Rows = chain.position
			found.Head = chain.hash
			return found, err
		}
	}
}

// verify goes over rows that follow the head, up to the first one that does not
// fit, of which it returns the id and why.
func (h *auditHead) verify(rows []payment.AuditEntry) (broken, why string) {
	for _, row := range rows {
		position, err := AuditPosition(row.ID)
		if err != nil || position != h.position+1 {
			return AuditID(h.position + 1), "the row is missing"
		}
		hash, was := row.Hash, *h
		h.next(&row)
		if row.Hash != hash {
			*h = was
			return row.ID, "its hash is not that of the row and the one before: " +
				"one of the two was changed"
		}
	}

	return "", ""
}

// verifyHead compares the end of the chain with what the writers remember of
// it.
func (t *Tx) verifyHead(
	ctx context.Context,
	end auditHead,
) (broken, why string, err error) {
	var head auditHead
	if err := head.scan(t.queryRow(ctx, readAuditHead)); err != nil {
		return "", "", err
	}

	switch {
	case head.position > end.position:
		return AuditID(end.position + 1), fmt.Sprintf(
			"this row and all after it are missing, up to %s", AuditID(head.position)), nil
	case head != end:
		return AuditID(end.position), "it is not the row that was written last", nil
	}

	return "", "", nil
}

const auditPrefix = "aud_"

// AuditID returns the id of a row of the audit log. Ids have a fixed width, so
// that they sort as the log does.
func AuditID(position int64) string {
	return fmt.Sprintf("%s%013s", auditPrefix, strconv.FormatInt(position, 32))
}

// AuditPosition returns the position of the row with an id; 0 for "".
func AuditPosition(id string) (int64, error) {
	if id == "" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(id, auditPrefix)
	position, err := strconv.ParseInt(text, 32, 64)
	if !ok || err != nil || position < 0 {
		return 0, errors.New("an id of the audit log looks like " + AuditID(1))
	}
	return position, nil
}
