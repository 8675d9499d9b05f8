package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// This file copies a database from SQLite to PostgreSQL, as it is: every row of
// every table of ours. The tables are those that the source has, so that one
// that a migration adds is copied without more. Nothing is left out silently: a
// table or a column that only one side has, and a value that PostgreSQL could
// not give back as it was, end the copying.

const (
	// movesTable is not copied: in each of the two it says where the other is.
	movesTable = "moved"
	// auditHeadTable has a row from its migration on.
	auditHeadTable = "audit_head"
	// copyStep is after how many rows progress is told.
	copyStep = 10_000
	// copyLockTimeout bounds the waiting for somebody else in the target.
	copyLockTimeout = "10s"
)

// CopyProgress tells how far a copying is.
type CopyProgress struct {
	Table string
	// Verifying says that the rows are being compared, after their copying.
	Verifying bool
	Done, All int64
}

// CopiedTable is a table that was copied and compared, row by row.
type CopiedTable struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	// SHA256 is over all values in the order of the primary key, as read from
	// each of the two databases.
	SHA256 string `json:"sha256"`
}

// Copy copies all payments and what belongs to them from a SQLite file to an
// empty PostgreSQL database, compares both row by row, and has no host open the
// file from then on (ErrMoved). No host may run on either: for the file this is
// certain by its lock, which Copy holds; in the target Copy keeps all others
// out of the tables.
//
// The target gets everything in one transaction or nothing. A copying that was
// cut off is done again by calling Copy again; when the former call had come to
// its end but for the mark in the source, there are no tables to return. Jobs
// of background work are not copied: each host makes its own.
func Copy(
	ctx context.Context,
	from, to string,
	told func(CopyProgress),
) (tables []CopiedTable, err error) {
	if err := checkCopy(from, to); err != nil {
		return nil, err
	}
	unlock, err := LockFile(from)
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("%w: stop the host that runs on %s first", err, from)
	}

	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	source, err := openAnyway(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("open the source: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()

	file, ok := source.db.(*sqliteFile)
	if !ok {
		return nil, fmt.Errorf("the source %s is no SQLite file", from)
	}
	c := &copying{source: source, file: file, from: from, to: to, told: told}
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	if err := c.intoTarget(ctx); err != nil {
		return nil, c.undo(ctx, err)
	}

	// The target has it all: from here on it counts, and not the source.
	c.move.ended = time.Now().UTC()
	err = source.Write(ctx, func(tx *Tx) error { return tx.setMoved(ctx, c.move) })
	if err != nil {
		return nil, fmt.Errorf(
			"all rows are in %s, but %s could not be marked as left: do not start a host on it, "+
				"and run the same command again: %w",
			c.move.other,
			from,
			err,
		)
	}

	return c.tables, nil
}

// undo lets hosts open the source again after a failure, when it is certain
// that the target has nothing. The error says how both are.
func (c *copying) undo(ctx context.Context, cause error) error {
	const closed = "it is not known whether %s has it all, and no host opens %s meanwhile: " +
		"run the same command again"
	if !c.undoable {
		return fmt.Errorf("%w; "+closed, cause, c.move.other, c.from)
	}

	// Also when the operator has ended the command.
	ctx = context.WithoutCancel(ctx)
	err := c.source.Write(ctx, func(tx *Tx) error { return tx.unsetMoved(ctx) })
	if err != nil {
		return fmt.Errorf(
			"%w; nothing was copied, and hosts could not be let into %s again "+
				"(payhost store reopen does that): %w",
			cause,
			c.from,
			err,
		)
	}

	return fmt.Errorf("%w; nothing was copied, and %s may be used as before", cause, c.from)
}

// checkCopy returns an error for databases that are not copied this way.
func checkCopy(from, to string) error {
	switch {
	case !strings.HasPrefix(from, "sqlite:"):
		return errors.New(
			"the source must be a sqlite:PATH; a PostgreSQL database is copied with pg_dump")
	case !strings.HasPrefix(to, "postgres://") && !strings.HasPrefix(to, "postgresql://"):
		return errors.New(
			"the target must be a postgres://…; a SQLite file is copied as a file, with no host on it")
	}
	return checkFile(from)
}

// checkFile returns an error for a SQLite file that is missing: opening it would
// make it.
func checkFile(url string) error {
	path, isFile := strings.CutPrefix(url, "sqlite:")
	if !isFile {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("the database file: %w", err)
	}
	return nil
}

// shown returns a URL without what may be secret in it.
func shown(url string) string {
	if strings.HasPrefix(url, "sqlite:") {
		return url
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return "postgres://…"
	}
	return fmt.Sprintf("postgres://%s:%d/%s", config.Host, config.Port, config.Database)
}

// copying is one run of Copy.
type copying struct {
	source   *Store
	file     *sqliteFile // of source
	from, to string
	told     func(CopyProgress)
	move     move
	// undoable says that the target certainly has nothing of it.
	undoable bool
	tables   []CopiedTable
}

// begin records in the source that it is being left, so that no host goes on
// with it while it is not known whether the target has it all.
func (c *copying) begin(ctx context.Context) error {
	return c.source.Write(ctx, func(tx *Tx) error {
		former, left, err := tx.moved(ctx)
		switch {
		case err != nil:
			return err
		case left && !former.ended.IsZero():
			return former.refusal()
		case left && former.other == shown(c.to):
			c.move = former // a former run, which was cut off
			return nil
		}

		// A former run to another target may have filled that, unknown to us.
		if left {
			return fmt.Errorf(
				"a copying to %s was begun on %s and cut off: run that again, "+
					"or payhost store reopen, and delete what is in that database",
				former.other,
				former.begun.Format(time.RFC3339),
			)
		}

		c.move = newMove(shown(c.to))
		c.undoable = true
		return tx.setMoved(ctx, c.move)
	})
}

// intoTarget fills the target, in one transaction.
func (c *copying) intoTarget(ctx context.Context) (err error) {
	db, err := openPostgres(ctx, c.to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()

	if err := migrate(ctx, db); err != nil {
		return fmt.Errorf("make the tables of the target: %w", err)
	}

	conns, done := db.migrating()
	defer func() { err = errors.Join(err, done()) }()
	conn, err := conns.Conn(ctx)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	defer conn.Close() //nolint:errcheck // with the others

	return conn.Raw(func(driver any) error {
		sqlConn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver of PostgreSQL is %T", driver)
		}
		target := sqlConn.Conn()

		err := pgx.BeginFunc(ctx, target, func(tx pgx.Tx) error {
			err := c.fill(ctx, tx)
			if err == nil {
				c.undoable = false // a commit that fails may have arrived
			}
			return err
		})
		if err != nil {
			return err
		}

		// The first reads should not wait for the server to find out how large
		// its tables are. It would in the end, so that this may fail.
		_, _ = target.Exec(ctx, "ANALYZE")

		return nil
	})
}

// fill copies and compares everything.
func (c *copying) fill(ctx context.Context, tx pgx.Tx) error {
	plans, err := c.plan(ctx, tx)
	if err != nil {
		return err
	}
	if err := lockTables(ctx, tx, plans); err != nil {
		return err
	}

	// A former run compared what it committed, and a host may have worked on it
	// since.
	known, err := c.found(ctx, tx, plans)
	if err != nil || known {
		return err
	}

	c.undoable = true
	for k := range plans {
		if err := c.copyRows(ctx, tx, &plans[k]); err != nil {
			return fmt.Errorf("copy the table %s: %w", plans[k].name, err)
		}
	}

	for k := range plans {
		digest, err := c.compare(ctx, tx, &plans[k])
		if err != nil {
			return fmt.Errorf("compare the table %s: %w", plans[k].name, err)
		}
		c.tables = append(c.tables, CopiedTable{plans[k].name, plans[k].rows, digest})
	}

	// The new database has no mark yet.
	if _, err := tx.Exec(ctx, `DELETE FROM settings WHERE name = $1`, settingMarked); err != nil {
		return fmt.Errorf("forget the mark of the source: %w", err)
	}
	_, err = tx.Exec(ctx, insertMove, movedFrom, c.move.id, c.from,
		micros(c.move.begun), micros(time.Now()))
	return err
}

// tablePlan is how a table is copied.
type tablePlan struct {
	name    string
	columns []string
	types   []string // PostgreSQL's, of the columns
	key     []string
	after   []string // tables whose rows must be there before
	rows    int64
}

// plan looks at the tables of both sides. Those that others refer to come
// first.
func (c *copying) plan(ctx context.Context, tx pgx.Tx) ([]tablePlan, error) {
	names, err := columnOf(ctx, c.file.readers, `SELECT name FROM sqlite_schema
		WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT IN ($1, $2)
		ORDER BY name`, movesTable, migrationsTable)
	if err != nil {
		return nil, err
	}

	waiting := make([]tablePlan, 0, len(names))
	for _, name := range names {
		one, err := c.planTable(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		waiting = append(waiting, one)
	}

	var plans []tablePlan
	placed := func(name string) bool {
		return slices.ContainsFunc(plans, func(p tablePlan) bool { return p.name == name })
	}

	for len(waiting) > 0 {
		next := slices.IndexFunc(waiting, func(p tablePlan) bool {
			return !slices.ContainsFunc(p.after, func(name string) bool {
				return name != p.name && !placed(name)
			})
		})
		if next < 0 {
			return nil, fmt.Errorf(
				"the tables refer to each other in a circle: %s",
				waiting[0].name,
			)
		}

		plans = append(plans, waiting[next])
		waiting = slices.Delete(waiting, next, next+1)
	}

	return plans, nil
}

func (c *copying) planTable(
	ctx context.Context,
	tx pgx.Tx,
	name string,
) (tablePlan, error) {
	p := tablePlan{name: name}
	from := c.file.readers

	var errs []error
	query := func(text string) (list []string) {
		list, err := columnOf(ctx, from, text, name)
		errs = append(errs, err)
		return list
	}

	p.columns = query(`SELECT name FROM pragma_table_info($1) ORDER BY name`)
	p.key = query(`SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`)
	p.after = query(`SELECT DISTINCT "table" FROM pragma_foreign_key_list($1) ORDER BY 1`)

	rows, _ := tx.Query(ctx, `SELECT column_name::text, data_type::text
		FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1
		ORDER BY column_name COLLATE "C"`, name)
	var columns []string
	var column, kind string
	_, err := pgx.ForEachRow(rows, []any{&column, &kind}, func() error {
		columns = append(columns, column)
		p.types = append(p.types, kind)
		return nil
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return p, err
	}

	if !slices.Equal(p.columns, columns) {
		return p, fmt.Errorf(
			"the table %s has the columns %v in the source and %v in the target",
			name,
			p.columns,
			columns,
		)
	}

	if len(p.key) == 0 {
		return p, fmt.Errorf("the table %s has no primary key to compare it by", name)
	}

	err = from.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoted(name)).Scan(&p.rows)
	return p, err
}

func columnOf(
	ctx context.Context,
	db *sql.DB,
	query string,
	args ...any,
) (list []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}

	return list, rows.Err()
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quotedList(names []string) string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		list = append(list, quoted(name))
	}
	return strings.Join(list, ", ")
}

