package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
)

// ErrConflict is for a row that another writer has changed since it was read:
// the caller reads it again and decides again.
var ErrConflict = errors.New("changed by another writer")

// mutableTypes are the types of mutableColumns.
const mutableTypes = "ttt ttt ttt tb iii i tt"

// InsertIntent records a new intent.
func (t *Tx) InsertIntent(ctx context.Context, i *intent.Intent) error {
	args, err := columnsOfNew(i, int64(i.Sequence))
	if err != nil {
		return err
	}
	t.addToSum(i)
	return t.queue(ctx, insertIntent(`$13`), args...)
}

// InsertNumbered records a new intent under the next number of a counter, which
// begins at start. i.Sequence has the number when the transaction has ended.
func (t *Tx) InsertNumbered(
	ctx context.Context,
	i *intent.Intent,
	counter string,
	start uint64,
) error {
	args, err := columnsOfNew(i, counter)
	if err != nil {
		return err
	}
	t.addToSum(i)
	number := func(value int64) { i.Sequence = uint64(value) }
	return t.queueRow(ctx, intentRows, append(args, int64(start), number)...)
}

// columnsOfNew returns the values of all columns of a new intent: those that
// never change, with a number or the counter for it as the last, the mutable
// ones, and the two counters.
func columnsOfNew(i *intent.Intent, sequence any) ([]any, error) {
	i.Version = 1
	row, err := mutableColumns(i)
	if err != nil {
		return nil, err
	}

	args := append([]any{
		i.ID, i.Kind, i.Provider, i.ParentID,
		i.Amount.String(), i.Currency, i.MerchantReference, i.Method,
		string(i.Request), i.IdempotencyKey, micros(i.CreatedAt), micros(i.ExpiresAt),
		sequence,
	}, row...)

	return append(args, i.Events, i.Version), nil
}

// newIntentTypes are the types of columnsOfNew with the name of a counter, and
// counterColumn is where that is.
const (
	newIntentTypes = "tttt tttt tt ii t" + mutableTypes + "ii"
	counterColumn  = 12
)

var newIntentColumns = len(strings.ReplaceAll(newIntentTypes, " ", ""))

// insertIntent returns a statement whose $13 is the sequence, or names what it
// is read from.
func insertIntent(sequence string) string {
	return `INSERT INTO intents (` + intentColumns + `)
		VALUES (` + placeholders(1, 12) + `, ` + sequence + `, ` +
		placeholders(14, newIntentColumns-13) + `)`
}

// numberedIntent records one intent of InsertNumbered.
func numberedIntent(args []any) []statement {
	columns, start := args[:newIntentColumns], args[newIntentColumns]
	return []statement{
		{
			query: advanceSequence + ` RETURNING value`,
			args:  []any{columns[counterColumn], start, 1},
			each: func(row scanner) error {
				var value int64
				err := row.Scan(&value)
				tellNumber(args, value)
				return err
			},
		},
		{
			query: insertIntent(`(SELECT value FROM counters WHERE name = $13)`),
			args:  columns,
		},
	}
}

// tellNumber hands an intent of InsertNumbered its number.
func tellNumber(args []any, value int64) {
	if number, ok := args[newIntentColumns+1].(func(int64)); ok {
		number(value)
	}
}

// numberedIntents records several intents. Those of one counter get their
// numbers in the order of their rows.
func numberedIntents(rows [][]any) (list []statement) {
	starts := map[any]any{}
	groups := map[any][][]any{}
	var counters []any

	for _, row := range rows {
		counter, start := row[counterColumn], row[newIntentColumns]
		if len(groups[counter]) == 0 {
			counters = append(counters, counter)
			starts[counter] = start
		}

		// A reload of the configuration has come between them.
		if starts[counter] != start {
			return oneByOne(rows)
		}
		groups[counter] = append(groups[counter], row)
	}

	// Each number is so far behind its counter.
	var sorted [][]any
	var behind []int64

	for _, counter := range counters {
		group := groups[counter]
		list = append(list, advanceFor(group, counter, starts[counter]))

		for k, row := range group {
			sorted = append(sorted, row)
			behind = append(behind, int64(len(group)-1-k))
		}
	}

	query := `INSERT INTO intents (` + intentColumns + `)
		SELECT ` + valueColumns(1, 12) + `, counters.value - v.c` + strconv.Itoa(newIntentColumns+1) +
		`, ` + valueColumns(14, newIntentColumns) + `
		FROM ` + valuesOfRows(newIntentTypes+"i") + ` JOIN counters ON counters.name = v.c13`
	args := append(columnsOf(sorted, newIntentTypes), behind)

	return append(list, statement{query: query, args: args})
}

// advanceFor moves a counter for a group of intents, and tells each its number.
func advanceFor(group [][]any, counter, start any) statement {
	return statement{
		query: advanceSequence + ` RETURNING value`,
		args:  []any{counter, start, len(group)},
		each: func(row scanner) error {
			var last int64
			err := row.Scan(&last)
			for k, args := range group {
				tellNumber(args, last-int64(len(group)-1-k))
			}
			return err
		},
	}
}

