package core_test

import (
	"context"
	"errors"
	"github.com/payhost/payhost/host/internal/coretest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

func TestAPaymentIsOnDiskBeforeItsProviderIsCalled(t *testing.T) {
	r := newRig(t)
	var seen *payment.Payment
	r.Account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		p, err := r.Payment(ctx, req.Reference)
		if err != nil {
			return nil, err
		}
		seen = p
		return coretest.Redirecting(ctx, req)
	}

	p := r.Pay(t, "k1")
	if seen == nil || seen.Status != payment.Created || len(seen.Attempts) != 1 ||
		seen.Attempts[0].Outcome != "" {
		t.Fatalf("while the provider was called the store held %+v", seen)
	}

	if p.Status != payment.RequiresAction || p.ProviderReference != "theirs-1" ||
		p.NextAction.URL != "https://pay.example/1" {
		t.Fatalf("got %+v", p)
	}

	if got := p.Amount.String(); got != "60.00" {
		t.Errorf("amount %q lost its decimals", got)
	}
	var words []string
	for _, h := range p.History {
		words = append(words, h.Action)
	}

	if got := strings.Join(words, " "); got != "created called redirected" {
		t.Errorf("history is %q", got)
	}
}

func TestTheRequestCarriesWhatTheContractPromises(t *testing.T) {
	r := newRig(t)
	var got []sdk.CreatePaymentRequest
	r.Account.Settings.SequenceStart = 1000
	r.Account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		got = append(got, req)
		return coretest.Redirecting(ctx, req)
	}

	first, second := r.Pay(t, "k1"), r.Pay(t, "k2")
	if got[0].Sequence != 1000 || got[1].Sequence != 1001 {
		t.Errorf(
			"sequences %d and %d, want 1000 and 1001",
			got[0].Sequence,
			got[1].Sequence,
		)
	}

	if got[0].Reference != first.ID || got[1].Reference != second.ID || len(first.ID) > 36 {
		t.Errorf("references %q and %q", got[0].Reference, got[1].Reference)
	}
	if got[0].Attempt != 1 || got[0].IdempotencyKey == "" ||
		got[0].IdempotencyKey == got[1].IdempotencyKey {
		t.Errorf(
			"attempt %d, keys %q and %q",
			got[0].Attempt,
			got[0].IdempotencyKey,
			got[1].IdempotencyKey,
		)
	}

	for _, u := range []string{got[0].NotifyURL, got[0].ReturnURL, got[0].CancelURL} {
		if !strings.HasPrefix(u, "http://host.example/") {
			t.Errorf("url %q", u)
		}
	}

	if got[0].ReturnURL == got[0].CancelURL {
		t.Error("coming back and giving up look the same")
	}
}

func TestSixteenRequestsWithOneKeyMakeOneCall(t *testing.T) {
	r := newRig(t)
	other := r.NewHost(t)
	release := make(chan struct{})
	r.Account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		<-release
		return coretest.Redirecting(ctx, req)
	}

	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		ids      = map[string]int{}
		replayed int
	)

	for n := range 16 {
		host := []*coretest.Node{r.Node, other}[n%2]
		wg.Go(func() {
			p, again, err := host.CreatePayment(t.Context(), coretest.Request(), "one-key")
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}

			ids[p.ID]++
			if again {
				replayed++
			}
			if p.Status != payment.RequiresAction {
				t.Errorf("a waiter got %s", p.Status)
			}
		})
	}

	close(release)
	wg.Wait()
	if len(ids) != 1 || replayed != 15 || r.Account.Creates() != 1 {
		t.Fatalf(
			"%d payments, %d replays, %d calls",
			len(ids),
			replayed,
			r.Account.Creates(),
		)
	}
}

