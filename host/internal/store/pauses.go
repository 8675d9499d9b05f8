package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/payment"
)

// pausesRead are the pauses as the first write of a commit that asked for them
// has read them: the writes that share it need not read them again.
type pausesRead struct {
	known bool
	list  []payment.Pause
}

// Pauses returns all pauses, by provider and by what is paused. Within a write
// it is exact: no host can begin or end a pause before the write's commit.
func (t *Tx) Pauses(ctx context.Context) ([]payment.Pause, error) {
	all, err := t.pausesAndFence(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), isFence), nil
}

func (t *Tx) pausesAndFence(ctx context.Context) ([]payment.Pause, error) {
	shared := t.ahead.rest.pauses
	if shared != nil && shared.known {
		return shared.list, nil
	}

	list := []payment.Pause{}
	query := `SELECT provider, what, since, paused_by, reason FROM pauses
		UNION ALL SELECT '', 'fence', since, '', reason FROM fence`
	err := t.tx.query(ctx, query, nil, func(row scanner) error {
		var p payment.Pause
		var since int64
		err := row.Scan(&p.Provider, &p.What, &since, &p.By, &p.Reason)
		p.Since = fromMicros(since)
		list = append(list, p)
		return err
	})
	if err != nil {
		return nil, t.engine.mapped(err)
	}

	slices.SortFunc(list, func(a, b payment.Pause) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), cmp.Compare(a.What, b.What))
	})
	if shared != nil {
		*shared = pausesRead{known: true, list: list}
	}

	return list, nil
}

// SetPause begins a pause. A pause that is in force already keeps its
// beginning, and gets the new reason and who gave it.
func (t *Tx) SetPause(ctx context.Context, p payment.Pause) error {
	t.forgetPauses()
	_, err := t.exec(ctx, `INSERT INTO pauses (provider, what, since, paused_by, reason)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (provider, what) DO UPDATE SET paused_by = $4, reason = $5`,
		p.Provider, string(p.What), micros(p.Since), p.By, p.Reason)
	return err
}

// DeletePause ends a pause, and reports whether there was one.
func (t *Tx) DeletePause(
	ctx context.Context,
	provider string,
	what payment.PauseScope,
) (bool, error) {
	t.forgetPauses()
	count, err := t.exec(ctx, `DELETE FROM pauses WHERE provider = $1 AND what = $2`,
		provider, string(what))
	return count > 0, err
}

func (t *Tx) forgetPauses() {
	if shared := t.ahead.rest.pauses; shared != nil {
		*shared = pausesRead{}
	}
}
