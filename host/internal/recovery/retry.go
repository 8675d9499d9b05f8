package recovery

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// defaultWindow is how long a declared guarantee of retries holds when the plugin
// does not say.
const defaultWindow = 10 * time.Minute

// decision says whether a create in doubt may be sent again with the same key and
// sequence.
type decision int

const (
	retryNever decision = iota
	retryNow
	// retryForeign: the declaration would allow it, but the account's identity or
	// the plugin that derived the keys has changed.
	retryForeign
)

// retryCreate sends a create in doubt again where that is safe, as one more
// attempt of the same intent. notFound says that the provider has just said that
// it does not know the intent.
func (r *Reconciler) retryCreate(ctx context.Context, lease core.Lease, i *intent.Intent, notFound bool,
) (decision, error) {
	guarantee := core.CreateGuarantee(lease.Info(), i.Kind)
	if i.Status != payment.Unknown || guarantee.Retry == "" || guarantee.Retry == sdk.RetryNone {
		return retryNever, nil
	}

	decided := retryNever
	_, err := r.core.RetryCreate(ctx, lease, i, func(current *intent.Intent, attempts []payment.Attempt,
		first payment.Attempt, now time.Time,
	) bool {
		decided = mayRetry(lease, current, attempts, notFound, now)
		return decided == retryNow
	})
	return decided, err
}

// mayRetry holds the table of what recovery may do with an unknown create:
//
//	declared            with a status verb                       without
//	none                query; never retry                       wait
//	rejects_duplicates  query; not found (immediate): retry      retry
//	returns_original    retry                                    retry
//
// In every case only within the declared window since the first attempt, by the
// same identity, by the plugin version that derived the keys, and when no other
// attempt can reach the provider any more. now is the database's.
func mayRetry(lease core.Lease, i *intent.Intent, attempts []payment.Attempt, notFound bool,
	now time.Time,
) decision {
	guarantee := core.CreateGuarantee(lease.Info(), i.Kind)
	if i.Status != payment.Unknown || len(attempts) == 0 || core.Arrived(attempts) {
		return retryNever
	}
	rejects := guarantee.Retry == sdk.RetryRejectsDuplicates
	if !rejects && guarantee.Retry != sdk.RetryReturnsOriginal {
		return retryNever
	}
	if _, busy := core.UnderWay(attempts, now); busy {
		return retryNever
	}

	first := attempts[0]
	switch {
	case tooLate(first, now, lease, guarantee):
		return retryNever
	case rejects && notFound && !core.NotFoundProves(lease, i.Kind):
		return retryNever
	case !sameSender(first, lease):
		return retryForeign
	}
	return retryNow
}

// retryCapture sends a capture in doubt again, with its own key, where the plugin
// declares that this answers with the first one's result. It reports whether it
// was sent.
func (r *Reconciler) retryCapture(ctx context.Context, lease core.Lease, i *intent.Intent,
) (sent bool, err error) {
	guarantee := lease.Info().CapturePayment
	if guarantee.Retry != sdk.RetryReturnsOriginal || !lease.Has(sdk.CapabilityCapturePayment) {
		return false, nil
	}

	return r.core.RetryCapture(ctx, lease, i, func(_ *intent.Intent, attempts []payment.Attempt,
		first payment.Attempt, now time.Time,
	) bool {
		_, busy := core.UnderWay(attempts, now)
		return !busy && !tooLate(first, now, lease, guarantee) && sameSender(first, lease)
	})
}

// sameSender reports whether a retry through a lease comes from the same identity,
// and has its keys derived by the same plugin version, as the first attempt.
func sameSender(first payment.Attempt, lease core.Lease) bool {
	return first.Fingerprint == lease.Fingerprint() && first.PluginVersion == lease.Version()
}

// tooLate reports whether a retry begun now could reach the provider when its
// guarantee no longer holds. A twentieth of the window is left as a margin: the
// provider counts by a clock of its own. A first attempt that is in the future
// was dated by a clock that has been set back since, and tells nothing.
func tooLate(first payment.Attempt, now time.Time, lease core.Lease, guarantee sdk.IdempotencySupport) bool {
	window := guarantee.Window
	if window == 0 {
		window = defaultWindow
	}
	since := now.Sub(first.StartedAt)
	return since < 0 || since+lease.Config().Timeout > window-window/20
}
