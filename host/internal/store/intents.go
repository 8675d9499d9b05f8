package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

const intentColumns = `id, kind, provider, parent_id, amount, currency, merchant_reference, method, request, idempotency_key,
	created_at, expires_at, sequence, status, review_reason, fingerprint, provider_reference, refs, provider_status,
	paid_amount, paid_currency, next_action, failure, state, succeeded_at, updated_at, check_at, checks, captured, doubt, events, version`

// InsertIntent records a new intent.
func (t *Tx) InsertIntent(ctx context.Context, i *intent.Intent) error {
	return t.insert(ctx, i, "$13", int64(i.Sequence))
}

// InsertNumbered records a new intent under the next number of a counter, as Next gives it. i.Sequence has it when the
// transaction has ended.
func (t *Tx) InsertNumbered(ctx context.Context, i *intent.Intent, counter string, start uint64) error {
	err := t.laterEach(ctx, countNumber+` RETURNING value`, []any{counter, int64(start)}, func(row scanner) error {
		var n int64
		err := row.Scan(&n)
		i.Sequence = uint64(n)
		return err
	})
	if err != nil {
		return err
	}
	return t.insert(ctx, i, "(SELECT value FROM counters WHERE name = $13)", counter)
}

// insert records an intent whose sequence is an expression of the argument $13.
func (t *Tx) insert(ctx context.Context, i *intent.Intent, sequence string, argument any) error {
	i.Version = 1
	row, err := mutableColumns(i)
	if err != nil {
		return err
	}
	args := append([]any{
		i.ID, i.Kind, i.Provider, i.ParentID, i.Amount.String(), i.Currency, i.MerchantReference, i.Method, string(i.Request),
		i.IdempotencyKey, micros(i.CreatedAt), micros(i.ExpiresAt), argument,
	}, row...)
	args = append(args, i.Events, i.Version)
	return t.later(ctx, `INSERT INTO intents (`+intentColumns+`, rules) VALUES (`+placeholders(1, 12)+`, `+sequence+`, `+
		placeholders(14, len(args)-13)+`, 1)`, args...)
}

// SaveIntent writes what may change of i, if nobody else has since it was read; else it is ErrConflict.
func (t *Tx) SaveIntent(ctx context.Context, i *intent.Intent) error {
	delete(t.shared.intents, i.ID)
	row, err := mutableColumns(i)
	if err != nil {
		return err
	}
	args := append([]any{i.ID, i.Version}, row...)
	query := `UPDATE intents SET (status, review_reason, fingerprint, provider_reference, refs, provider_status,
		paid_amount, paid_currency, next_action, failure, state, succeeded_at, updated_at, check_at, checks, captured, doubt, version)
		= (` + placeholders(3, len(row)) + `, $2 + 1) WHERE id = $1 AND version = $2`
	mine, ok := t.held[i.ID]
	if ok = ok && mine.version == i.Version; ok { // nobody else can have changed it
		err = t.later(ctx, query, args...)
	} else {
		err = t.saveUnheld(ctx, query, args)
	}
	if err != nil {
		return err
	}
	i.Version++
	if ok {
		t.hold(i)
		if slices.Equal(mine.references, i.References) {
			return nil
		}
	}
	return t.saveReferences(ctx, i)
}

// hold notes what was read of an intent that nobody else can change before the end.
func (t *Tx) hold(i *intent.Intent) {
	if t.held == nil {
		t.held = map[string]held{}
	}
	t.held[i.ID] = held{i.Version, slices.Clone(i.References)}
}

// keep takes over what was read ahead of an intent.
func (t *Tx) keep(of *reading) {
	t.hold(of.intent)
	if of.attempts == nil {
		return
	}
	if t.ahead == nil {
		t.ahead = map[string]*attemptsAhead{}
	}
	t.ahead[of.intent.ID] = of.attempts
}

// held is what was read of an intent that nobody else can change.
type held struct {
	version    int64
	references []string
}

func (t *Tx) saveUnheld(ctx context.Context, query string, args []any) error {
	n, err := t.exec(ctx, query, args...)
	if err == nil && n != 1 {
		return ErrConflict
	}
	return err
}

