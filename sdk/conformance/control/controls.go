package control

import (
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// Controls are what the kit can do at a simulator, whether it is in this
// process or in another one. A control that the simulator lacks is nil. An
// error means that the simulator could not be reached, or does not speak the
// control protocol; the plugin has no part in it.
type Controls struct {
	Books    func(context.Context) ([]ledger.Entry, error)
	Settle   func(ctx context.Context, reference string) error
	Webhooks func(ctx context.Context, reference string) ([]sdk.HTTPRequest, error)
	Returns  func(ctx context.Context, reference string) ([]sdk.HTTPRequest, error)
	// Odd has the odd webhooks that there are.
	Odd map[Oddity]func(ctx context.Context, references []string) ([]sdk.HTTPRequest, error)
	// LoginPath is where a plugin logs in first; "" is nowhere.
	LoginPath string
	Samples   Samples
}

// Of returns the controls of a simulator: those that a Remote told of itself,
// or those of the interfaces that the simulator implements.
func Of(simulator Simulator) Controls {
	if remote, ok := simulator.(*Remote); ok {
		return remote.controls()
	}

	var controls Controls
	if bookkeeper, ok := simulator.(Bookkeeper); ok {
		controls.Books = func(context.Context) ([]ledger.Entry, error) {
			return bookkeeper.Ledger().Entries(), nil
		}
	}

	if settler, ok := simulator.(Settler); ok {
		controls.Settle = func(_ context.Context, reference string) error {
			settler.Settle(reference)
			return nil
		}
	}

	if notifier, ok := simulator.(Notifier); ok {
		controls.Webhooks = func(_ context.Context, reference string) ([]sdk.HTTPRequest, error) {
			return notifier.Webhooks(reference), nil
		}
	}

	if notifier, ok := simulator.(OddNotifier); ok {
		controls.Odd = oddControls(notifier)
	}
	if returner, ok := simulator.(Returner); ok {
		controls.Returns = func(_ context.Context, reference string) ([]sdk.HTTPRequest, error) {
			return returner.Returns(reference), nil
		}
	}

	if authenticator, ok := simulator.(Authenticator); ok {
		controls.LoginPath = authenticator.LoginPath()
	}
	if requests, ok := simulator.(Requests); ok {
		controls.Samples = requests.Samples()
	}

	return controls
}

func oddControls(
	notifier OddNotifier,
) map[Oddity]func(context.Context, []string) ([]sdk.HTTPRequest, error) {
	odd := map[Oddity]func(context.Context, []string) ([]sdk.HTTPRequest, error){}
	for oddity, webhooks := range notifier.OddWebhooks() {
		odd[oddity] = func(_ context.Context, references []string) ([]sdk.HTTPRequest, error) {
			return webhooks(references...), nil
		}
	}
	return odd
}