// oneByOne records intents as if each were alone.
func oneByOne(rows [][]any) (list []statement) {
	for _, row := range rows {
		list = append(list, numberedIntent(row)...)
	}
	return list
}

const mutableNames = `(status, review_reason, fingerprint, provider_reference,
	refs, provider_status, paid_amount, paid_currency, next_action, failure,
	state, succeeded_at, updated_at, check_at, checks, captured, doubt, version)`

var (
	saveIntent = `UPDATE intents SET ` + mutableNames + `
		= (` + placeholders(3, 17) + `, $2 + 1) WHERE id = $1 AND version = $2`
	saveIntents = `UPDATE intents SET ` + mutableNames + `
		= (` + valueColumns(3, 19) + `, v.c2 + 1) FROM VALUES_OF_ROWS
		WHERE id = v.c1 AND version = v.c2`
)

// SaveIntent writes the columns of i that may change, and its references. It
// returns ErrConflict when another writer has changed the intent since it was
// read.
func (t *Tx) SaveIntent(ctx context.Context, i *intent.Intent) error {
	t.forgetIntent(i.ID)
	if i.Kind == payment.KindPayout {
		t.ahead.rest.sums.forget()
	}
	row, err := mutableColumns(i)
	if err != nil {
		return err
	}

	args := append([]any{i.ID, i.Version}, row...)

	// No other writer can have changed a locked intent: its update is not
	// waited for, and references that are the same are not written again.
	locked, ok := t.locked[i.ID]
	if ok && locked.version == i.Version {
		if err := t.queueRow(ctx, saveRows, args...); err != nil {
			return err
		}
		i.Version++
		t.lock(i)
		if slices.Equal(locked.references, i.References) {
			return nil
		}

		return t.saveReferences(ctx, i)
	}

	if err := t.execOne(ctx, saveIntent, args); err != nil {
		return err
	}
	i.Version++

	return t.saveReferences(ctx, i)
}

// execOne runs a statement that must write one row, or returns ErrConflict.
func (t *Tx) execOne(ctx context.Context, query string, args []any) error {
	count, err := t.exec(ctx, query, args...)
	if err == nil && count != 1 {
		return ErrConflict
	}
	return err
}

