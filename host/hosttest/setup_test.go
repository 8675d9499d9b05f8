package hosttest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/sdk"
)

// zenith is a provider of a service's own.
type zenith struct{ cfg zenithConfig }

type zenithConfig struct {
	Environment sdk.Environment `config:"environment,required" doc:"Which."`
	Page        string          `config:"page,required" doc:"Where customers pay."`
}

func newZenith(
	cfg zenithConfig,
	_ sdk.Runtime,
) (*zenith, error) {
	return &zenith{cfg}, nil
}

func (*zenith) Info() sdk.Info { return sdk.Info{Name: "zenith", Version: "1.0.0"} }

func (z *zenith) CreatePayment(
	_ context.Context,
	q sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	return &sdk.Payment{
		ProviderReference: "z-" + q.Reference,
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo(z.cfg.Page),
	}, nil
}

func TestAProviderTypeOfOnesOwnIsServed(t *testing.T) {
	own := json.RawMessage(`{"environment":"sandbox","page":"https://zenith.example/pay"}`)
	h := hosttest.Start(t, hosttest.Setup{
		Config: &host.Config{
			Providers: []config.Provider{
				{Name: "z", Plugin: "zenith", Enabled: true, Config: own},
			},
		},
		Providers: []*hosttest.Provider{hosttest.NewProvider("shop")},
		Plugins:   []*hosttest.Plugin{hosttest.NewPlugin(newZenith)},
	})
	if p := pay(t, h, "z", "k"); p.NextAction == nil ||
		p.NextAction.URL != "https://zenith.example/pay" ||
		p.ProviderReference != "z-"+p.ID {
		t.Errorf("%+v", p)
	}

	if p := pay(t, h, "shop", "k2"); p.Provider != "shop" {
		t.Errorf("%+v", p)
	}
}

// What a Config says holds: events are pushed, and payments live as long as it
// says.
func TestAConfigIsHeeded(t *testing.T) {
	pushed := make(chan string, 10)
	shop := httptest.NewServer(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var e host.Event
			if json.NewDecoder(r.Body).Decode(&e) == nil {
				pushed <- e.PaymentID
			}
		}),
	)

	t.Cleanup(shop.Close)
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	cfg := &host.Config{
		Events: config.Events{
			URL:     shop.URL,
			Secrets: []sdk.Secret{sdk.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
		},
		Providers: []config.Provider{
			{Name: "shop", Enabled: true, PaymentTTL: 7 * time.Minute},
		},
	}

	h := hosttest.Start(t, hosttest.Setup{
		Config:    cfg,
		Providers: []*hosttest.Provider{hosttest.NewProvider("shop")},
		Options:   []host.Option{host.WithClock(hosttest.NewClock(start).Now)},
	})
	p := pay(t, h, "shop", "k")
	if p.ExpiresAt == nil || !p.ExpiresAt.Equal(start.Add(7*time.Minute)) {
		t.Errorf("it expires at %v", p.ExpiresAt)
	}

	if got := <-pushed; got != p.ID {
		t.Errorf("an event of %s was pushed", got)
	}
	if cfg.Host.DataDir != "" || cfg.Providers[0].Plugin != "" {
		t.Errorf("the test's own configuration was changed: %+v", cfg)
	}
}