// ErrConflict is for an intent that somebody else has changed since it was read: read it again and decide again.
var ErrConflict = errors.New("changed by somebody else")

func (t *Tx) saveReferences(ctx context.Context, i *intent.Intent) error {
	for _, ref := range i.References {
		err := t.later(ctx, `INSERT INTO provider_references (provider, reference, intent_id) VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, i.Provider, ref, i.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// mutableColumns gives the columns from status to doubt.
func mutableColumns(i *intent.Intent) ([]any, error) {
	refs, err1 := json.Marshal(i.References)
	action, err2 := jsonOrEmpty(i.NextAction)
	failure, err3 := jsonOrEmpty(i.Failure)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	return []any{
		i.Status, i.ReviewReason, i.Fingerprint, i.ProviderReference, string(refs), i.ProviderStatus,
		amountOrEmpty(i.PaidAmount), i.PaidCurrency, action, failure, i.State, micros(i.SucceededAt), micros(i.UpdatedAt),
		micros(i.CheckAt), i.Checks, amountOrEmpty(i.Captured), i.Doubt,
	}, nil
}

func amountOrEmpty(a *payment.Amount) string {
	if a == nil {
		return ""
	}
	return a.String()
}

// amountOrNil reads a column of amountOrEmpty. It is not held to what an amount that is sent may be: a sum of transfers can
// have more digits.
func amountOrNil(text string) (*payment.Amount, error) {
	if text == "" {
		return nil, nil
	}
	d, err := decimal.NewFromString(text)
	return &payment.Amount{Decimal: d}, err
}

func jsonOrEmpty[T any](v *T) (string, error) {
	if v == nil {
		return "", nil
	}
	data, err := json.Marshal(v)
	return string(data), err
}

// Intent reads one intent.
func (t *Tx) Intent(ctx context.Context, id string) (*intent.Intent, error) {
	return scanIntent(t.queryRow(ctx, `SELECT `+intentColumns+` FROM intents WHERE id = $1`, id))
}

// IntentForUpdate reads one intent and, in an Update, keeps others from changing it until the commit.
func (t *Tx) IntentForUpdate(ctx context.Context, id string) (*intent.Intent, error) {
	if of := t.mine.intents[id]; of != nil {
		delete(t.mine.intents, id)
		t.keep(of)
		return of.intent, nil
	}
	if err := t.readAhead(ctx, id); err != nil {
		return nil, err
	}
	i, err := scanIntent(t.queryRow(ctx, `SELECT `+intentColumns+` FROM intents WHERE id = $1`+t.engine.forUpdate, id))
	if err != nil {
		return nil, err
	}
	t.hold(i)
	return i, nil
}

// Whole reads one intent with its attempts and its history.
func (t *Tx) IntentInFull(ctx context.Context, id string) (i *intent.Intent, attempts []payment.Attempt, history []payment.Change, err error) {
	attempts = []payment.Attempt{} // which JSON shows as a list
	err1 := t.laterEach(ctx, attemptsOf, []any{id}, func(row scanner) error {
		a, err := scanAttempt(row)
		attempts = append(attempts, a)
		return err
	})
	err2 := t.laterEach(ctx, historyOf, []any{id}, func(row scanner) error {
		c, err := scanChange(row)
		history = append(history, c)
		return err
	})
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, nil, err
	}
	i, err = t.Intent(ctx, id)
	return i, attempts, history, err
}

// IntentsByReference reads the intents of an account that carry a reference of the provider, newest first, at most 10.
func (t *Tx) IntentsByReference(ctx context.Context, provider, reference string) ([]*intent.Intent, error) {
	return t.intents(ctx, `SELECT `+intentColumns+` FROM intents WHERE id IN
		(SELECT intent_id FROM provider_references WHERE provider = $1 AND reference = $2) ORDER BY id DESC LIMIT 10`, provider, reference)
}

// OtherHolder reads the id of another intent of the same kind and identity, whatever its account is called, that has
// succeeded and carries a reference of the provider, "" when there is none.
func (t *Tx) OtherHolder(ctx context.Context, i *intent.Intent, reference string) (string, error) {
	others, err := t.strings(ctx, `SELECT other.id FROM provider_references AS held JOIN intents AS other ON other.id = held.intent_id
		WHERE held.reference = $1 AND other.id <> $2 AND other.kind = $3 AND other.fingerprint = $4
		AND other.succeeded_at > 0 ORDER BY other.id LIMIT 1`, reference, i.ID, i.Kind, i.Fingerprint)
	if err != nil || len(others) == 0 {
		return "", err
	}
	return others[0], nil
}

// Children reads the refunds of a payment, oldest first.
func (t *Tx) Children(ctx context.Context, parent string) ([]*intent.Intent, error) {
	return t.intents(ctx, `SELECT `+intentColumns+` FROM intents WHERE parent_id = $1 ORDER BY id`, parent)
}

// DamagedDue reports whether a provider has due intents that cannot be read.
func (t *Tx) DamagedDue(ctx context.Context, provider string, now time.Time, limit int) (bool, error) {
	ids, err := t.damagedDue(ctx, provider, now, limit)
	return len(ids) > 0, err
}

// PostponeDamaged takes what cannot be read out of a provider's due intents until a time: at the head of the list it would
// keep the others waiting for ever.
func (t *Tx) PostponeDamaged(ctx context.Context, provider string, now, until time.Time, limit int) error {
	ids, err := t.damagedDue(ctx, provider, now, limit)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.later(ctx, `UPDATE intents SET check_at = $2 WHERE id = $1`, id, micros(until)); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) damagedDue(ctx context.Context, provider string, now time.Time, limit int) (ids []string, err error) {
	_, err = list(ctx, t, func(row scanner) (struct{}, error) {
		_, err := scanIntent(row)
		var damaged *DamagedError
		if errors.As(err, &damaged) {
			ids = append(ids, damaged.ID)
			err = nil
		}
		return struct{}{}, err
	}, dueIntents+limitedTo(limit), micros(now), provider)
	return ids, err
}

// Due reads a provider's intents that are to be asked about by now, longest waiting first.
func (t *Tx) Due(ctx context.Context, provider string, now time.Time, limit int) ([]*intent.Intent, error) {
	return t.intents(ctx, dueIntents+limitedTo(limit), micros(now), provider)
}

const dueIntents = `SELECT ` + intentColumns + ` FROM intents WHERE check_at > 0 AND check_at <= $1 AND provider = $2
	ORDER BY check_at, id`

// Overdue returns up to limit payments of an account whose time is over and that
// nobody has finished, those first that are due longest.
func (t *Tx) Overdue(ctx context.Context, provider string, now time.Time, limit int) ([]*intent.Intent, error) {
	return t.intents(ctx, overdueIntents+limitedTo(limit), micros(now), provider)
}

const overdueIntents = `SELECT ` + intentColumns + ` FROM intents WHERE check_at > 0 AND check_at <= $1 AND provider = $2
	AND kind = 'payment' AND status = 'requires_action' AND expires_at > 0 AND expires_at <= $1 ORDER BY check_at, id`

// DueProviders names the providers that have something due by now.
func (t *Tx) DueProviders(ctx context.Context, now time.Time) ([]string, error) {
	return t.strings(ctx, `SELECT DISTINCT provider FROM intents WHERE check_at > 0 AND check_at <= $1`, micros(now))
}

// Filter narrows a list. Zero values do not narrow.
type Filter struct {
	Kind              payment.Kind
	Provider          string
	Status            payment.Status
	MerchantReference string
	CreatedFrom       time.Time
	CreatedTo         time.Time
	Before            string // an id: only older ones
	Limit             int
}

// ListIntents reads newest first.
func (t *Tx) ListIntents(ctx context.Context, f Filter) ([]*intent.Intent, error) {
	where, args := []string{"kind = $1"}, []any{f.Kind}
	add := func(clause string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf("%s $%d", clause, len(args)))
	}
	if f.Provider != "" {
		add("provider =", f.Provider)
	}
	if f.Status != "" {
		add("status =", f.Status)
	}
	if f.MerchantReference != "" {
		add("merchant_reference =", f.MerchantReference)
	}
	if !f.CreatedFrom.IsZero() {
		add("created_at >=", micros(f.CreatedFrom))
	}
	if !f.CreatedTo.IsZero() {
		add("created_at <", micros(f.CreatedTo))
	}
	if f.Before != "" {
		add("id <", f.Before)
	}
	args = append(args, f.Limit)
	return t.intents(ctx, fmt.Sprintf(`SELECT %s FROM intents WHERE %s ORDER BY id DESC LIMIT $%d`,
		intentColumns, strings.Join(where, " AND "), len(args)), args...)
}

// OpenIdentities reads who an account was, by fingerprint, in its intents that are not final.
func (t *Tx) OpenIdentities(ctx context.Context, provider string) ([]string, error) {
	return t.strings(ctx, `SELECT DISTINCT fingerprint FROM intents WHERE provider = $1 AND fingerprint <> ''
		AND status NOT IN ('succeeded', 'failed', 'canceled', 'expired')`, provider)
}

// OpenIntents counts an account's intents that are not final.
func (t *Tx) OpenIntents(ctx context.Context, provider string) (int, error) {
	var n int
	err := t.queryRow(ctx, `SELECT COUNT(*) FROM intents WHERE provider = $1
		AND status NOT IN ('succeeded', 'failed', 'canceled', 'expired')`, provider).Scan(&n)
	return n, err
}

// intents reads intents one by one: a row that cannot be read is logged and left out, so that it hides no other.
func (t *Tx) intents(ctx context.Context, query string, args ...any) ([]*intent.Intent, error) {
	all, err := list(ctx, t, func(row scanner) (*intent.Intent, error) {
		i, err := scanIntent(row)
		var damaged *DamagedError
		if errors.As(err, &damaged) {
			t.log.Error("an intent in the database cannot be read; it is left out", "id", damaged.ID, "error", damaged.Cause)
			return nil, nil
		}
		return i, err
	}, query, args...)
	return slices.DeleteFunc(all, func(i *intent.Intent) bool { return i == nil }), err
}

// DamagedError is for an intent whose row is there and cannot be understood.
type DamagedError struct {
	ID    string
	Cause error
}

// Error names the intent.
func (e *DamagedError) Error() string { return fmt.Sprintf("read intent %s: %v", e.ID, e.Cause) }

// Unwrap gives the cause.
func (e *DamagedError) Unwrap() error { return e.Cause }

func scanIntent(row scanner) (*intent.Intent, error) {
	var (
		i                                                    intent.Intent
		amount, request, refs, paid, captured, action, fails string
		created, expires, succeeded, updated, check, seqno   int64
	)
	err := row.Scan(&i.ID, &i.Kind, &i.Provider, &i.ParentID, &amount, &i.Currency, &i.MerchantReference, &i.Method, &request,
		&i.IdempotencyKey, &created, &expires, &seqno, &i.Status, &i.ReviewReason, &i.Fingerprint, &i.ProviderReference, &refs,
		&i.ProviderStatus, &paid, &i.PaidCurrency, &action, &fails, &i.State, &succeeded, &updated, &check, &i.Checks,
		&captured, &i.Doubt, &i.Events, &i.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read an intent: %w", err)
	}

	i.Request, i.Sequence = json.RawMessage(request), uint64(seqno)
	i.CreatedAt, i.ExpiresAt, i.SucceededAt = fromMicros(created), fromMicros(expires), fromMicros(succeeded)
	i.UpdatedAt, i.CheckAt = fromMicros(updated), fromMicros(check)
	var err1, err2, err3 error
	i.Amount.Decimal, err1 = sdk.ParseAmount(amount)
	i.PaidAmount, err2 = amountOrNil(paid)
	i.Captured, err3 = amountOrNil(captured)
	err = errors.Join(err1, err2, err3, unmarshal(refs, &i.References), unmarshal(action, &i.NextAction), unmarshal(fails, &i.Failure))
	if err != nil {
		return nil, &DamagedError{ID: i.ID, Cause: err}
	}
	return &i, nil
}

func unmarshal(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// placeholders gives "$first, …" for n arguments.
func placeholders(first, n int) string {
	var b strings.Builder
	for k := range n {
		if k > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+k)
	}
	return b.String()
}