const (
	insertReference = `INSERT INTO provider_references (provider, reference, intent_id)
		VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	insertReferences = `INSERT INTO provider_references (provider, reference, intent_id)
		SELECT * FROM VALUES_OF_ROWS ON CONFLICT DO NOTHING`
)

func (t *Tx) saveReferences(ctx context.Context, i *intent.Intent) error {
	for _, reference := range i.References {
		err := t.queueRow(ctx, referenceRows, i.Provider, reference, i.ID)
		if err != nil {
			return err
		}
	}

	return nil
}

// lockedIntent is the part of a locked intent that SaveIntent compares with.
type lockedIntent struct {
	version    int64
	references []string
}

// lock records that no other transaction can change an intent before the end of
// this one.
func (t *Tx) lock(i *intent.Intent) {
	t.locked[i.ID] = lockedIntent{i.Version, slices.Clone(i.References)}
}

// Intent reads one intent. The error is ErrNotFound when there is none, and a
// *DamagedError when its row cannot be understood.
func (t *Tx) Intent(ctx context.Context, id string) (*intent.Intent, error) {
	query := `SELECT ` + intentColumns + ` FROM intents WHERE id = $1`
	return scanIntent(t.queryRow(ctx, query, id))
}

// IntentForUpdate reads one intent as Intent does. In a write it also keeps
// other transactions from changing the intent until the commit.
func (t *Tx) IntentForUpdate(ctx context.Context, id string) (*intent.Intent, error) {
	if found := t.takePrefetched(id); found != nil {
		return found, nil
	}

	// Nearly every caller reads the attempts next.
	if err := t.readAttemptsAlong(ctx, id); err != nil {
		return nil, err
	}

	query := `SELECT ` + intentColumns + ` FROM intents WHERE id = $1` + t.engine.forUpdate
	found, err := scanIntent(t.queryRow(ctx, query, id))
	if err != nil {
		return nil, err
	}

	t.lock(found)
	return found, nil
}

// IntentForEvent reads the intent that an event is about, as IntentForUpdate
// does. EventApplied then knows of the event without another round trip.
func (t *Tx) IntentForEvent(ctx context.Context, e ProviderEvent) (*intent.Intent, error) {
	if err := t.readEventAlong(ctx, e.Provider, e.ID); err != nil {
		return nil, err
	}
	return t.IntentForUpdate(ctx, e.IntentID)
}

// IntentInFull reads one intent with its attempts and its history. It costs one
// round trip, so that Get can be used for it.
func (t *Tx) IntentInFull(ctx context.Context, id string) (
	found *intent.Intent,
	attempts []payment.Attempt,
	history []payment.Change,
	err error,
) {
	// The lists are queued, and read in the round trip of the intent.
	attempts = []payment.Attempt{} // which JSON shows as a list
	err = t.queueEach(ctx, attemptsOfIntent, []any{id}, func(row scanner) error {
		attempt, err := scanAttempt(row)
		attempts = append(attempts, attempt)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}

	err = t.queueEach(ctx, historyOfIntent, []any{id}, func(row scanner) error {
		change, err := scanChange(row)
		history = append(history, change)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}

	found, err = t.Intent(ctx, id)
	return found, attempts, history, err
}

// IntentsByReference reads the intents of an account that carry a reference of
// the provider, newest first, at most 10.
func (t *Tx) IntentsByReference(
	ctx context.Context,
	provider, reference string,
) ([]*intent.Intent, error) {
	return t.intents(ctx, `SELECT `+intentColumns+` FROM intents WHERE id IN
		(SELECT intent_id FROM provider_references WHERE provider = $1 AND reference = $2)
		ORDER BY id DESC LIMIT 10`,
		provider, reference)
}

// otherHolder begins at the reference. SQLite takes the tables of a CROSS JOIN
// in the order in which they are written: left to itself it walks all intents
// of the kind, because they come in the order that is asked for. PostgreSQL
// would begin at the kind or the identity; only its key finds the other intent.
const otherHolder = `SELECT other.id FROM provider_references AS held
	CROSS JOIN intents AS other
	WHERE held.reference = $1 AND other.id = held.intent_id
	AND other.id <> $2 AND other.kind || '' = $3
	AND other.fingerprint || '' = $4 AND other.succeeded_at > 0
	ORDER BY other.id || '' LIMIT 1`

// OtherHolder reads the id of another intent of the same kind and identity,
// whatever its account is called, that has succeeded and carries a reference of
// the provider. The id is "" when there is none.
func (t *Tx) OtherHolder(
	ctx context.Context,
	i *intent.Intent,
	reference string,
) (string, error) {
	return t.firstText(ctx, otherHolder, reference, i.ID, i.Kind, i.Fingerprint)
}

// Children reads the refunds of a payment, oldest first.
func (t *Tx) Children(ctx context.Context, parent string) ([]*intent.Intent, error) {
	return t.intents(ctx, `SELECT `+intentColumns+` FROM intents
		WHERE parent_id = $1 AND parent_id <> '' ORDER BY id`, parent)
}

// isOpen names the statuses that are not final: an index finds these, and could
// not leave the others out.
const isOpen = `kind IN ('payment', 'payout', 'refund')
	AND status IN ('created', 'requires_action', 'processing', 'authorized',
	'pending', 'under_review', 'unknown')`

// OpenIdentities reads the fingerprints under which an account has intents that
// are not final.
func (t *Tx) OpenIdentities(ctx context.Context, provider string) ([]string, error) {
	return t.texts(ctx, `SELECT DISTINCT fingerprint FROM intents
		WHERE provider = $1 AND fingerprint <> '' AND `+isOpen, provider)
}

// OpenIntents counts an account's intents that are not final.
func (t *Tx) OpenIntents(ctx context.Context, provider string) (int, error) {
	var count int
	err := t.queryRow(ctx, `SELECT COUNT(*) FROM intents WHERE provider = $1
		AND `+isOpen, provider).Scan(&count)
	return count, err
}

// intents reads several intents. A damaged row is logged and left out, so that
// it hides no other.
func (t *Tx) intents(
	ctx context.Context,
	query string,
	args ...any,
) ([]*intent.Intent, error) {
	scan := func(row scanner) (*intent.Intent, error) {
		found, err := scanIntent(row)
		var damaged *DamagedError
		if errors.As(err, &damaged) {
			t.log.Error("an intent in the database cannot be read; it is left out",
				"id", damaged.ID, "error", damaged.Cause)
			return nil, nil
		}
		return found, err
	}

	all, err := queryAll(ctx, t, scan, query, args...)
	return slices.DeleteFunc(all, func(i *intent.Intent) bool { return i == nil }), err
}

// mutableColumns returns the values of the columns from status to doubt.
func mutableColumns(i *intent.Intent) ([]any, error) {
	references, err := json.Marshal(i.References)
	if err != nil {
		return nil, err
	}
	action, err := jsonOrEmpty(i.NextAction)
	if err != nil {
		return nil, err
	}

	failure, err := jsonOrEmpty(i.Failure)
	if err != nil {
		return nil, err
	}

	// i becomes what is stored.
	for _, text := range []*string{
		&i.ProviderReference, &i.ProviderStatus, &i.PaidCurrency,
	} {
		*text = sanitized(*text)
	}

	return []any{
		i.Status, i.ReviewReason, i.Fingerprint, i.ProviderReference,
		string(references), i.ProviderStatus, amountOrEmpty(i.PaidAmount), i.PaidCurrency,
		action, failure, i.State, micros(i.SucceededAt), micros(i.UpdatedAt),
		micros(i.CheckAt), i.Checks, amountOrEmpty(i.Captured), i.Doubt,
	}, nil
}
