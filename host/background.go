package host

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/job"
	"github.com/payhost/payhost/host/internal/push"
)

// The kinds of background work. Their names are in the table of jobs.
const (
	workRecovery = "recovery"          // finds the providers that have something due
	workProvider = "provider_recovery" // settles what is due at the provider that is its subject
	workNotices  = "notices"           // finds the providers whose notices could not be read before
	workCatchup  = "provider_notices"  // reads again what waits of the provider that is its subject
	workForget   = "forget"            // deletes old unverified notices
	workEvents   = "events"            // has the pusher look for retries and for other hosts' events
)

const (
	// lookEvery is how often hosts look for what is due; forgetEvery is for what nobody waits for.
	lookEvery   = time.Second
	forgetEvery = time.Minute
)

// openJobs makes what triggers the background work. pusher is nil when events are not pushed.
func (h *Host) openJobs(ctx context.Context, pusher *push.Pusher) (err error) {
	work := []job.Work{
		{Name: workRecovery, Every: lookEvery, Do: h.triggerRecovery},
		{Name: workProvider, Do: func(ctx context.Context, provider string) error {
			h.core.RecoverProvider(ctx, provider)
			return nil
		}},
		{Name: workNotices, Every: lookEvery, Do: h.triggerCatchup},
		{Name: workCatchup, Do: h.inbox.CatchupProvider},
		{Name: workForget, Every: forgetEvery, Do: func(ctx context.Context, _ string) error { return h.inbox.Forget(ctx) }},
	}
	if pusher != nil {
		work = append(work, job.Work{Name: workEvents, Every: lookEvery, Do: func(context.Context, string) error {
			pusher.Wake()
			return nil
		}})
	}
	h.jobs, err = job.Open(ctx, job.Options{URL: h.cfg.Store.URL.Reveal(), Host: h.core.Instance(), Work: work, Logger: h.log})
	return err
}

// triggerRecovery has each provider that has something due recovered by a job of its own, so that one which hangs delays
// nobody else's doubts.
func (h *Host) triggerRecovery(ctx context.Context, _ string) error {
	due, err := h.core.DueProviders(ctx)
	if err != nil {
		return err
	}
	return h.triggerEach(ctx, workProvider, due)
}

// triggerCatchup does the same for notices.
func (h *Host) triggerCatchup(ctx context.Context, _ string) error {
	due, err := h.inbox.DueProviders(ctx)
	if err != nil {
		return err
	}
	return h.triggerEach(ctx, workCatchup, due)
}

func (h *Host) triggerEach(ctx context.Context, work string, providers []string) error {
	for _, name := range providers {
		if err := h.jobs.Trigger(ctx, work, name); err != nil {
			return err
		}
	}
	return nil
}
