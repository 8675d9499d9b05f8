package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/internal/token"
)

// A table of a million rows is filled by copying. The core makes a few
// payments, payouts and refunds, and their rows are written again and again
// with other ids, numbers and times: so they look like the core's, with every
// column that the tree under measurement has.
const (
	// blockPayments are the payments of one copy, each of them paid, one
	// refunded, with a payout beside. The last is open.
	blockPayments = 18
	blockIntents  = blockPayments + 2
	// dueIntents are due when recovery is measured.
	dueIntents = 4000
	// fillChunk is how many copies one statement makes.
	fillChunk = 500
	stampFrom = 4  // an id is three letters and "_",
	stampSize = 10 // then the time in as many characters
	// blockStep is the time between two copies.
	blockStep = time.Second
)

// filled are the tables in which an intent has rows, with the column of its id.
var filled = []struct{ table, id string }{
	{"intents", "id"},
	{"provider_references", "intent_id"},
	{"attempts", "intent_id"},
	{"history", "intent_id"},
	{"idempotency_keys", "intent_id"},
	{"events", "intent_id"},
}

// fill makes a database with some intents, and returns how long that took.
func fill(ctx context.Context, o order) (time.Duration, error) {
	begin := time.Now()
	if err := makeModels(ctx, o); err != nil {
		return 0, fmt.Errorf("models: %w", err)
	}

	db, err := openRaw(o.URL)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // with the database

	filler := filler{conn: conn, postgres: !strings.HasPrefix(o.URL, "sqlite:")}
	err = filler.run(ctx, max(o.Count/blockIntents-1, 1))
	return time.Since(begin), err
}

func openRaw(url string) (*sql.DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sql.Open("sqlite", "file:"+path+
			"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"+
			"&_pragma=cache_size(-200000)&_pragma=temp_store(MEMORY)")
	}
	return sql.Open("pgx", url)
}

// mark is a text that occurs in one model alone, and gets the copy's number.
func mark(k int) string { return fmt.Sprintf("-%02d-z", k) }

// makeModels has the core make what is copied.
func makeModels(ctx context.Context, o order) (err error) {
	opened, err := openDurable(ctx, o.Dir, o.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close(ctx)) }()

	address, end, err := serveWebhooks(ctx, opened)
	if err != nil {
		return err
	}
	defer end()

	var last string
	for k := range blockPayments {
		made, err := makeModel(ctx, opened, account, k)
		if err != nil {
			return err
		}

		if k == blockPayments-1 {
			break // it stays open
		}
		if err := reportPaid(ctx, address, made.ID); err != nil {
			return err
		}
		last = made.ID
	}

	if err := makeOthers(ctx, opened, last); err != nil {
		return err
	}
	_, err = makeModel(ctx, opened, paidAccount, blockIntents)

	return err
}

func makeModel(
	ctx context.Context,
	opened *host.Host,
	provider string,
	k int,
) (*host.Payment, error) {
	request := host.PaymentRequest{
		Provider:          provider,
		Amount:            decimal.NewFromInt(60),
		Currency:          "USD",
		MerchantReference: "order" + mark(k),
		Description:       "Sample",
		Customer:          host.Customer{Email: "payer@example.com"},
	}
	return opened.CreatePayment(ctx, request, host.IdempotencyKey("fill"+mark(k)))
}

// makeOthers makes a refund and a payout.
func makeOthers(ctx context.Context, opened *host.Host, paid string) error {
	back := host.RefundRequest{Amount: decimal.NewFromInt(5)}
	key := host.IdempotencyKey("fill" + mark(blockPayments))
	if _, err := opened.CreateRefund(ctx, paid, back, key); err != nil {
		return err
	}

	away := host.PayoutRequest{
		Provider:          account,
		Amount:            decimal.NewFromInt(60),
		Currency:          "USD",
		MerchantReference: "order" + mark(blockPayments+1),
	}
	_, err := opened.CreatePayout(ctx, away, host.IdempotencyKey("fill"+mark(blockPayments+1)))

	return err
}

// filler copies models.
type filler struct {
	conn     *sql.Conn
	postgres bool
	events   int64 // of the models
	numbers  int64
}

