package inbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

func TestMain(m *testing.M) { os.Exit(storetest.OnBothWithoutLeaks(m)) }

// rig is an inbox on a real database with one scripted account called acme.
type rig struct {
	*inbox.Inbox
	core    *core.Core
	store   *store.Store
	account *coretest.Account
	other   *coretest.Account
	created sdk.CreatePaymentRequest
}

func newRig(t *testing.T, trust ...sdk.WebhookTrust) *rig {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}

	r := &rig{store: s, account: coretest.New("acme"), other: coretest.New("other")}
	r.account.OnInfo.WebhookTrust = append([]sdk.WebhookTrust{}, trust...)
	r.account.Webhook = coretest.Parse
	r.account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		r.created = req
		return &sdk.Payment{
			ProviderReference: "theirs-" + req.Reference,
			Status:            sdk.PaymentRequiresAction,
		}, nil
	}

	accounts := coretest.NewAccounts(r.account, r.other)
	r.core, err = core.New(
		t.Context(),
		core.Options{Store: s, Accounts: accounts, PublicURL: "http://host.example"},
	)
	if err != nil {
		t.Fatal(err)
	}

	r.Inbox = inbox.New(inbox.Options{
		Store:          s,
		Core:           r.core,
		Accounts:       accounts,
		Directory:      accounts,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	})
	t.Cleanup(func() {
		r.core.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	return r
}

func (r *rig) pay(t *testing.T, key string) *payment.Payment {
	t.Helper()
	p, _, err := r.core.CreatePayment(t.Context(), payment.Request{
		Provider:   "acme",
		Amount:     decimal.RequireFromString("60"),
		Currency:   "USD",
		SuccessURL: "https://shop.example/ok?order=47",
		CancelURL:  "https://shop.example/no",
	}, key)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

func (r *rig) status(t *testing.T, id string) payment.Status {
	t.Helper()
	p, err := r.core.Payment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p.Status
}

// send posts a notice to a path and gives the answer.
func (r *rig) send(path string, n coretest.JSONWebhook) *http.Response {
	body, _ := json.Marshal(n)
	return r.post(path, string(body))
}

func (r *rig) post(path, body string) *http.Response {
	w := httptest.NewRecorder()
	r.WebhookHandler().
		ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w.Result()
}

func (r *rig) newest(t *testing.T) *store.Webhook {
	t.Helper()
	list, _, err := r.List(t.Context(), store.WebhookFilter{Limit: 1})
	if err != nil || len(list) == 0 {
		t.Fatalf("no notice in the inbox: %v", err)
	}
	return list[0]
}

func path(t *testing.T, full string) string {
	t.Helper()
	u, err := url.Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

func TestASignedNoticeIsStoredAppliedAndAnswered(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	resp := r.send("/webhooks/acme", coretest.JSONWebhook{
		ID:           "e1",
		Reference:    p.ID,
		Status:       "succeeded",
		Amount:       "60.00",
		Currency:     "USD",
		Verification: sdk.VerifiedBySignature,
	})
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "OK" {
		t.Fatalf("answered %d %q", resp.StatusCode, body)
	}

	n := r.newest(t)
	if n.State != payment.WebhookApplied || !n.Verified || n.Events != 1 ||
		len(n.IntentIDs) != 1 ||
		n.IntentIDs[0] != p.ID {
		t.Errorf("the inbox says %+v", n)
	}

	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Errorf("the payment is %s", got)
	}
}

func TestARepeatedNoticeMakesOneEvent(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")

	for range 3 {
		r.send(
			"/webhooks/acme",
			coretest.JSONWebhook{
				Reference:    p.ID,
				Status:       "succeeded",
				Verification: sdk.VerifiedBySignature,
			},
		)
	}

	events, err := r.core.Events(t.Context(), "", []string{"payment.succeeded"}, 10)
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events of success, %v", len(events), err)
	}
}

func TestWhichURLsAreServed(t *testing.T) {
	r := newRig(t, sdk.TrustPaymentURL)
	p := r.pay(t, "k")
	for _, c := range []struct {
		name, path string
		want       int
	}{
		{"the payment's own", path(t, r.created.NotifyURL), 200},
		{"the account's own", path(t, r.core.AccountURL("acme")), 200},
		{"without a token, for a provider that does not sign", "/webhooks/acme", 404},
		{"a token of another provider", strings.Replace(path(t, r.created.NotifyURL), "acme", "other", 1), 404},
		{"a return token", "/webhooks/acme/" + strings.TrimPrefix(path(t, r.created.ReturnURL), "/return/"), 404},
		{"an invented token", "/webhooks/acme/" + p.ID + ".AAAAAAAAAAAAAAAAAAAAAAAAAAA", 404},
		{"an unknown provider", "/webhooks/nobody", 404},
		{"nothing", "/webhooks/", 404},
	} {
		resp := r.send(
			c.path,
			coretest.JSONWebhook{Status: "processing", Verification: sdk.VerifiedByOrigin},
		)
		if resp.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.name, resp.StatusCode, c.want)
		}
	}
}

