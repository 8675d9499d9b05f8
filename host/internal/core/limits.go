package core

import (
	"context"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// capWindow is the time over which payout_per_day adds up.
const capWindow = 24 * time.Hour

// eventPaused reports that the host has paused payouts by itself. It is about
// the payout that reached doubt_max.
const eventPaused = "provider.paused"

// refuseAboveLimits refuses what is above a cap of its account, in the
// transaction that would record it: what the payouts of all hosts add up to
// never passes the cap. A refund gives back what came in, and has no cap.
func refuseAboveLimits(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	limits config.Limits,
) error {
	switch i.Kind {
	case payment.KindPayment:
		return refuseLarger(i, limits.PaymentMax)
	case payment.KindPayout:
		if err := refuseLarger(i, limits.PayoutMax); err != nil {
			return err
		}
		return refuseAboveDay(ctx, tx, i, limits.PayoutPerDay)
	}

	return nil
}

// refuseLarger holds one amount against its cap.
func refuseLarger(i *intent.Intent, caps []sdk.Money) error {
	most, capped := config.Most(caps, i.Currency)
	if !capped || !i.Amount.GreaterThan(most.Amount) {
		return nil
	}
	return aboveLimit(i, 0, "one %s may be at most %s here", i.Kind, amountOf(most))
}

// refuseAboveDay holds what the payouts of the last 24 hours add up to, with
// this one, against its cap.
func refuseAboveDay(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	caps []sdk.Money,
) error {
	most, capped := config.Most(caps, i.Currency)
	if !capped {
		return nil
	}
	const text = "payouts of 24 hours may add up to %s here, and are %s without this one"
	if i.Amount.GreaterThan(most.Amount) {
		return aboveLimit(i, 0, "payouts of 24 hours may add up to %s here", amountOf(most))
	}

	recent, err := tx.RecentPayouts(ctx, i.Provider, i.Currency, tx.Now().Add(-capWindow))
	if err != nil {
		return err
	}
	if !recent.Amount.Add(i.Amount.Decimal).GreaterThan(most.Amount) {
		return nil
	}

	// There is no more room before the first of them is a day old.
	wait := max(time.Second, recent.Oldest.Add(capWindow).Sub(tx.Now()))
	return aboveLimit(i, wait, text, amountOf(most),
		amountOf(sdk.Money{Amount: recent.Amount, Currency: i.Currency}))
}

// aboveLimit is a refusal because of a cap. wait is after how long the same
// request may succeed, 0 for never.
func aboveLimit(
	i *intent.Intent,
	wait time.Duration,
	format string,
	args ...any,
) *payment.Error {
	return &payment.Error{
		Code:       string(sdk.CodeLimit),
		Outcome:    sdk.OutcomeNotSent,
		Provider:   i.Provider,
		RetryAfter: wait,
		Message:    fmt.Sprintf(format, args...),
	}
}

// amountOf returns an amount with the decimals that it was written with.
func amountOf(money sdk.Money) string {
	return payment.Amount{Decimal: money.Amount}.String() + " " + money.Currency
}

// brakeOnDoubt pauses an account's payouts when a payout has just become
// doubtful and what is in doubt adds up to doubt_max, in the transaction that
// records the doubt. A pause that is in force stays as it is. An operator who
// resumes decides for what is in doubt then: the next doubt is judged again.
func (c *Core) brakeOnDoubt(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	if i.Kind != payment.KindPayout {
		return nil
	}
	most, capped := config.Most(c.limits(i.Provider).DoubtMax, i.Currency)
	if !capped {
		return nil
	}

	doubtful, err := tx.DoubtfulPayouts(ctx, i.Provider, i.Currency)
	if err != nil || doubtful.Amount.LessThan(most.Amount) {
		return err
	}
	paused, err := isPaused(ctx, tx, i.Provider, payment.PausePayouts)
	if err != nil || paused != nil {
		return err
	}

	return c.pauseOnDoubt(ctx, tx, i, doubtful.Amount, most)
}

// pauseOnDoubt records the pause, its line of history and its event.
func (c *Core) pauseOnDoubt(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	doubtful decimal.Decimal,
	most sdk.Money,
) error {
	reason := fmt.Sprintf("payouts of %s are in doubt, with %s; doubt_max is %s",
		amountOf(sdk.Money{Amount: doubtful, Currency: i.Currency}), i.ID, amountOf(most))
	err := tx.SetPause(ctx, payment.Pause{
		Provider: i.Provider,
		What:     payment.PausePayouts,
		Since:    tx.Now(),
		By:       ActorHost,
		Reason:   reason,
	})
	if err != nil {
		return err
	}

	// Nobody asked for it: the host does it by the rule.
	byHost := caller.With(ctx, caller.Caller{
		Name: caller.Host, RequestID: caller.From(ctx).RequestID, Unlimited: true,
	})
	tx.Audit(byHost, payment.AuditEntry{
		Action:   "pause-provider",
		Provider: i.Provider,
		Subject:  i.Provider,
		Note: fmt.Sprintf("%v by %s: %s",
			[]payment.PauseScope{payment.PausePayouts}, ActorHost, reason),
	})
	change := payment.Change{
		At:     tx.Now(),
		Actor:  ActorHost,
		Action: "paused payouts",
		Note:   reason,
	}
	if err := tx.AddHistory(ctx, i.ID, change); err != nil {
		return err
	}

	c.log.ErrorContext(ctx, "payouts are paused: too much is in doubt; an operator has to resume them",
		"provider", i.Provider, "id", i.ID, "reason", reason)

	return c.emit(ctx, tx, i, eventPaused)
}
