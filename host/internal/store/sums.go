package store

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
)

// Sum is what payouts add up to.
type Sum struct {
	Amount decimal.Decimal
	// Oldest is when the first of them was recorded; zero when there is none.
	Oldest time.Time
}

// add adds the payouts of one amount.
func (s *Sum) add(amount decimal.Decimal, count int64, oldest time.Time) {
	s.Amount = s.Amount.Add(amount.Mul(decimal.NewFromInt(count)))
	if s.Oldest.IsZero() || oldest.Before(s.Oldest) {
		s.Oldest = oldest
	}
}

// moneyKey is a currency at an account.
type moneyKey struct{ provider, currency string }

// sumsRead are the sums that an earlier write of a commit has read, with what
// the writes since have added: those that share the commit need not read them
// again.
type sumsRead struct {
	recent map[moneyKey]recentSum
}

type recentSum struct {
	after time.Time
	sum   Sum
}

// forget drops the sums: what they count has changed otherwise than by a new
// payout. It may be called on nil.
func (s *sumsRead) forget() {
	if s != nil {
		s.recent = nil
	}
}

// amountsOfPayouts groups by amount, so that many payouts are few rows: SQLite
// cannot add decimals.
const amountsOfPayouts = `SELECT amount, COUNT(*), MIN(created_at) FROM intents
	WHERE kind = 'payout' AND provider = $1 AND currency = $2 AND `

const (
	recentPayouts   = amountsOfPayouts + `created_at > $3 AND status <> 'failed' GROUP BY amount`
	doubtfulPayouts = amountsOfPayouts + `status = 'unknown' GROUP BY amount`
)

// RecentPayouts adds up the payouts of an account in a currency that were
// recorded after a time, by the database's clock, and have not failed. Within a
// write it is exact: no host can record another one before the write's commit.
func (t *Tx) RecentPayouts(
	ctx context.Context,
	provider, currency string,
	after time.Time,
) (Sum, error) {
	key := moneyKey{sanitized(provider), sanitized(currency)}
	shared := t.ahead.rest.sums
	if shared != nil {
		// The sum of a slightly longer time is no less than that of this one.
		if known, ok := shared.recent[key]; ok && !known.after.After(after) {
			return known.sum, nil
		}
	}

	sum, err := t.sumOf(ctx, recentPayouts, provider, currency, micros(after))
	if err == nil && shared != nil {
		if shared.recent == nil {
			shared.recent = map[moneyKey]recentSum{}
		}
		shared.recent[key] = recentSum{after: after, sum: sum}
	}

	return sum, err
}

// DoubtfulPayouts adds up the payouts of an account in a currency whose outcome
// is unknown.
func (t *Tx) DoubtfulPayouts(ctx context.Context, provider, currency string) (Sum, error) {
	return t.sumOf(ctx, doubtfulPayouts, provider, currency)
}

func (t *Tx) sumOf(ctx context.Context, query string, args ...any) (sum Sum, err error) {
	err = t.tx.query(ctx, query, sanitizedArgs(args), func(row scanner) error {
		var text string
		var count, oldest int64
		if err := row.Scan(&text, &count, &oldest); err != nil {
			return err
		}

		amount, err := decimal.NewFromString(text)
		if err != nil {
			return err
		}

		sum.add(amount, count, fromMicros(oldest))
		return nil
	})

	return sum, t.engine.mapped(err)
}

// addToSum adds a new payout to the sum that its commit has read.
func (t *Tx) addToSum(i *intent.Intent) {
	shared := t.ahead.rest.sums
	if shared == nil || i.Kind != payment.KindPayout {
		return
	}

	key := moneyKey{sanitized(i.Provider), sanitized(i.Currency)}
	if known, ok := shared.recent[key]; ok {
		known.sum.add(i.Amount.Decimal, 1, i.CreatedAt)
		shared.recent[key] = known
	}
}