func (f *filler) run(ctx context.Context, copies int) error {
	intents, err := f.rows(ctx, "SELECT id, provider, created_at FROM intents ORDER BY id")
	if err != nil {
		return err
	}
	first, _ := intents[0]["created_at"].(int64)
	oldest := time.UnixMicro(first).Add(-time.Duration(max(copies, dueIntents)+1) * blockStep)
	if err := f.prepare(ctx, oldest, max(copies, dueIntents)); err != nil {
		return err
	}

	// The models of the account whose payments are due are copied more or less
	// often than the others.
	var usual, due []string
	for _, intent := range intents {
		if intent["provider"] == paidAccount {
			due = append(due, text(intent["id"]))
		} else {
			usual = append(usual, text(intent["id"]))
		}
	}

	later := time.Now().Add(30 * 24 * time.Hour).UnixMicro()
	model := copier{ids: append(usual, due...), fill: f, first: first, later: later}
	for _, list := range []struct {
		ids    []string
		copies int
	}{{usual, copies}, {due, dueIntents}} {
		if err := model.copy(ctx, list.ids, list.copies); err != nil {
			return err
		}
	}

	return f.finish(ctx, int64(max(copies, dueIntents)+1), later)
}

// prepare makes the table of the copies' times.
func (f *filler) prepare(ctx context.Context, oldest time.Time, copies int) error {
	const table = "CREATE TEMP TABLE copies (i BIGINT PRIMARY KEY, stamp TEXT, at BIGINT)"
	if _, err := f.conn.ExecContext(ctx, table); err != nil {
		return err
	}

	for from := 1; from <= copies; from += fillChunk {
		var values []string
		for i := from; i < from+fillChunk && i <= copies; i++ {
			at := oldest.Add(time.Duration(i) * blockStep)
			values = append(values,
				fmt.Sprintf("(%d, '%s', %d)", i, stampOf(at), at.UnixMicro()))
		}

		query := "INSERT INTO copies VALUES " + strings.Join(values, ", ") //nolint:gosec // our own numbers
		if _, err := f.conn.ExecContext(ctx, query); err != nil {
			return err
		}
	}

	for _, count := range []struct {
		into  *int64
		query string
	}{
		{&f.events, "SELECT COALESCE(MAX(position), 0) FROM events"},
		{&f.numbers, "SELECT COALESCE(MAX(sequence), 0) FROM intents"},
	} {
		if err := f.conn.QueryRowContext(ctx, count.query).Scan(count.into); err != nil {
			return err
		}
	}

	return nil
}

// stampOf returns the part of an id that is its time: an id is a UUID of
// version 7 in base 32, of which the time and the version are 50 bits.
func stampOf(at time.Time) string {
	var id uuid.UUID
	for k := range 6 {
		id[k] = byte(at.UnixMilli() >> (8 * (5 - k)))
	}
	id[6] = 0x70
	return token.IDEncoding.EncodeToString(id[:])[:stampSize]
}

// finish counts on behind the copies, and has the database look at its tables
// as it does in time.
func (f *filler) finish(ctx context.Context, blocks, later int64) error {
	queries := []string{
		fmt.Sprintf("UPDATE counters SET value = value * %d WHERE value > 0", blocks+1),
		fmt.Sprintf("UPDATE intents SET check_at = %d WHERE check_at > 0", later),
	}
	if f.postgres {
		queries = append(queries, "ANALYZE")
	} else {
		queries = append(queries, "PRAGMA wal_checkpoint(TRUNCATE)")
	}

	for _, query := range queries {
		if _, err := f.conn.ExecContext(ctx, query); err != nil {
			return err
		}
	}

	return nil
}

// rows reads rows by the names of their columns.
func (f *filler) rows(ctx context.Context, query string) ([]map[string]any, error) {
	found, err := f.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		return nil, err
	}

	var list []map[string]any
	for found.Next() {
		values := make([]any, len(names))
		into := make([]any, len(names))
		for k := range values {
			into[k] = &values[k]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}

		row := map[string]any{}
		for k, name := range names {
			row[name] = values[k]
		}
		list = append(list, row)
	}

	return list, found.Err()
}

func text(value any) string { return fmt.Sprint(value) }

// copier writes models again.
type copier struct {
	ids   []string // of all models: any of them may occur in any row
	fill  *filler
	first int64 // when the first model was made
	later int64 // when open ones are due
}

func (c *copier) copy(ctx context.Context, ids []string, copies int) error {
	quoted := "'" + strings.Join(ids, "', '") + "'"
	var inserts []string
	for _, table := range filled {
		rows, err := c.fill.rows(ctx, fmt.Sprintf(
			"SELECT * FROM %s WHERE %s IN (%s)", table.table, table.id, quoted))
		if err != nil {
			return err
		}
		for _, row := range rows {
			inserts = append(inserts, c.insert(table.table, row))
		}
	}

	for from := 0; from < copies; from += fillChunk {
		if err := c.chunk(ctx, inserts, from, min(from+fillChunk, copies)); err != nil {
			return err
		}
	}

	return nil
}