func TestANoticeOnAnotherPaymentsURLChangesNothing(t *testing.T) {
	r := newRig(t, sdk.TrustPaymentURL)
	victim := r.pay(t, "k1")
	r.pay(t, "k2") // its URL is the newest
	r.send(path(t, r.created.NotifyURL), coretest.JSONWebhook{
		Reference:    victim.ID,
		Status:       "succeeded",
		Amount:       "60",
		Currency:     "USD",
		Verification: sdk.VerifiedByOrigin,
	})

	if got := r.status(t, victim.ID); got != payment.RequiresAction {
		t.Fatalf("the other payment became %s", got)
	}
	if n := r.newest(t); n.State != payment.WebhookUnmatched {
		t.Errorf("the notice is %s", n.State)
	}
}

func TestASignatureThatDoesNotVerifyIs401WithAnEmptyBody(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	resp := r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{Reference: p.ID, Status: "succeeded", Verification: "invalid"},
	)
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 401 || len(body) != 0 {
		t.Fatalf("answered %d %q", resp.StatusCode, body)
	}

	if n := r.newest(t); n.State != payment.WebhookFailed || n.Verified {
		t.Errorf("the inbox says %s, verified %v", n.State, n.Verified)
	}
}

func TestAHintOnlyMakesTheHostAsk(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	asked := make(chan struct{}, 1)
	r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		asked <- struct{}{}
		return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
	}

	p := r.pay(t, "k")
	resp := r.send("/webhooks/acme", coretest.JSONWebhook{
		Reference:    p.ID,
		Status:       "succeeded",
		Amount:       "60",
		Currency:     "USD",
		Verification: sdk.NotVerified,
	})
	if resp.StatusCode != 200 {
		t.Fatalf("a hint gets the provider's normal answer, not %d", resp.StatusCode)
	}

	<-asked
	r.core.Wait()
	// Where the create may have overtaken the answer, the provider is queried
	// again. On PostgreSQL a slow machine knows the server's clock badly.
	for r.status(t, p.ID) == payment.RequiresAction {
		if err := r.core.QueryNow(t.Context(), "acme", p.ID); err != nil {
			t.Fatal(err)
		}
		<-asked
	}
	if got := r.status(t, p.ID); got != payment.Processing {
		t.Errorf("the payment is %s, the provider says processing", got)
	}
}

func TestAGenuineNoticeThatFitsNothingIsKept(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	resp := r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{
			Reference:    "pay_unknown",
			Status:       "succeeded",
			Verification: sdk.VerifiedBySignature,
		},
	)
	if n := r.newest(t); resp.StatusCode != 200 || n.State != payment.WebhookUnmatched {
		t.Fatalf("answered %d, state %s", resp.StatusCode, n.State)
	}
}

func TestANoticeWhileItsPluginIsDownIsReadLater(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	r.account.SetDown(true)
	resp := r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{
			Reference:    p.ID,
			Status:       "succeeded",
			Verification: sdk.VerifiedBySignature,
		},
	)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("answered %d", resp.StatusCode)
	}

	n := r.newest(t)
	if n.State != payment.WebhookPending {
		t.Fatalf("the notice is %s", n.State)
	}
	r.account.SetDown(false)
	if _, err := r.Replay(t.Context(), n.ID); err != nil {
		t.Fatal(err)
	}

	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Errorf("the payment is %s", got)
	}
}

func TestANoticeBeforeTheCreateAnswersIsNotLost(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	inner := r.account.Create
	r.account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		resp := r.send(
			"/webhooks/acme",
			coretest.JSONWebhook{
				Reference:    req.Reference,
				Status:       "succeeded",
				Verification: sdk.VerifiedBySignature,
			},
		)
		if resp.StatusCode != 200 {
			return nil, errors.New(resp.Status)
		}

		return inner(ctx, req)
	}

	p := r.pay(t, "k")
	if p.Status != payment.Succeeded || p.ProviderReference != "theirs-"+p.ID {
		t.Fatalf("%s, provider reference %q", p.Status, p.ProviderReference)
	}
}

func TestReceiptsAddUpOverSeveralNotices(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	next := []string{"a:20", "a:20", "b:40"}
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		id, amount, _ := strings.Cut(next[0], ":")
		next = next[1:]
		return &sdk.WebhookResult{
			Verification: sdk.VerifiedBySignature,
			Events: []sdk.Event{{
				Reference: p.ID,
				Payment: &sdk.Payment{
					Status: sdk.PaymentSucceeded,
					Receipts: []sdk.Receipt{
						{
							ID: id,
							Amount: sdk.Money{
								Amount:   decimal.RequireFromString(amount),
								Currency: "USD",
							},
						},
					},
				},
			}},
		}, nil
	}

	for k, want := range []payment.Status{payment.UnderReview, payment.UnderReview, payment.Succeeded} {
		r.post("/webhooks/acme", "{}")
		if got := r.status(t, p.ID); got != want {
			t.Fatalf("after notice %d: %s, want %s", k+1, got, want)
		}
	}
}