// lockTables keeps every host out of the target until all is there.
func lockTables(ctx context.Context, tx pgx.Tx, plans []tablePlan) error {
	names := []string{movesTable}
	for _, p := range plans {
		names = append(names, p.name)
	}

	_, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+copyLockTimeout+"'")
	if err == nil {
		_, err = tx.Exec(
			ctx,
			"LOCK TABLE "+quotedList(names)+" IN ACCESS EXCLUSIVE MODE",
		)
	}

	if err != nil {
		return fmt.Errorf("lock the tables of the target (does a host run on it?): %w", err)
	}

	return nil
}

// found looks at what the target has already. It is empty, or known is true: it
// has what a former run of this copying has committed, whose end the source has
// not noted. All else is an error.
func (c *copying) found(
	ctx context.Context,
	tx pgx.Tx,
	plans []tablePlan,
) (known bool, err error) {
	var former move
	err = former.scan(tx.QueryRow(ctx, readMove, movedFrom))

	switch {
	case err == nil && former.id == c.move.id:
		return true, nil
	case err == nil:
		return false, fmt.Errorf("the target holds a copy of %s already, of %s",
			former.other, former.begun.Format(time.RFC3339))
	case !errors.Is(err, pgx.ErrNoRows):
		return false, err
	}

	var full []string
	for _, p := range plans {
		if p.name == auditHeadTable {
			continue // its first row comes from the migration
		}
		var some bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+quoted(p.name)+")").
			Scan(&some)
		if err != nil {
			return false, err
		}

		if some {
			full = append(full, p.name)
		}
	}

	if len(full) > 0 {
		return false, fmt.Errorf(
			"the target is not empty: there are rows in %s. Copy into a "+
				"database on which no host has run",
			strings.Join(full, ", "),
		)
	}

	return false, nil
}