func (c *copier) chunk(ctx context.Context, inserts []string, from, to int) error {
	tx, err := c.fill.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}

	for _, insert := range inserts {
		query := fmt.Sprintf(insert+" WHERE i > %d AND i <= %d ORDER BY i", from, to)
		if _, err := tx.ExecContext(ctx, query); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", query, err), tx.Rollback())
		}
	}

	return tx.Commit()
}

// insert returns a statement that writes a model's row for every copy.
func (c *copier) insert(table string, row map[string]any) string {
	var names, values []string
	for name, value := range row {
		names = append(names, name)
		values = append(values, c.value(table, name, value))
	}
	query := fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM copies",
		table, strings.Join(names, ", "), strings.Join(values, ", "))
	return strings.ReplaceAll(query, "%", "%%") // the caller adds the copies
}

// value is SQL for a column of a copy.
func (c *copier) value(table, name string, value any) string {
	switch value := value.(type) {
	case nil:
		return "NULL"
	case []byte:
		if c.fill.postgres {
			return fmt.Sprintf("'\\x%x'::bytea", value)
		}
		return fmt.Sprintf("X'%x'", value)
	case int64:
		return c.number(table, name, value)
	default:
		return c.text(text(value))
	}
}

func (c *copier) number(table, name string, value int64) string {
	switch {
	case value == 0:
		return "0"
	case name == "check_at":
		return fmt.Sprint(c.later)
	case name == "expires_at":
		return fmt.Sprint(value)
	case name == "at", strings.HasSuffix(name, "_at"):
		return fmt.Sprintf("at + %d", value-c.first)
	case table == "intents" && name == "sequence":
		return fmt.Sprintf("%d + i * %d", value, c.fill.numbers)
	case table == "events" && name == "position":
		return fmt.Sprintf("%d + i * %d", value, c.fill.events)
	default:
		return fmt.Sprint(value)
	}
}

// text is SQL for a text with the ids and marks of a copy in place of the
// model's.
func (c *copier) text(value string) string {
	var parts []string
	literal := func(part string) {
		if part != "" {
			parts = append(parts, "'"+strings.ReplaceAll(part, "'", "''")+"'")
		}
	}

	for {
		at, size, replaced := c.next(value)
		if size == 0 {
			break
		}
		literal(value[:at])
		parts = append(parts, replaced)
		value = value[at+size:]
	}

	literal(value)
	if len(parts) == 0 {
		return "''"
	}

	return strings.Join(parts, " || ")
}

// next finds the first id or mark. size is 0 when there is none.
func (c *copier) next(value string) (at, size int, replaced string) {
	at = len(value)
	found := func(part, with string) {
		if k := strings.Index(value, part); k >= 0 && k < at {
			at, size, replaced = k, len(part), with
		}
	}

	for _, id := range c.ids {
		found(id, fmt.Sprintf("'%s' || stamp || '%s'",
			id[:stampFrom], id[stampFrom+stampSize:]))
	}
	for k := range blockIntents + 1 {
		found(mark(k), fmt.Sprintf("'%s' || i", mark(k)))
	}

	return at, size, replaced
}

// measureRecovery makes the copies of the paid account due, opens a host, and
// measures how many it reconciles in a time.
func measureRecovery(ctx context.Context, o order) (figures, error) {
	db, err := openRaw(o.URL)
	if err != nil {
		return figures{}, err
	}
	defer db.Close()
	due := time.Now().Add(-time.Second).UnixMicro()
	const makeDue = "UPDATE intents SET check_at = $1 WHERE provider = $2 AND check_at > 0"
	if _, err := db.ExecContext(ctx, makeDue, due, paidAccount); err != nil {
		return figures{}, err
	}

	before := processorTime(o.Server, os.Getpid())
	opened, err := openDurable(ctx, o.Dir, o.URL)
	if err != nil {
		return figures{}, err
	}
	begin := time.Now()
	left, err := awaitRecovery(ctx, db, due, begin.Add(o.For))
	elapsed := time.Since(begin)
	used := processorTime(o.Server, os.Getpid()) - before
	if err := errors.Join(err, opened.Close(ctx)); err != nil {
		return figures{}, err
	}

	done := max(dueIntents-left, 1)
	return figures{
		PerSecond: float64(done) / elapsed.Seconds(),
		CPU:       used / time.Duration(done),
	}, nil
}

// awaitRecovery returns how many are still due at the end.
func awaitRecovery(
	ctx context.Context,
	db *sql.DB,
	due int64,
	end time.Time,
) (left int, err error) {
	const count = `SELECT COUNT(*) FROM intents
		WHERE provider = $1 AND check_at > 0 AND check_at <= $2`
	for {
		err := db.QueryRowContext(ctx, count, paidAccount, due).Scan(&left)
		if err != nil || left == 0 || time.Now().After(end) {
			return left, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}
