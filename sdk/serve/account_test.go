package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/serve"
)

// builds keeps every provider that a script has built.
type builds struct {
	mu  sync.Mutex
	all []*fake
}

func (b *builds) newFake(s *script) func(fakeConfig, sdk.Runtime) (*fake, error) {
	return func(cfg fakeConfig, rt sdk.Runtime) (*fake, error) {
		p, err := s.newFake(cfg, rt)
		if err == nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.all = append(b.all, p)
		}
		return p, err
	}
}

// open returns the shops of those that are not closed.
func (b *builds) open() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var shops []string
	for _, p := range b.all {
		if !p.closed.Load() {
			shops = append(shops, p.cfg.Shop)
		}
	}
	return shops
}

func shopOf(_ context.Context, p *fake, _ string, _ any) (any, error) {
	return &sdk.Payment{Status: sdk.PaymentProcessing, ProviderReference: p.cfg.Shop}, nil
}

func (r *rig) shop(t *testing.T) string {
	t.Helper()
	p, err := r.main().GetPayment(t.Context(), sdk.GetPaymentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return p.ProviderReference
}

func TestReconfigure(t *testing.T) {
	var b builds
	r := serveNew(t, b.newFake(&script{verb: shopOf}))
	first := r.configure(t, `{"shop": "one"}`)
	second := r.configure(t, `{"shop": "two"}`)
	if first.IdentityFingerprint == second.IdentityFingerprint ||
		first.IdentityFingerprint == "" {
		t.Errorf(
			"fingerprints %q and %q",
			first.IdentityFingerprint,
			second.IdentityFingerprint,
		)
	}

	if got := r.shop(t); got != "two" {
		t.Errorf("shop %q", got)
	}
	if open := b.open(); len(open) != 1 || open[0] != "two" {
		t.Errorf("still open: %v", open)
	}
}

func TestFailedConfigureChangesNothing(t *testing.T) {
	var b builds
	r := serveNew(t, b.newFake(&script{
		verb: shopOf,
		build: func(cfg fakeConfig, _ sdk.Runtime) error {
			switch cfg.Shop {
			case "refused":
				return errors.New("no such shop " + cfg.Key.Reveal())
			case "typed":
				return sdk.Invalid(sdk.Violation{Field: "shop", Message: "no"})
			case "panic":
				panic("at " + cfg.Key.Reveal())
			}
			return nil
		},
	}))

	r.configure(t, `{"shop": "one"}`)
	for config, want := range map[string]struct {
		code    sdk.Code
		outcome sdk.Outcome
		text    string
	}{
		`{"shop": "refused", "key": "s3cret-1"}`:         {sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "no such shop [secret]"},
		`{"shop": "typed"}`:                              {sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "shop: no"},
		`{"shop": "panic", "key": "s3cret-2"}`:           {sdk.CodeInternal, sdk.OutcomeUnknown, "panic in Configure: at [secret]"},
		`{"shoop": "x", "also": 1}`:                      {sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "also"},
		`{"shop": "` + strings.Repeat("x", 1<<20) + `"}`: {sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "config: at most"},
	} {
		_, err := r.Configure(t.Context(), "main", json.RawMessage(config))
		e := sdk.AsError(err)
		if e == nil || e.Code != want.code || e.Outcome != want.outcome ||
			!strings.Contains(e.Error(), want.text) {
			t.Errorf("%.40s: got %v", config, err)
		}
	}

	if got := r.shop(t); got != "one" {
		t.Errorf("shop %q", got)
	}
	if log := r.log.String(); strings.Contains(log, "s3cret") {
		t.Errorf("the log shows a secret: %s", log)
	}
}

func TestConfigureNeedsAName(t *testing.T) {
	r := serveScript(t, &script{})
	for _, name := range []string{"", "a b", "ä", strings.Repeat("x", 65)} {
		_, err := r.Configure(t.Context(), name, json.RawMessage(`{}`))
		want(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
	}
}

func TestConstructorThatGivesNothing(t *testing.T) {
	r := serveNew(t, func(struct{}, sdk.Runtime) (*fake, error) { return nil, nil })
	_, err := r.Configure(t.Context(), "main", json.RawMessage(`{}`))
	want(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
}

func TestConstructorOfAnInterfaceIsRefused(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(
			text,
			"the provider's own type",
		) {
			t.Errorf("got %s", text)
		}
	}()

	serve.NewServer(
		func(struct{}, sdk.Runtime) (sdk.Provider, error) { return nil, nil },
		serve.Options{},
	)
}

func TestDeconfigure(t *testing.T) {
	var b builds
	r := serveNew(t, b.newFake(&script{verb: shopOf}))
	r.configure(t, `{"shop": "one"}`)

	for range 2 { // it may be repeated
		if err := r.Deconfigure(t.Context(), "main"); err != nil {
			t.Fatal(err)
		}
	}

	if open := b.open(); len(open) != 0 {
		t.Errorf("still open: %v", open)
	}
	_, err := r.main().GetPayment(t.Context(), sdk.GetPaymentRequest{})
	want(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
	r.configure(t, `{"shop": "again"}`)
	if got := r.shop(t); got != "again" {
		t.Errorf("shop %q", got)
	}
}

// TestCallKeepsItsAccount holds one call in the provider while its account is
// replaced and then forgotten.
func TestCallKeepsItsAccount(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var b builds
	r := serveNew(
		t,
		b.newFake(
			&script{
				verb: func(ctx context.Context, p *fake, verb string, req any) (any, error) {
					if verb == "CreatePayment" {
						close(entered)
						<-leave
						if p.closed.Load() {
							return nil, errors.New("closed under a call")
						}
					}
					return shopOf(ctx, p, verb, req)
				},
			},
		),
	)

	r.configure(t, `{"shop": "one"}`)
	type result struct {
		payment *sdk.Payment
		err     error
	}
	done := make(chan result, 1)
	go func() {
		p, err := r.main().CreatePayment(t.Context(), validPayment())
		done <- result{p, err}
	}()

	<-entered
	r.configure(t, `{"shop": "two"}`)
	if got := r.shop(t); got != "two" {
		t.Errorf("a new call got shop %q", got)
	}

	if err := r.Deconfigure(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	if open := b.open(); len(open) != 1 || open[0] != "one" {
		t.Errorf("while the call runs, open is %v", open)
	}

	close(leave)
	if got := <-done; got.err != nil || got.payment.ProviderReference != "one" {
		t.Errorf("the call got %+v, %v", got.payment, got.err)
	}
	if open := b.open(); len(open) != 0 {
		t.Errorf("still open: %v", open)
	}
}

// TestOvertakenConfigure lets an earlier Configure finish after a later one, as
// when a host has given up on it.
func TestOvertakenConfigure(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var b builds
	r := serveNew(t, b.newFake(&script{
		verb: shopOf,
		build: func(cfg fakeConfig, _ sdk.Runtime) error {
			if cfg.Shop == "slow" {
				close(entered)
				<-leave
			}
			return nil
		},
	}))

	done := make(chan error, 1)
	go func() {
		_, err := r.Configure(t.Context(), "main", json.RawMessage(`{"shop": "slow"}`))
		done <- err
	}()

	<-entered
	r.configure(t, `{"shop": "later"}`)
	close(leave)
	want(t, <-done, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	if got := r.shop(t); got != "later" {
		t.Errorf("shop %q", got)
	}

	if open := b.open(); len(open) != 1 || open[0] != "later" {
		t.Errorf("open: %v", open)
	}
}

// TestAbandonedConfigure ends the caller's context while the account is being
// built: the host takes the old one to be in place, so it must be.
func TestAbandonedConfigure(t *testing.T) {
	var b builds
	entered := make(chan struct{})
	leave := make(chan struct{})
	left := make(chan struct{})
	r := serveNew(t, b.newFake(&script{
		verb: shopOf,
		build: func(cfg fakeConfig, _ sdk.Runtime) error {
			if cfg.Shop == "slow" {
				close(entered)
				<-leave
				defer close(left)
			}
			return nil
		},
	}))

	r.configure(t, `{"shop": "old"}`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.Configure(ctx, "main", json.RawMessage(`{"shop": "slow"}`))
		done <- err
	}()

	<-entered
	cancel()
	want(t, <-done, sdk.CodeUnavailable, sdk.OutcomeUnknown)
	r.shop(
		t,
	) // a call on the same connection: the cancel, which was sent before it, has arrived
	close(leave)
	<-left

	if got := r.shop(t); got != "old" {
		t.Errorf("shop %q", got)
	}
}

// TestConcurrentReconfigure changes an account under load: no call fails, none
// meets a closed provider, and in the end one provider is open.
func TestConcurrentReconfigure(t *testing.T) {
	var b builds
	r := serveNew(
		t,
		b.newFake(
			&script{
				verb: func(ctx context.Context, p *fake, verb string, req any) (any, error) {
					if p.closed.Load() {
						return nil, errors.New("closed before the call")
					}
					resp, err := shopOf(ctx, p, verb, req)
					if p.closed.Load() {
						return nil, errors.New("closed under the call")
					}
					return resp, err
				},
			},
		),
	)

	r.configure(t, `{"shop": "0"}`)
	var wg sync.WaitGroup
	var over atomic.Bool

	for range 4 {
		wg.Go(func() {
			for !over.Load() {
				if _, err := r.main().GetPayment(t.Context(), sdk.GetPaymentRequest{}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}

	for i := range 100 {
		config := fmt.Sprintf(`{"shop": "%d", "key": "secret-%d"}`, i, i)
		if _, err := r.Configure(t.Context(), "main", json.RawMessage(config)); err != nil {
			t.Error(err)
		}
	}

	over.Store(true)
	wg.Wait()
	if open := b.open(); len(open) != 1 || open[0] != "99" {
		t.Errorf("open: %v", open)
	}
}

// What is given to OnClose is done once, after the last call of the account, in
// the reverse order, also when some of it panics; and at once when the account
// is never ready.
func TestOnClose(t *testing.T) {
	var mu sync.Mutex
	var done []string
	note := func(what string) func() {
		return func() {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, what)
		}
	}

	wantDone := func(when, want string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(done, " "); got != want {
			t.Errorf("%s: done is %q, want %q", when, got, want)
		}
		done = nil
	}

	started, release := make(chan struct{}), make(chan struct{})
	r := serveScript(t, &script{
		build: func(cfg fakeConfig, rt sdk.Runtime) error {
			rt.OnClose(note("first-" + cfg.Shop))
			rt.OnClose(func() { panic("at the end of " + cfg.Shop) })
			rt.OnClose(note("last-" + cfg.Shop))

			switch cfg.Shop {
			case "refused":
				return errors.New("no such shop")
			case "panic":
				panic("in the constructor")
			}

			return nil
		},
		verb: func(_ context.Context, _ *fake, verb string, _ any) (any, error) {
			if verb == "GetPayment" {
				close(started)
				<-release
			}
			return nil, sdk.Refused(sdk.CodeNotFound, "", "")
		},
	})

	r.configure(t, `{"shop": "one"}`)
	wantDone("in place of the first", "last- first-")

	for _, shop := range []string{"refused", "panic"} {
		if _, err := r.Configure(t.Context(), "main", json.RawMessage(`{"shop": "`+shop+`"}`)); err == nil {
			t.Errorf("%s was configured", shop)
		}
		wantDone(shop, "last-"+shop+" first-"+shop)
	}

	call := make(chan error, 1)
	go func() {
		_, err := r.main().
			GetPayment(context.WithoutCancel(t.Context()), sdk.GetPaymentRequest{})
		call <- err
	}()

	<-started
	r.configure(t, `{"shop": "two"}`)
	wantDone("with a call in flight", "")
	close(release)
	<-call
	if err := r.Deconfigure(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}

	wantDone("after the last call", "last-one first-one last-two first-two")
	if log := r.log.String(); !strings.Contains(log, "at the end of one") {
		t.Errorf("the panic is not in the log: %s", log)
	}
}