// copyRows copies a table.
func (c *copying) copyRows(ctx context.Context, tx pgx.Tx, p *tablePlan) error {
	if p.name == auditHeadTable {
		if _, err := tx.Exec(ctx, "DELETE FROM "+quoted(p.name)); err != nil {
			return err
		}
	}

	rows, err := c.read(ctx, p)
	if err != nil {
		return err
	}
	defer rows.Close()

	var read int64
	count, err := tx.CopyFrom(ctx, pgx.Identifier{p.name}, p.columns,
		pgx.CopyFromFunc(func() ([]any, error) {
			if !rows.Next() {
				return nil, rows.Err()
			}
			read++
			c.tell(p, read, false)
			return p.values(rows)
		}))
	if err != nil {
		return err
	}

	if count != p.rows {
		return fmt.Errorf("%d of %d rows arrived", count, p.rows)
	}

	return nil
}

func (c *copying) tell(p *tablePlan, done int64, verifying bool) {
	if c.told != nil && (done%copyStep == 0 || done == p.rows) {
		c.told(CopyProgress{Table: p.name, Verifying: verifying, Done: done, All: p.rows})
	}
}

// read reads a table of the source in the order of its key.
func (c *copying) read(ctx context.Context, p *tablePlan) (*sql.Rows, error) {
	return c.file.readers.QueryContext(ctx, "SELECT "+quotedList(p.columns)+" FROM "+
		quoted(p.name)+" ORDER BY "+quotedList(p.key))
}

