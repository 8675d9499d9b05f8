package insight

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// doubtSum is what is in doubt, added up.
type doubtSum struct {
	perKind map[series]kindSum // their state is ""
	amounts map[currencyKey]decimal.Decimal
}

type kindSum struct {
	count  int
	oldest time.Time
}

type currencyKey struct {
	provider string
	kind     payment.Kind
	currency string
}

// sumUp adds doubts up. Amounts are added as decimals.
func sumUp(doubts []store.Doubt) doubtSum {
	sum := doubtSum{
		perKind: map[series]kindSum{},
		amounts: map[currencyKey]decimal.Decimal{},
	}

	for _, doubt := range doubts {
		key := series{provider: doubt.Provider, kind: doubt.Kind}
		one := sum.perKind[key]
		if (one.count == 0) || doubt.Since.Before(one.oldest) {
			one.oldest = doubt.Since
		}
		one.count++
		sum.perKind[key] = one

		money := currencyKey{doubt.Provider, doubt.Kind, doubt.Amount.Currency}
		sum.amounts[money] = sum.amounts[money].Add(doubt.Amount.Amount)
	}

	return sum
}

// doubtEvery is how often the history is told of what is in doubt.
const doubtEvery = 20 * time.Second

// WatchDoubts tells a history how much is in doubt, until ctx ends.
func WatchDoubts(ctx context.Context, s store.Transactor, history *History) {
	tick := time.NewTicker(doubtEvery)
	defer tick.Stop()

	for ctx.Err() == nil {
		// A look that fails leaves a gap in the history.
		counts, err := countDoubts(ctx, s)
		if err != nil {
			counts = nil
		}
		history.NoteDoubts(counts)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func countDoubts(ctx context.Context, s store.Transactor) (counts map[string]int, err error) {
	err = s.Read(ctx, func(tx *store.Tx) error {
		doubts, err := tx.Doubts(ctx)
		counts = map[string]int{}
		for _, doubt := range doubts {
			counts[doubt.Provider]++
		}
		return err
	})
	return counts, err
}
