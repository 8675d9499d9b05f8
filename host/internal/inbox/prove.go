package inbox

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/sdk"
)

// proveTimeout bounds how long a plugin may look at a request that is stored
// only if it verifies. One of at most cheapBody is looked at at once: most that
// are genuine are no longer.
const (
	proveTimeout = 5 * time.Second
	cheapBody    = 4 << 10
)

// The place of a trial that proved nothing rests, see giveTrial.
const (
	trialRest    = 3
	maxTrialRest = 250 * time.Millisecond
)

// errUnproven is for a request that its plugin has read, and that proves
// nothing.
var errUnproven = errors.New("it does not verify")

// proven is a genuine request that is not stored.
type proven struct {
	*reading
	// before is what another request has said that said the same, nil when this
	// one is worth storing.
	before *heard
}

// prove has the plugin read a request that is not stored yet, and applies
// nothing. It is for the sender of much that is worth nothing, which must
// neither fill the disk nor keep out what is genuine. Longer requests are
// looked at few at a time.
//
// The error is errUnproven when the request does not verify; any other says
// that nobody knows, because the plugin or the store is not there.
func (b *Inbox) prove(ctx context.Context, webhook *store.Webhook, who claim) (
	found *proven, err error,
) {
	if len(webhook.Request.Body) > cheapBody {
		if err := b.trials.take(ctx, who); err != nil {
			return nil, err
		}

		begun := time.Now()
		defer func() { b.giveTrial(who, time.Since(begun), err) }()
	}

	// Whatever keeps the plugin from reading it says nothing about the request.
	ctx, cancel := context.WithTimeout(ctx, proveTimeout)
	defer cancel()
	lease, err := b.accounts.AcquireExisting(ctx, webhook.Provider)
	if err != nil {
		return nil, err
	}
	defer lease.Release()

	subject, err := b.subject(ctx, webhook)
	if err != nil {
		return nil, err
	}

	read, err := b.parseInTime(ctx, lease, webhook, subject)
	switch {
	case (err != nil) && isFinal(sdk.CodeOf(err)):
		return nil, errUnproven
	case err != nil:
		return nil, err
	case read.proof <= intent.Hint:
		return nil, errUnproven
	}

	return &proven{reading: read, before: b.told.heard(read)}, nil
}

// giveTrial releases the place of a trial: at once when it proved something, else
// after trialRest times as long as it took, so that reading what proves nothing
// leaves most of the plugin's time to payments.
func (b *Inbox) giveTrial(who claim, took time.Duration, err error) {
	if err == nil {
		b.trials.give(who)
		return
	}
	time.AfterFunc(min(trialRest*took, maxTrialRest), func() { b.trials.give(who) })
}

// unprovenRefusal answers a request that was not stored because prove gave an
// error. Only what does not verify is too many; whoever sends what nobody could
// read now is told to send it again soon.
func unprovenRefusal(err error) *refusal {
	if errors.Is(err, errUnproven) {
		return &refusal{
			status: http.StatusTooManyRequests,
			text:   "too much that does not verify",
			after:  "60",
		}
	}

	return &refusal{
		status: http.StatusServiceUnavailable,
		text:   "it could not be read now",
		after:  "5",
	}
}
