//go:build linux

package supervisor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
)

func TestLeaseSaysWhatItIsPinnedTo(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	l := s.acquire("a")
	if l.Provider() != "a" || l.Plugin() != "actor" || l.Version() != "1.0.0" ||
		l.Fingerprint() == "" ||
		l.Info().Name != "actor" {
		t.Errorf("%s %s %s %s", l.Provider(), l.Plugin(), l.Version(), l.Fingerprint())
	}

	if !l.Has(sdk.CapabilityCreatePayment) || l.Has(sdk.CapabilityCreatePayout) ||
		!slices.Contains(l.Account().Currencies, "USD") {
		t.Errorf("account %+v", l.Account())
	}

	if l.Config().Timeout != 30*time.Second {
		t.Errorf("config %+v", l.Config())
	}
	l.Release()
	l.Release()
	if st := s.status("a"); st.InFlight != 0 {
		t.Errorf("in flight: %d", st.InFlight)
	}

	_, err := l.CreatePayment(context.Background(), payment("r1"))
	wantError(t, err, sdk.CodeInternal, sdk.OutcomeNotSent)
}

func TestErrorsOfThePluginAndOfTheWay(t *testing.T) {
	s := newStage(t)
	s.apply(
		"a:started",
		s.config("a", func(p *config.Provider) { p.Timeout = 300 * time.Millisecond }),
	)

	for _, c := range []struct {
		order   string
		code    sdk.Code
		outcome sdk.Outcome
		message string
	}{
		{"decline", sdk.CodeDeclined, sdk.OutcomeRefused, ""},
		{"invalid", sdk.CodeInvalidRequest, sdk.OutcomeNotSent, ""},
		{"panic", sdk.CodeInternal, sdk.OutcomeUnknown, ""},
		{"unavailable", sdk.CodeUnavailable, sdk.OutcomeUnknown, "no answer"},
		// the plugin's own word at its deadline, or the host's
		{"wait", sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
	} {
		t.Run(c.order, func(t *testing.T) {
			s.provider.Say(c.order)
			_, err := s.pay("a")
			if e := wantError(t, err, c.code, c.outcome); !strings.Contains(
				e.Message,
				c.message,
			) {
				t.Errorf("message %q", e.Message)
			}
		})
	}

	l := s.acquire("a")
	_, err := l.CreatePayout(context.Background(), sdk.CreatePayoutRequest{})
	wantError(t, err, sdk.CodeNotSupported, sdk.OutcomeNotSent)
}

// go-plugin trap 26: a plugin cannot tell a cancel from a deadline.
func TestCallOfACallerWhoIsGone(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	l := s.acquire("a")
	ctx, cancel := context.WithCancel(context.Background())
	entered, _ := s.provider.Hold(t, "ok", nil)
	failed := make(chan error, 1)
	go func() {
		_, err := l.CreatePayment(ctx, payment("r1"))
		failed <- err
	}()

	plugintest.Await(t, entered)
	cancel()
	if e := wantError(t, plugintest.Await(t, failed), sdk.CodeUnavailable, sdk.OutcomeUnknown); !strings.Contains(
		e.Message,
		"gave up",
	) {
		t.Errorf("message %q", e.Message)
	}

	_, err := l.CreatePayment(ctx, payment("r2"))
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	_, err = s.sup.Acquire(ctx, "a")
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	if n := len(s.provider.Calls()); n != 1 {
		t.Errorf("the provider got %d calls", n)
	}
}

func TestUnknownProvider(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	for _, acquire := range []func(context.Context, string) (*Lease, error){s.sup.Acquire, s.sup.AcquireExisting} {
		_, err := acquire(context.Background(), "nobody")
		wantError(t, err, sdk.CodeNotFound, sdk.OutcomeNotSent)
	}
}

func TestBulkheadBoundsOneAccountAndNotTheOther(t *testing.T) {
	s := newStage(t, func(tune *tuning) { tune.queueWait = 50 * time.Millisecond })
	s.apply(
		"a:started b:started",
		s.config("a", func(p *config.Provider) { p.MaxInFlight = 2 }),
		s.config("b"),
	)

	first, second := s.acquire("a"), s.acquire("a")
	if st := s.status("a"); st.InFlight != 2 || st.MaxInFlight != 2 {
		t.Errorf("status %+v", st)
	}
	_, err := s.sup.Acquire(context.Background(), "a")
	if e := wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent); e.RetryAfter != time.Second {
		t.Errorf("retry after %s", e.RetryAfter)
	}

	s.mustPay("b")
	first.Release()
	s.mustPay("a")
	second.Release()
}

func TestBreakerOpensOnSilenceOnly(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.breakerFailures, tune.breakerOpen = 3, time.Hour },
	)

	s.apply("a:started", s.config("a"))
	l := s.acquire("a")
	try := func(order string, times int) {
		s.provider.Say(order)
		for range times {
			_, _ = l.CreatePayment(context.Background(), payment("r1"))
		}
	}

	try("decline", 5)
	try("panic", 5)
	try("unavailable", 2)
	try("ok", 1)
	try("unavailable", 2)
	if st := s.status("a"); st.Breaker != "closed" {
		t.Fatalf("breaker %s", st.Breaker)
	}

	try("unavailable", 1)
	if st := s.status("a"); st.Breaker != "open" {
		t.Fatalf("breaker %s", st.Breaker)
	}
	calls := len(s.provider.Calls())
	_, err := l.CreatePayment(context.Background(), payment("r1"))
	if e := wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent); e.RetryAfter == 0 {
		t.Error("it does not say when to come again")
	}

	_, err = s.sup.Acquire(context.Background(), "a")
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	if len(s.provider.Calls()) != calls {
		t.Error("the provider was called through an open breaker")
	}

	existing, err := s.sup.AcquireExisting(context.Background(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer existing.Release()

	if _, err := existing.ParseWebhook(context.Background(), sdk.ParseWebhookRequest{Scope: sdk.ScopeOpen}); err != nil {
		t.Errorf("a notice: %v", err)
	}
	s.provider.Say("ok")
	if _, err := existing.CheckHealth(context.Background()); err != nil {
		t.Errorf("a health check: %v", err)
	}
}

func TestBreakerClosesWhenTheProviderAnswersAgain(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.breakerFailures, tune.breakerOpen = 1, 20*time.Millisecond },
	)

	s.apply("a:started", s.config("a"))
	s.provider.Say("unavailable")
	_, _ = s.pay("a")
	s.provider.Say("decline")
	eventually(
		t,
		"a call is let through",
		func() bool { _, err := s.pay("a"); return sdk.CodeOf(err) == sdk.CodeDeclined },
	)

	if st := s.status("a"); st.Breaker != "closed" {
		t.Errorf("breaker %s", st.Breaker)
	}
}