// values reads a row of the source as PostgreSQL will have it.
func (p *tablePlan) values(rows *sql.Rows) ([]any, error) {
	values := make([]any, len(p.columns))
	into := make([]any, len(p.columns))
	for k := range values {
		into[k] = &values[k]
	}

	if err := rows.Scan(into...); err != nil {
		return nil, err
	}

	for k, value := range values {
		kept, ok := keptAs(p.types[k], value)
		if !ok {
			return nil, fmt.Errorf(
				"the column %s of the row %s holds %T %.60q, which cannot be "+
					"kept as %s: correct the row by hand and copy again",
				p.columns[k],
				p.keyOf(values),
				value,
				value,
				p.types[k],
			)
		}

		values[k] = kept
	}

	return values, nil
}

// keptAs returns a value of SQLite, whose columns take values of any type, as
// one of a type of PostgreSQL. ok is false when it would not be given back as
// it is.
func keptAs(kind string, value any) (kept any, ok bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case int64:
		return value, kind == "bigint"
	case string:
		if kind == "bytea" {
			return []byte(value), true
		}
		return value, kind == "text" && sanitized(value) == value

	case []byte:
		if kind == "text" {
			return string(value), sanitized(string(value)) == string(value)
		}

		// The driver returns an empty one as nil, which would become NULL.
		return append([]byte{}, value...), kind == "bytea"
	}

	return nil, false
}

