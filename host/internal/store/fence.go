package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

// The fence keeps every host of a database from moving money. It is read among the
// pauses, as one of no provider, so that one statement reads both in the commit
// that would record a request.

const (
	fenceScope payment.PauseScope = "fence"

	settingMarked = "marked"       // that hosts keep marks of the database
	settingLifted = "fence_lifted" // when the fence was last lifted, in microseconds
)

// SequenceMargin is by how much the numbers of requests jump when the fence is
// lifted: those after the copy was made are at the providers already.
const SequenceMargin = 10_000

// Fence returns the fence; nil when there is none. Within a write it is exact,
// as Pauses is.
func (t *Tx) Fence(ctx context.Context) (*payment.Fence, error) {
	all, err := t.pausesAndFence(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, isFence)
	if at < 0 {
		return nil, nil //nolint:nilnil // no fence is no error
	}
	since := all[at].Since.UTC()
	return &payment.Fence{Fenced: true, Since: &since, Reason: all[at].Reason}, nil
}

func isFence(p payment.Pause) bool { return p.Provider == "" && p.What == fenceScope }

// setFence sets the fence, and says so in the audit log.
func (t *Tx) setFence(ctx context.Context, why string) error {
	ctx = caller.With(ctx, caller.Caller{Name: caller.Host, Unlimited: true})
	t.Audit(ctx, payment.AuditEntry{Action: "fence-set", Note: why})
	t.forgetPauses()
	_, err := t.exec(ctx, `INSERT INTO fence (name, since, reason) VALUES ('fence', $1, $2)
		ON CONFLICT (name) DO UPDATE SET reason = $2`, micros(t.Now()), why)
	return err
}

// LiftFence ends the fence, and has the numbers of requests jump over those that
// may have been used since the copy was made. It reports whether there was one.
func (t *Tx) LiftFence(ctx context.Context) (bool, error) {
	t.forgetPauses()
	count, err := t.exec(ctx, `DELETE FROM fence`)
	if err != nil || count == 0 {
		return false, err
	}
	_, err = t.exec(ctx, `UPDATE counters SET value = value + $1 WHERE name LIKE 'sequence:%'`,
		SequenceMargin)
	if err != nil {
		return true, fmt.Errorf("jump over the numbers of requests: %w", err)
	}
	return true, t.SetSetting(ctx, settingLifted, fmt.Sprintf("%020d", micros(t.Now())))
}

// FenceFile sets the fence in an embedded database that no host has open, such as
// one that was restored.
func FenceFile(ctx context.Context, url, why string) (err error) {
	s, err := openAnyway(ctx, url)
	if err != nil {
		return err
	}
	err = s.Write(ctx, func(tx *Tx) error { return tx.setFence(ctx, why) })
	if closed := s.Close(); err == nil {
		err = closed
	}
	return err
}