func TestBounds(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	if resp := r.post("/webhooks/acme", strings.Repeat("x", 1<<20+1)); resp.StatusCode != 413 {
		t.Errorf("more than 1 MiB: %d", resp.StatusCode)
	}
	last := 0

	for range 200 {
		last = r.send(
			"/webhooks/acme",
			coretest.JSONWebhook{Verification: "invalid"},
		).StatusCode
	}

	if last != 429 {
		t.Errorf("the 200th forged notice of one address: %d, want 429", last)
	}
}

func TestReturns(t *testing.T) {
	comeBack := func(r *rig, full string) *http.Response {
		w := httptest.NewRecorder()
		r.ReturnHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, full, nil))
		return w.Result()
	}

	t.Run("a signed return is applied, and the customer sent on", func(t *testing.T) {
		r := newRig(t, sdk.TrustSignature)
		p := r.pay(t, "k")
		r.account.Return = func(context.Context, sdk.ParseReturnRequest) (*sdk.Return, error) {
			return &sdk.Return{
				Verification: sdk.VerifiedBySignature,
				Events: []sdk.Event{
					{Reference: p.ID, Payment: &sdk.Payment{Status: sdk.PaymentSucceeded}},
				},
			}, nil
		}

		resp := comeBack(r, r.created.ReturnURL+"?next=https://evil.example")
		want := "https://shop.example/ok?order=47&payment_id=" + p.ID + "&status=succeeded"
		if resp.StatusCode != 303 || resp.Header.Get("Location") != want {
			t.Fatalf(
				"%d to %q, want %q",
				resp.StatusCode,
				resp.Header.Get("Location"),
				want,
			)
		}
	})

	t.Run("an unsigned return moves nothing", func(t *testing.T) {
		r := newRig(t)
		p := r.pay(t, "k")
		r.account.Return = func(context.Context, sdk.ParseReturnRequest) (*sdk.Return, error) {
			return &sdk.Return{
				Verification: sdk.VerifiedByOrigin,
				Events: []sdk.Event{{
					Reference: p.ID,
					Payment: &sdk.Payment{Status: sdk.PaymentSucceeded,
						Amount: &sdk.Money{
							Amount:   decimal.RequireFromString("60"),
							Currency: "USD",
						}},
				}},
			}, nil
		}

		comeBack(r, r.created.ReturnURL)
		if got := r.status(t, p.ID); got != payment.RequiresAction {
			t.Fatalf("the browser's word made it %s", got)
		}
	})

	t.Run("giving up goes to the cancel URL", func(t *testing.T) {
		r := newRig(t)
		r.pay(t, "k")
		if got := comeBack(r, r.created.CancelURL).Header.Get("Location"); !strings.HasPrefix(
			got,
			"https://shop.example/no?",
		) {
			t.Fatalf("sent to %q", got)
		}
	})

	t.Run("a webhook token is nothing here", func(t *testing.T) {
		r := newRig(t)
		r.pay(t, "k")
		tok := r.created.NotifyURL[strings.LastIndex(r.created.NotifyURL, "/"):]
		if resp := comeBack(r, "http://host.example/return"+tok); resp.StatusCode != 404 {
			t.Fatalf("%d", resp.StatusCode)
		}
	})

	t.Run("with its plugin down the customer is sent on all the same", func(t *testing.T) {
		r := newRig(t)
		r.pay(t, "k")
		r.account.SetDown(true)
		if resp := comeBack(r, r.created.ReturnURL); resp.StatusCode != 303 {
			t.Fatalf("%d", resp.StatusCode)
		}
	})

	t.Run("without a token the signed order says which payment it is", func(t *testing.T) {
		r := newRig(t, sdk.TrustSignature)
		p := r.pay(t, "k")
		r.account.Return = func(context.Context, sdk.ParseReturnRequest) (*sdk.Return, error) {
			return &sdk.Return{
				Verification: sdk.VerifiedBySignature,
				Events: []sdk.Event{
					{Reference: p.ID, Payment: &sdk.Payment{Status: sdk.PaymentCanceled}},
				},
			}, nil
		}

		if got := comeBack(r, "http://host.example/return/acme").Header.Get("Location"); !strings.HasPrefix(
			got,
			"https://shop.example/no?",
		) {
			t.Fatalf("sent to %q", got)
		}
	})
}

func TestANoticeThatMustMatchBothReferences(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	theirs := "somebody else's"
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		return &sdk.WebhookResult{
			Verification: sdk.VerifiedBySignature,
			Events: []sdk.Event{{
				Reference:      p.ID,
				BothReferences: true,
				Payment: &sdk.Payment{
					ProviderReference: theirs,
					Status:            sdk.PaymentSucceeded,
				},
			}},
		}, nil
	}

	r.post("/webhooks/acme", "{}")
	if got := r.status(t, p.ID); got != payment.RequiresAction ||
		r.newest(t).State != payment.WebhookUnmatched {
		t.Fatalf("with another provider reference the payment became %s", got)
	}

	theirs = p.ProviderReference
	r.post("/webhooks/acme", "{}")
	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Fatalf("with both references the payment is %s", got)
	}
}