func TestAnotherRequestUnderAKeyIsAConflict(t *testing.T) {
	r := newRig(t)
	r.Account.Create = coretest.Redirecting
	r.Pay(t, "k")
	other := coretest.Request()
	other.Amount = decimal.RequireFromString("61")
	_, _, err := r.CreatePayment(t.Context(), other, "k")
	if e := coretest.Problem(t, err); e.Code != payment.CodeIdempotencyConflict {
		t.Fatalf("got %v", e)
	}

	if _, _, err = r.CreatePayout(t.Context(), coretest.PayoutRequest(), "k"); coretest.Problem(
		t,
		err,
	).Code != payment.CodeIdempotencyConflict {
		t.Fatalf("a payout under a payment's key: %v", err)
	}

	if r.Account.Creates() != 1 {
		t.Errorf("%d calls", r.Account.Creates())
	}
}

func TestWhatAFailedCreateBecomes(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		want  payment.Status
		calls int64
	}{
		{"refused is failed", coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused), payment.Failed, 1},
		{"unknown is unknown", coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown), payment.Unknown, 1},
		{"an error that says nothing is unknown", errors.New("boom"), payment.Unknown, 1},
		{"not sent is tried again, then failed", coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent), payment.Failed, 3},
		{"not sent because it is wrong is not tried again", coretest.Failing(sdk.CodeInvalidRequest, sdk.OutcomeNotSent), payment.Failed, 1},
		{"a duplicate waits for proof", coretest.Failing(sdk.CodeDuplicate, sdk.OutcomeRefused), payment.Unknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) { return nil, c.err }
			p := r.Pay(t, "k")
			if p.Status != c.want || r.Account.Creates() != c.calls ||
				len(p.Attempts) != int(c.calls) {
				t.Fatalf(
					"status %s after %d calls and %d attempts, want %s after %d",
					p.Status,
					r.Account.Creates(),
					len(p.Attempts),
					c.want,
					c.calls,
				)
			}

			if p.Failure == nil || p.Failure.Outcome != string(sdk.OutcomeOf(c.err)) {
				t.Errorf("failure %+v", p.Failure)
			}
			again, replayed, err := r.CreatePayment(t.Context(), coretest.Request(), "k")
			if err != nil || !replayed || again.ID != p.ID ||
				r.Account.Creates() != c.calls {
				t.Errorf(
					"the key's repeat: %v %v, %d calls",
					err,
					replayed,
					r.Account.Creates(),
				)
			}
		})
	}
}

func TestADuplicatePayoutIsUnderReview(t *testing.T) {
	r := newRig(t)
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeDuplicate, sdk.OutcomeRefused)
	}
	p := r.PayOut(t, "k")
	if p.Status != payment.UnderReview || p.ReviewReason != payment.ReviewUnproven {
		t.Fatalf("got %s (%s)", p.Status, p.ReviewReason)
	}
}

func TestNothingIsRecordedWhenThereIsNoPlugin(t *testing.T) {
	r := newRig(t)
	r.Account.Create = coretest.Redirecting
	r.Account.SetDown(true)
	_, _, err := r.CreatePayment(t.Context(), coretest.Request(), "k")
	if e := coretest.Problem(t, err); e.Code != string(sdk.CodeUnavailable) ||
		e.Outcome != sdk.OutcomeNotSent ||
		e.RetryAfter == 0 {
		t.Fatalf("got %v", e)
	}

	r.Account.SetDown(false)
	if p := r.Pay(t, "k"); p.Status != payment.RequiresAction {
		t.Errorf("the key is not free: %s", p.Status)
	}
}

func TestACallerWhoGoesAwayEndsTheWaitingNotTheCall(t *testing.T) {
	r := newRig(t)
	called, release := make(chan struct{}), make(chan struct{})
	r.Account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		close(called)
		<-release
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return coretest.Redirecting(ctx, req)
	}

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-called
		cancel()
	}()

	_, _, err := r.CreatePayment(ctx, coretest.Request(), "k")
	e := coretest.Problem(t, err)
	if e.Outcome != sdk.OutcomeUnknown || e.PaymentID == "" {
		t.Fatalf("got %v", e)
	}

	close(release)
	if p := r.Pay(t, "k"); p.Status != payment.RequiresAction || p.ID != e.PaymentID {
		t.Errorf("got %s %s", p.ID, p.Status)
	}
}