func TestExchangesReachTheCallersLog(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	ctx, log := sdk.WithExchangeLog(context.Background())
	if _, err := s.acquire("a").CreatePayment(ctx, payment("r1")); err != nil {
		t.Fatal(err)
	}

	if list := log.Exchanges(); len(list) != 1 || list[0].Method != "POST" ||
		list[0].Status != 200 {
		t.Errorf("exchanges %+v", list)
	}
}

func TestEveryCallIsCountedAndLoggedWithoutSecrets(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a", func(p *config.Provider) {
		p.Config = own(
			map[string]string{"base_url": s.provider.URL, "key": "very-secret-key"},
		)
	}))

	s.mustPay("a")
	s.provider.Say("decline")
	_, _ = s.pay("a")
	s.provider.Say("rawstderr leaks very-secret-key here")
	_, _ = s.pay("a")

	for labels, want := range map[string]float64{
		"code=ok outcome=ok provider=a verb=create_payment":               1,
		"code=declined outcome=refused provider=a verb=create_payment":    1,
		"code=unavailable outcome=unknown provider=a verb=create_payment": 0,
	} {
		if got := s.metric("payhost_provider_calls_total", labels); got < want {
			t.Errorf("%s is %v", labels, got)
		}
	}

	if got := s.metric("payhost_provider_in_flight", "provider=a"); got != 0 {
		t.Errorf("in flight: %v", got)
	}
	eventually(
		t,
		"the line is logged",
		func() bool { return strings.Contains(s.log.String(), "leaks [secret] here") },
	)

	for _, want := range []string{`msg="provider call" provider=a verb=create_payment`, "code=declined outcome=refused"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("%q is not in the log", want)
		}
	}

	if strings.Contains(s.log.String(), "very-secret-key") {
		t.Error("a secret is in the log")
	}
}

// metric returns one figure; labels are sorted as name=value.
func (s *stage) metric(name, labels string) float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}

	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && labelText(m.GetLabel()) == labels {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}

	return 0
}

func labelText(pairs []*dto.LabelPair) string {
	var list []string
	for _, p := range pairs {
		list = append(list, p.GetName()+"="+p.GetValue())
	}
	return strings.Join(list, " ")
}

func TestTwoRegistriesMayShareTheirMetrics(t *testing.T) {
	shared := prometheus.NewRegistry()
	for range 2 {
		newMetrics(
			shared,
		).count("a", sdk.CapabilityCreatePayment, &sdk.Error{Code: "made up by a plugin"})
	}

	families, err := shared.Gather()
	if err != nil {
		t.Fatal(err)
	}

	for _, f := range families {
		if f.GetName() == "payhost_provider_calls_total" {
			if m := f.GetMetric()[0]; len(f.GetMetric()) != 1 ||
				m.GetCounter().GetValue() != 2 ||
				!strings.Contains(labelText(m.GetLabel()), "code=other") {
				t.Errorf("%v", f)
			}
		}
	}
}

func TestStatusIsWhatTheAPIShows(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a", func(p *config.Provider) { p.Required = true }))
	text, err := json.Marshal(s.sup.Statuses())
	if err != nil {
		t.Fatal(err)
	}

	var list []map[string]any
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 1 {
		t.Fatal(string(text), err)
	}

	for key, want := range map[string]any{
		"name": "a", "state": "ready", "plugin": "actor", "version": "1.0.0", "contract_version": 1.0, "enabled": true,
		"required": true, "restarts": 0.0, "in_flight": 0.0, "breaker": "closed", "description": "misbehaves on demand",
	} {
		if list[0][key] != want {
			t.Errorf("%s is %v, want %v", key, list[0][key], want)
		}
	}

	for _, key := range []string{"pid", "checksum", "started_at", "capabilities", "currencies", "countries", "webhook_trust", "operations", "config_schema"} {
		if list[0][key] == nil {
			t.Errorf("%s is missing", key)
		}
	}
}

// The chain is the way of every verb: an address that is no address for a
// customer ends there.
func TestAScriptOfAPluginEndsInTheChain(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	lease := s.acquire("a")
	p, err := runCall(
		context.Background(),
		lease,
		sdk.CapabilityCreatePayment,
		func(context.Context) (*sdk.Payment, error) {
			return &sdk.Payment{
				Status:     sdk.PaymentRequiresAction,
				NextAction: sdk.RedirectTo("javascript:alert(1)"),
			}, nil
		},
	)
	if (err != nil) || (p.NextAction != nil) || (p.Status != sdk.PaymentRequiresAction) {
		t.Errorf("got %+v, %v", p, err)
	}

	eventually(
		t,
		"it is logged",
		func() bool { return strings.Contains(s.log.String(), "is not passed on") },
	)
}
