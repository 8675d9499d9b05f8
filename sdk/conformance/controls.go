package conformance

import (
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// controls are what the kit does at the provider's side, past its API. What the simulator cannot do is nil. An error
// means that the simulator could not be reached, or does not speak the control protocol: nothing of the plugin's.
type controls struct {
	books    func(context.Context) ([]fault.Entry, error)
	settle   func(ctx context.Context, reference string) error
	webhooks func(ctx context.Context, reference string) ([]sdk.HTTPRequest, error)
	returns  func(ctx context.Context, reference string) ([]sdk.HTTPRequest, error)
	odd      map[Oddity]func(ctx context.Context, references []string) ([]sdk.HTTPRequest, error)
	login    string // the path where a plugin logs in first, if the provider wants that
	samples  Samples
}

// controlsOf finds out what a simulator can do. One in another process says so itself.
func controlsOf(sim Simulator) controls {
	if r, ok := sim.(*Remote); ok {
		return r.controls()
	}
	var c controls
	if b, ok := sim.(Bookkeeper); ok {
		c.books = func(context.Context) ([]fault.Entry, error) { return b.Books().Entries(), nil }
	}
	if s, ok := sim.(Settler); ok {
		c.settle = func(_ context.Context, reference string) error {
			s.Settle(reference)
			return nil
		}
	}
	if n, ok := sim.(Notifier); ok {
		c.webhooks = func(_ context.Context, reference string) ([]sdk.HTTPRequest, error) {
			return n.Webhooks(reference), nil
		}
	}
	if n, ok := sim.(OddNotifier); ok {
		c.odd = map[Oddity]func(context.Context, []string) ([]sdk.HTTPRequest, error){}
		for oddity, give := range n.OddWebhooks() {
			c.odd[oddity] = func(_ context.Context, references []string) ([]sdk.HTTPRequest, error) {
				return give(references...), nil
			}
		}
	}
	if r, ok := sim.(Returner); ok {
		c.returns = func(_ context.Context, reference string) ([]sdk.HTTPRequest, error) { return r.Returns(reference), nil }
	}
	if a, ok := sim.(Authenticator); ok {
		c.login = a.LoginPath()
	}
	if r, ok := sim.(Requests); ok {
		c.samples = r.Samples()
	}
	return c
}
