package host

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/job"
	"github.com/payhost/payhost/host/internal/store"
)

// The kinds of background work. Their names are in the table of jobs.
const (
	workRecovery         = "recovery"          // finds the providers that have something due
	workProviderRecovery = "provider_recovery" // reconciles what is due at one provider
	workWebhooks         = "notices"           // finds the providers whose webhooks wait
	workProviderWebhooks = "provider_notices"  // reads again what waits of one provider
	workReconciliations  = "reconciliations"   // finds those that have not ended
	workReconciliation   = "reconciliation"    // compares with a provider's own list
	workForget           = "forget"            // deletes and erases what is kept no longer
	workEvents           = "events"            // wakes the pusher
)

// dueInterval is how often hosts look for what is due; forgetInterval is for
// what no caller waits for.
const (
	dueInterval    = time.Second
	forgetInterval = time.Minute
)

// openJobs makes what triggers the background work.
func (h *Host) openJobs(ctx context.Context) (err error) {
	// Those without Every are triggered by others, for one provider each.
	work := []job.Work{
		{Name: workRecovery, Every: dueInterval, Do: h.triggerRecovery},
		{Name: workProviderRecovery, Do: h.recoverProvider},
		{Name: workWebhooks, Every: dueInterval, Do: h.triggerCatchup},
		{Name: workProviderWebhooks, Do: h.inbox.CatchupProvider},
		{Name: workReconciliations, Every: dueInterval, Do: h.triggerReconciliations},
		{Name: workReconciliation, Do: h.core.RunReconciliation},
		{Name: workForget, Every: forgetInterval, Do: h.forget},
	}
	if h.pusher != nil {
		work = append(
			work,
			job.Work{Name: workEvents, Every: dueInterval, Do: h.wakePusher},
		)
	}

	h.jobs, err = job.Open(ctx, job.Options{
		URL:    h.cfg.Store.URL.Reveal(),
		Host:   h.core.Instance(),
		Work:   work,
		Logger: h.log,
	})

	return err
}

// triggerRecovery has each provider that has something due recovered by a job
// of its own, so that one which hangs delays no other provider's doubts.
func (h *Host) triggerRecovery(ctx context.Context, _ string) error {
	due, err := h.recovery.DueProviders(ctx)
	if err != nil {
		return err
	}
	return h.triggerEach(ctx, workProviderRecovery, due)
}

func (h *Host) recoverProvider(ctx context.Context, provider string) error {
	h.recovery.RunProvider(ctx, provider)
	return nil
}

// triggerCatchup is triggerRecovery for webhooks.
func (h *Host) triggerCatchup(ctx context.Context, _ string) error {
	due, err := h.inbox.DueProviders(ctx)
	if err != nil {
		return err
	}
	return h.triggerEach(ctx, workProviderWebhooks, due)
}

func (h *Host) triggerEach(ctx context.Context, work string, providers []string) error {
	for _, name := range providers {
		if err := h.jobs.Trigger(ctx, work, name); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes what nobody needs, and what [retention] keeps no longer. It
// yields to callers.
func (h *Host) forget(ctx context.Context, _ string) error {
	ctx = store.Behind(ctx)
	return errors.Join(h.inbox.Forget(ctx), h.core.Forget(ctx, h.config().Retention))
}

// wakePusher has the pusher look for retries and for other hosts' events.
func (h *Host) wakePusher(context.Context, string) error {
	h.pusher.Wake()
	return nil
}
