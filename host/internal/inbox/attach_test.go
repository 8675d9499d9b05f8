package inbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// unmatched is a rig with a payment, and a notice that names neither it nor
// anything else.
func unmatched(t *testing.T, v sdk.Verification) (r *rig, id, webhook string) {
	t.Helper()
	r = newRig(t, sdk.TrustSignature)
	id = r.pay(t, "k").ID
	r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{
			ID:           "e1",
			Reference:    "theirs-alone",
			Status:       "succeeded",
			Amount:       "60",
			Currency:     "USD",
			Verification: v,
		},
	)

	return r, id, r.newest(t).ID
}

func TestAnAttachedNoticeCountsForWhatItProves(t *testing.T) {
	r, id, webhook := unmatched(t, sdk.VerifiedBySignature)
	n, err := r.Attach(t.Context(), webhook, id, "anna")
	if err != nil || n.State != payment.WebhookApplied || len(n.IntentIDs) != 1 ||
		n.IntentIDs[0] != id {
		t.Fatalf("%+v, %v", n, err)
	}

	p, err := r.core.Payment(t.Context(), id)
	if err != nil || p.Status != payment.Succeeded {
		t.Errorf("the payment is %s, %v", p.Status, err)
	}
	noted := false

	for _, c := range p.History {
		noted = noted ||
			(c.Actor == "operator anna" && c.Action == "attached" && c.Note == "webhook "+webhook)
	}

	if !noted {
		t.Errorf("the operator is not noted: %+v", p.History)
	}
	_, err = r.Attach(t.Context(), webhook, id, "anna")
	if e := (&payment.Error{}); !errors.As(err, &e) || e.Code != payment.CodeConflict {
		t.Errorf("attached twice: %v", err)
	}
}

func TestAnAttachedNoticeOfAnotherAmountIsUnderReview(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	id := r.pay(t, "k").ID
	r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{
			Status:       "succeeded",
			Reference:    "x",
			Amount:       "59",
			Currency:     "USD",
			Verification: sdk.VerifiedBySignature,
		},
	)

	if _, err := r.Attach(t.Context(), r.newest(t).ID, id, ""); err != nil {
		t.Fatal(err)
	}
	if got := r.status(t, id); got != payment.UnderReview {
		t.Errorf("the payment is %s", got)
	}
}

// An operator's word makes a notice belong to a payment, not true.
func TestAnUnverifiedNoticeOnlyMakesTheProviderBeAsked(t *testing.T) {
	r, id, webhook := unmatched(t, sdk.NotVerified)
	r.account.OnInfo.PaymentLookup.ByReference = true
	r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "T", Status: sdk.PaymentProcessing}, nil
	}

	n, err := r.Attach(t.Context(), webhook, id, "")
	if err != nil || n.Verified || n.State != payment.WebhookIgnored {
		t.Errorf("%+v, %v", n, err)
	}
	r.core.Wait()
	if got := r.status(t, id); got != payment.Processing || r.account.Asks() != 1 {
		t.Errorf("the payment is %s after %d questions", got, r.account.Asks())
	}
}

func TestWhatCannotBeAttached(t *testing.T) {
	r, id, webhook := unmatched(t, sdk.VerifiedBySignature)
	other := coretest.New("other")
	other.Create, other.Payout = r.account.Create, func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "o", Status: sdk.PayoutProcessing}, nil
	}

	r.account.Payout = other.Payout
	accounts := coretest.NewAccounts(r.account, other)
	c, err := core.New(
		t.Context(),
		core.Options{Store: r.store, Accounts: accounts, PublicURL: "http://host.example"},
	)
	if err != nil {
		t.Fatal(err)
	}

	box := inbox.New(
		inbox.Options{Store: r.store, Core: c, Accounts: accounts, Directory: accounts},
	)
	strange, _, err := c.CreatePayment(
		t.Context(),
		payment.Request{Provider: "other", Amount: decimal.NewFromInt(60), Currency: "USD"},
		"other",
	)
	if err != nil {
		t.Fatal(err)
	}

	payout, _, err := c.CreatePayout(
		t.Context(),
		payment.PayoutRequest{
			Provider: "acme",
			Amount:   decimal.NewFromInt(60),
			Currency: "USD",
		},
		"payout",
	)
	if err != nil {
		t.Fatal(err)
	}

	for _, k := range []struct{ webhook, id, code, why string }{
		{webhook, strange.ID, string(sdk.CodeInvalidRequest), "is of the account other"},
		{webhook, "pay_0", string(sdk.CodeInvalidRequest), "names no payment"},
		{webhook, payout.ID, payment.CodeConflict, "none of its events"},
		{"wh_0", id, string(sdk.CodeNotFound), "no webhook has the id"},
	} {
		_, err := box.Attach(t.Context(), k.webhook, k.id, "")
		e := &payment.Error{}
		if !errors.As(err, &e) || e.Code != k.code ||
			!strings.Contains(err.Error(), k.why) {
			t.Errorf("%s to %s: %v", k.webhook, k.id, err)
		}
	}

	r.account.SetDown(true)
	_, err = box.Attach(t.Context(), webhook, id, "")
	if e := (&payment.Error{}); !errors.As(err, &e) ||
		e.Code != string(sdk.CodeUnavailable) ||
		e.Asked {
		t.Errorf("without a plugin: %v", err)
	}

	if got := r.status(t, id); got != payment.RequiresAction {
		t.Errorf("the payment is %s", got)
	}
}

// The same event in two stored webhooks, as when the first was stored and not
// answered, is attached once.
func TestAnEventIsAttachedOnceInHoweverManyWebhooksItCame(t *testing.T) {
	r, first, webhook := unmatched(t, sdk.VerifiedBySignature)
	second := r.pay(t, "another").ID
	r.send("/webhooks/acme", coretest.JSONWebhook{
		ID:           "e1",
		Reference:    "theirs-alone",
		Status:       "succeeded",
		Amount:       "60",
		Currency:     "USD",
		Verification: sdk.VerifiedBySignature,
	})

	again := r.newest(t).ID
	if again == webhook {
		t.Fatal("it is not stored twice")
	}
	if _, err := r.Attach(t.Context(), webhook, first, "anna"); err != nil {
		t.Fatal(err)
	}

	if _, err := r.Attach(t.Context(), again, second, "ben"); err == nil ||
		r.status(t, second) == payment.Succeeded {
		t.Errorf("one transfer has paid two payments: %v", err)
	}
}
