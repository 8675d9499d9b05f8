package core

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/store"
)

const (
	// beatEvery is how often a host gives a sign of life, and goneAfter how
	// long after the last one it is taken for gone.
	beatEvery = 3 * time.Second
	goneAfter = store.HostGoneAfter
	// maxSkew is how far this machine's clock may be off the database's before
	// the host says so.
	maxSkew = time.Second
	// forgetHosts is how long the row of a host that is gone is kept. An
	// attempt of a host without a row is lost.
	forgetHosts = 24 * time.Hour
)

// Beat records a sign of life until ctx ends. While it is missing, other hosts
// query providers about what this one was doing.
func (c *Core) Beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	skewed, silent := false, false

	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}

		// Each trouble is told when it begins, not every few seconds.
		err := c.signOfLife(ctx)
		if err != nil && ctx.Err() == nil && !silent {
			c.log.WarnContext(ctx, "the host cannot give its sign of life; "+
				"others may soon ask about what it is doing", "error", err)
		}

		silent = err != nil
		skewed = c.watchSkew(skewed)
	}
}

// signOfLife tells the other hosts that this one is there, and takes over what
// became of the token keys since the last.
func (c *Core) signOfLife(ctx context.Context) error {
	err := c.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RecordHeartbeat(ctx, c.instance); err != nil {
			return err
		}
		return c.tokens.Refresh(ctx, tx)
	})
	if err != nil || c.remember == nil {
		return err
	}
	return c.remember(ctx)
}

// watchSkew says once that this machine's clock is off, and once that it is
// right again.
func (c *Core) watchSkew(was bool) (is bool) {
	skew := c.now().Sub(c.store.Now()).Round(time.Millisecond)
	is = skew.Abs() > maxSkew

	switch {
	case is && !was:
		c.log.Warn("this machine's clock is off: the database's counts, "+
			"but calls may be given less time", "ahead", skew.String())
	case was && !is:
		c.log.Info("this machine's clock agrees with the database's again")
	}

	return is
}

// begin makes this host known before it makes its first call. alone says that
// no other host can be at the database.
func (c *Core) begin(
	ctx context.Context,
	tx *store.Tx,
	alone bool,
	predecessor string,
) error {
	if err := tx.RecordHeartbeat(ctx, c.instance); err != nil {
		return err
	}

	// The calls of a host without a row are in doubt at once.
	if alone {
		return tx.DeleteOtherHosts(ctx, c.instance)
	}

	if predecessor != "" {
		if err := tx.DeleteHost(ctx, predecessor); err != nil {
			return err
		}
	}

	return tx.DeleteHostsBefore(ctx, tx.Now().Add(-forgetHosts))
}
