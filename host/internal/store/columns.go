package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// intentColumns are read by scanIntent.
const intentColumns = `id, kind, provider, parent_id, amount, currency, merchant_reference,
	method, request, idempotency_key, created_at, expires_at, sequence, status,
	review_reason, fingerprint, provider_reference, refs, provider_status,
	paid_amount, paid_currency, next_action, failure, state, succeeded_at,
	updated_at, check_at, checks, captured, doubt, events, version`

// DamagedError is for an intent whose row exists and cannot be understood.
type DamagedError struct {
	ID    string
	Cause error
}

// Error names the intent.
func (e *DamagedError) Error() string { return fmt.Sprintf("read intent %s: %v", e.ID, e.Cause) }

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Cause }

func scanIntent(row scanner) (*intent.Intent, error) {
	var (
		i                                        intent.Intent
		amount, paid, captured                   string
		request, references, action, failure     string
		created, expires, succeeded, updated, at int64
		sequence                                 int64
	)
	err := row.Scan(&i.ID, &i.Kind, &i.Provider, &i.ParentID, &amount, &i.Currency,
		&i.MerchantReference, &i.Method, &request, &i.IdempotencyKey, &created, &expires,
		&sequence, &i.Status, &i.ReviewReason, &i.Fingerprint, &i.ProviderReference,
		&references, &i.ProviderStatus, &paid, &i.PaidCurrency, &action, &failure,
		&i.State, &succeeded, &updated, &at, &i.Checks, &captured, &i.Doubt,
		&i.Events, &i.Version)

	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("read an intent: %w", err)
	}

	i.Request = json.RawMessage(request)
	i.Sequence = uint64(sequence)
	i.CreatedAt = fromMicros(created)
	i.ExpiresAt = fromMicros(expires)
	i.SucceededAt = fromMicros(succeeded)
	i.UpdatedAt = fromMicros(updated)
	i.CheckAt = fromMicros(at)

	// The row is there: what cannot be understood in it is damage.
	var errAmount, errPaid, errCaptured error
	i.Amount.Decimal, errAmount = sdk.ParseAmount(amount)
	i.PaidAmount, errPaid = amountOrNil(paid)
	i.Captured, errCaptured = amountOrNil(captured)
	err = errors.Join(errAmount, errPaid, errCaptured,
		unmarshal(references, &i.References),
		unmarshal(action, &i.NextAction),
		unmarshal(failure, &i.Failure))
	if err != nil {
		return nil, &DamagedError{ID: i.ID, Cause: err}
	}

	return &i, nil
}

// amountOrEmpty returns the text of an amount, "" for nil.
func amountOrEmpty(amount *payment.Amount) string {
	if amount == nil {
		return ""
	}
	return amount.String()
}

// amountOrNil reads a column of amountOrEmpty. It accepts more than an amount
// in a request may be: a sum of transfers can have more digits.
func amountOrNil(text string) (*payment.Amount, error) {
	if text == "" {
		return nil, nil
	}
	parsed, err := decimal.NewFromString(text)
	return &payment.Amount{Decimal: parsed}, err
}

// jsonOrEmpty returns a value as JSON, "" for nil.
func jsonOrEmpty[T any](value *T) (string, error) {
	if value == nil {
		return "", nil
	}
	data, err := json.Marshal(value)
	return string(data), err
}

// unmarshal reads a column of JSON; "" leaves the value as it is.
func unmarshal(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

// micros and fromMicros convert between times and columns: microseconds since
// 1970, and 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// placeholders returns "$first, …" for a number of arguments.
func placeholders(first, count int) string {
	var text strings.Builder
	for k := range count {
		if k > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "$%d", first+k)
	}
	return text.String()
}

// limitedTo returns the end of a query that reads at most so many rows, for a
// number that has few values. SQLite plans by it: as an argument, the number
// would make it parse a prepared statement again each time.
func limitedTo(rows int) string { return " LIMIT " + strconv.Itoa(rows) }