// keyOf names a row by its primary key.
func (p *tablePlan) keyOf(values []any) string {
	var parts []string
	for _, name := range p.key {
		parts = append(parts, fmt.Sprintf("%.100v", values[slices.Index(p.columns, name)]))
	}
	return strings.Join(parts, ", ")
}

// compare reads a table from both sides in the order of its key, and returns
// the digest of its rows. The error names the first row that differs.
func (c *copying) compare(ctx context.Context, tx pgx.Tx, p *tablePlan) (string, error) {
	rows, err := c.read(ctx, p)
	if err != nil {
		return "", err
	}
	defer rows.Close()

	order := make([]string, 0, len(p.key))
	for _, name := range p.key {
		order = append(order, quoted(name)+p.collation(name))
	}
	copied, err := tx.Query(
		ctx,
		"SELECT "+quotedList(p.columns)+" FROM "+quoted(p.name)+
			" ORDER BY "+strings.Join(order, ", "),
	)
	if err != nil {
		return "", err
	}
	defer copied.Close()

	digest := sha256.New()
	var read int64

	for rows.Next() {
		values, err := p.values(rows)
		if err != nil {
			return "", err
		}
		if !copied.Next() {
			return "", fmt.Errorf("the row %s is missing in the target: %w",
				p.keyOf(values), errors.Join(errDiffers, copied.Err()))
		}

		there, err := copied.Values()
		if err != nil {
			return "", err
		}
		if column := differing(values, there); column >= 0 {
			return "", fmt.Errorf(
				"the row %s has another %s in the target, where the row %s is: %w",
				p.keyOf(values),
				p.columns[column],
				p.keyOf(there),
				errDiffers,
			)
		}

		addRow(digest, there)
		read++
		c.tell(p, read, true)
	}

	if err := rows.Err(); err != nil {
		return "", err
	}
	if copied.Next() {
		return "", fmt.Errorf("the target has more rows than the source: %w", errDiffers)
	}

	return hex.EncodeToString(digest.Sum(nil)), copied.Err()
}

// errDiffers is for a target that does not have what was copied.
var errDiffers = errors.New("the two databases differ")

// collation makes PostgreSQL order texts as SQLite does, byte by byte.
func (p *tablePlan) collation(column string) string {
	if p.types[slices.Index(p.columns, column)] == "text" {
		return ` COLLATE "C"`
	}
	return ""
}

// differing returns the index of the first value that differs, -1 for none.
func differing(values, others []any) int {
	for k, value := range values {
		var same bool
		switch value := value.(type) {
		case nil:
			same = others[k] == nil
		case []byte:
			other, ok := others[k].([]byte)
			same = ok && bytes.Equal(value, other)
		default:
			same = value == others[k]
		}

		if !same {
			return k
		}
	}

	return -1
}

// addRow adds a row's values to a digest, each with its type and length, so
// that no two rows look alike.
func addRow(digest hash.Hash, values []any) {
	write := func(kind byte, content []byte) {
		var head [9]byte
		head[0] = kind
		binary.BigEndian.PutUint64(head[1:], uint64(len(content)))
		digest.Write(head[:])
		digest.Write(content)
	}

	for _, value := range values {
		switch value := value.(type) {
		case nil:
			write('n', nil)
		case int64:
			write('i', binary.BigEndian.AppendUint64(nil, uint64(value)))
		case string:
			write('t', []byte(value))
		case []byte:
			write('b', value)
		}
	}
}
