package recovery

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// defaultWindow is how long a declared guarantee of retries holds when the
// plugin does not say.
const defaultWindow = 10 * time.Minute

// decision reports whether a create in doubt may be sent again with the same
// key and sequence.
type decision int

const (
	retryNever decision = iota
	retryNow
	// retryForeign: the declaration would allow it, but the account's identity
	// or the plugin that derived the keys has changed.
	retryForeign
)

// retryCreate sends a create in doubt again where that is safe, as one more
// attempt of the same intent. notFound says that the provider has just said
// that it does not know the intent.
func (r *Reconciler) retryCreate(
	ctx context.Context,
	lease core.Lease,
	i *intent.Intent,
	notFound bool,
) (decision, error) {
	guarantee := core.CreateGuarantee(lease.Info(), i.Kind)
	none := guarantee.Retry == "" || guarantee.Retry == sdk.RetryNone
	if i.Status != payment.Unknown || none {
		return retryNever, nil
	}

	// It is decided in the transaction that records the retry, and kept from
	// there.
	decided := retryNever
	_, err := r.core.RetryCreate(ctx, lease, i, func(call core.InDoubt) bool {
		decided = mayRetry(lease, call, notFound)
		return decided == retryNow
	})

	return decided, err
}

// mayRetry holds the table of what recovery may do with an unknown create:
//
//	declared            with a status verb                   without
//	none                query; never retry                   wait
//	rejects_duplicates  query; not found (immediate): retry  retry
//	returns_original    retry                                retry
//
// In every case only within the declared window since the first attempt, by the
// same identity, by the plugin version that derived the keys, and when no other
// attempt can reach the provider any more.
func mayRetry(lease core.Lease, call core.InDoubt, notFound bool) decision {
	if call.Intent.Status != payment.Unknown || core.Arrived(call.Attempts) {
		return retryNever
	}
	guarantee := core.CreateGuarantee(lease.Info(), call.Intent.Kind)
	rejects := guarantee.Retry == sdk.RetryRejectsDuplicates
	if !rejects && guarantee.Retry != sdk.RetryReturnsOriginal {
		return retryNever
	}

	if _, busy := core.UnderWay(call.Attempts, call.Now); busy {
		return retryNever
	}

	// The guarantee must hold for this retry, and "not found" must be believed.
	switch {
	case tooLate(call, lease, guarantee):
		return retryNever
	case rejects && notFound && !core.NotFoundProves(lease, call.Intent.Kind):
		return retryNever
	case !sameSender(call, lease):
		return retryForeign
	}

	return retryNow
}

// retryCapture sends a capture in doubt again, with its own key, where the
// plugin declares that this answers with the first one's result. It reports
// whether it was sent.
func (r *Reconciler) retryCapture(ctx context.Context, lease core.Lease, i *intent.Intent,
) (sent bool, err error) {
	guarantee := lease.Info().CapturePayment
	returnsFirst := guarantee.Retry == sdk.RetryReturnsOriginal
	if !returnsFirst || !lease.Has(sdk.CapabilityCapturePayment) {
		return false, nil
	}

	return r.core.RetryCapture(ctx, lease, i, func(call core.InDoubt) bool {
		_, busy := core.UnderWay(call.Attempts, call.Now)
		return !busy && !tooLate(call, lease, guarantee) && sameSender(call, lease)
	})
}

// sameSender reports whether a retry through a lease comes from the same
// identity, and has its keys derived by the same plugin version, as the first
// attempt.
func sameSender(call core.InDoubt, lease core.Lease) bool {
	return call.First.Fingerprint == lease.Fingerprint() &&
		call.First.PluginVersion == lease.Version()
}

// tooLate reports whether a retry begun now could reach the provider when its
// guarantee no longer holds. A twentieth of the window is left as a margin: the
// provider counts by a clock of its own. A first attempt that is in the future
// was dated by a clock that has been set back since, and tells nothing.
func tooLate(call core.InDoubt, lease core.Lease, guarantee sdk.IdempotencySupport) bool {
	window := guarantee.Window
	if window == 0 {
		window = defaultWindow
	}
	since := call.Now.Sub(call.First.StartedAt)
	return since < 0 || since+lease.Config().Timeout > window-window/20
}