func TestEveryProblemOfARequestIsReportedAtOnce(t *testing.T) {
	r := newRig(t)
	bad := payment.Request{
		Currency:        "usd",
		Amount:          decimal.RequireFromString("-1"),
		SuccessURL:      "javascript:alert(1)",
		CancelURL:       "/relative",
		ExpiresAt:       r.Clock.Now().Add(-time.Second),
		Description:     "line\nbreak",
		Metadata:        map[string]string{strings.Repeat("k", 41): "v"},
		ProviderOptions: []byte(`[]`),
	}

	_, _, err := r.CreatePayment(t.Context(), bad, "")
	e := coretest.Problem(t, err)
	fields := map[string]bool{}
	for _, v := range e.Violations {
		fields[strings.SplitN(v.Field, ".", 2)[0]] = true
	}

	for _, f := range []string{"Idempotency-Key", "provider", "amount", "currency", "success_url", "cancel_url", "expires_at",
		"description", "metadata", "provider_options"} {
		if !fields[f] {
			t.Errorf("nothing is said of %s", f)
		}
	}
}

func TestAnUnknownProviderIsAViolation(t *testing.T) {
	r := newRig(t)
	req := coretest.Request()
	req.Provider = "nobody"
	_, _, err := r.CreatePayment(t.Context(), req, "k")
	if e := coretest.Problem(t, err); e.Code != string(sdk.CodeInvalidRequest) ||
		len(e.Violations) != 1 ||
		e.Violations[0].Field != "provider" {
		t.Fatalf("got %v", e)
	}
}

func TestAProviderThatDoesNotAnswerInTimeLeavesADoubtThatIsRecorded(t *testing.T) {
	r := newRig(t)
	r.Account.Create = func(ctx context.Context, _ sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		if _, ends := ctx.Deadline(); !ends {
			t.Error("the call's context has no end")
		}
		return nil, context.DeadlineExceeded // as when it has come
	}

	p := r.Pay(t, "k")
	if p.Status != payment.Unknown || p.Attempts[0].Outcome != "unknown" ||
		len(p.History) != 3 {
		t.Fatalf("got %+v", p)
	}
}

// A provider that quotes our request back must not put the URL that only it may
// know before everybody's eyes.
func TestANoticeURLThatIsQuotedBackIsMasked(t *testing.T) {
	r := newRig(t)
	secret := ""
	r.Account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		secret = req.NotifyURL[strings.LastIndex(req.NotifyURL, ".")+1:]
		return nil, sdk.Refused(sdk.CodeDeclined, "", "we do not like "+req.NotifyURL)
	}

	p := r.Pay(t, "k")
	if p.Failure == nil || !strings.Contains(p.Failure.ProviderMessage, "[token]") ||
		strings.Contains(p.Failure.ProviderMessage, secret) {
		t.Fatalf("got %+v", p.Failure)
	}
}

// What the merchant did not say is not made up for the plugin: a provider whose
// longest time is a day would refuse the host's own by a clock that is a second
// ahead.
func TestAPluginIsToldOfNoEndThatTheMerchantDidNotSay(t *testing.T) {
	r := newRig(t)
	var told []time.Time
	r.Account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		told = append(told, req.ExpiresAt)
		return coretest.Redirecting(ctx, req)
	}

	p := r.Pay(t, "k")
	said := coretest.Request()
	said.ExpiresAt = r.Clock.Now().Add(time.Hour)
	if _, _, err := r.CreatePayment(t.Context(), said, "k2"); err != nil {
		t.Fatal(err)
	}

	if !told[0].IsZero() || !told[1].Equal(said.ExpiresAt) {
		t.Errorf("the plugin was told %v", told)
	}
	if p.ExpiresAt == nil ||
		!p.ExpiresAt.Equal(p.CreatedAt.Add(r.Account.Settings.PaymentTTL)) {
		t.Errorf("the payment itself ends at %v", p.ExpiresAt)
	}
}
