package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// Every field of what is known inside arrives outside.
func TestAProvidersStatusIsWhole(t *testing.T) {
	shop := hosttest.NewProvider("shop")
	h := hosttest.New(t, shop)

	inside, outside := reflect.TypeFor[supervisor.Status](), reflect.TypeFor[host.ProviderStatus]()
	for i := range inside.NumField() {
		f := inside.Field(i)
		same, ok := outside.FieldByName(f.Name)
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); !ok ||
			!strings.HasPrefix(same.Tag.Get("json"), key) {
			t.Errorf("%s is not outside, or under another name", f.Name)
		}
	}

	s, ok := h.Provider("shop")
	if !ok || s.State != host.ProviderReady || !s.Enabled || s.Plugin == "" ||
		s.Version == "" ||
		len(s.Capabilities) == 0 ||
		s.MaxInFlight == 0 {
		t.Errorf("%+v, %v", s, ok)
	}

	if list := h.Providers(); len(list) != 1 || !reflect.DeepEqual(list[0], s) {
		t.Errorf("the list has %+v", list)
	}
	if _, ok := h.Provider("nobody"); ok {
		t.Error("there is somebody")
	}
}

func request(provider string) host.PaymentRequest {
	return host.PaymentRequest{
		Provider: provider,
		Amount:   decimal.NewFromInt(60),
		Currency: "USD",
	}
}

func TestListsAndRecordsAreReadInGo(t *testing.T) {
	shop, ctx := hosttest.NewProvider("shop"), t.Context()
	h := hosttest.New(t, shop)
	var made []string

	for _, key := range []string{"a", "b", "c"} {
		p, err := h.CreatePayment(ctx, request("shop"), host.IdempotencyKey(key))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, p.ID)
		shop.Settle(p.ID, "succeeded")
		shop.Notify(t, h, p.ID)
	}

	slices.Reverse(made)

	var read []string
	for cursor := ""; ; {
		list, next, err := h.ListPayments(
			ctx,
			host.Filter{Provider: "shop", Limit: 2, Cursor: cursor},
		)
		if err != nil {
			t.Fatal(err)
		}

		for _, p := range list {
			read = append(read, p.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}

	if !slices.Equal(read, made) {
		t.Errorf("read %v, want %v", read, made)
	}
	if list, _, err := h.ListPayments(ctx, host.Filter{Status: payment.Failed}); len(
		list,
	) != 0 ||
		err != nil {
		t.Errorf("failed: %v, %v", list, err)
	}

	if list, _, err := h.ListPayouts(ctx, host.Filter{}); len(list) != 0 || err != nil {
		t.Errorf("payouts: %v, %v", list, err)
	}

	for _, f := range []host.Filter{{Cursor: "zzz"}, {Limit: -1}, {Limit: 201}} {
		var e *host.Error
		if _, _, err := h.ListPayments(ctx, f); !errors.As(err, &e) ||
			len(e.Violations) != 1 {
			t.Errorf("%+v: %v", f, err)
		}
	}

	r, err := h.CreateRefund(ctx, made[0], host.RefundRequest{}, host.IdempotencyKey("r"))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := h.Refunds(ctx, made[0]); err != nil || len(list) != 1 ||
		list[0].ID != r.ID {
		t.Errorf("refunds: %v, %v", list, err)
	}

	if one, err := h.Refund(ctx, r.ID); err != nil || one.PaymentID != made[0] {
		t.Errorf("refund: %v, %v", one, err)
	}
}

func TestWebhooksAreReadAndReplayedInGo(t *testing.T) {
	shop, ctx := hosttest.NewProvider("shop"), t.Context()
	h := hosttest.New(t, shop)
	p, err := h.CreatePayment(ctx, request("shop"), host.IdempotencyKey("a"))
	if err != nil {
		t.Fatal(err)
	}

	shop.Settle(p.ID, "succeeded")
	shop.Notify(t, h, p.ID)

	list, next, err := h.ListWebhooks(ctx, host.WebhookFilter{Provider: "shop"})
	if err != nil || len(list) != 1 || next != "" ||
		!slices.Equal(list[0].PaymentIDs, []string{p.ID}) {
		t.Fatalf("%+v, %q, %v", list, next, err)
	}

	one, err := h.Webhook(ctx, list[0].ID)
	if (err != nil) || (one.Body == "") || (list[0].Body != "") {
		t.Fatalf("read alone it is %+v, %v; a list has no bodies", one, err)
	}
	if one.Body = ""; !reflect.DeepEqual(*one, list[0]) {
		t.Errorf("read alone it is %+v, in the list %+v", one, list[0])
	}

	if again, err := h.ReplayWebhook(ctx, list[0].ID); err != nil ||
		again.ID != list[0].ID {
		t.Errorf("replayed: %+v, %v", again, err)
	}

	if _, err := h.AttachWebhook(ctx, list[0].ID, p.ID, "anna"); !errors.Is(
		err,
		host.ErrConflict,
	) {
		t.Errorf("attached to what it is applied to: %v", err)
	}

	if _, _, err := h.ListWebhooks(ctx, host.WebhookFilter{Cursor: "zzz"}); err == nil {
		t.Error("a cursor that is none is taken")
	}
	if url := h.WebhookURL("shop"); !strings.Contains(url, "/webhooks/shop/") {
		t.Errorf("the account's address is %q", url)
	}
}

// everyCall makes each call that takes an id or a name, of which there is none.
func everyCall(ctx context.Context, h *host.Host) map[string]error {
	key, found := host.IdempotencyKey("k"), map[string]error{}
	note := func(name string) func(any, error) {
		return func(_ any, err error) { found[name] = err }
	}
	note("Payment")(h.Payment(ctx, "pay_1"))
	note("Payout")(h.Payout(ctx, "po_1"))
	note("Refund")(h.Refund(ctx, "re_1"))
	note("Refunds")(h.Refunds(ctx, "pay_1"))

	note("RefreshPayment")(h.RefreshPayment(ctx, "pay_1"))
	note("RefreshPayout")(h.RefreshPayout(ctx, "po_1"))
	note(
		"ConfirmPayment",
	)(
		h.ConfirmPayment(
			ctx,
			"pay_1",
			host.Confirmation{Fields: map[string]string{"a": "b"}},
			key,
		),
	)

	note("CapturePayment")(h.CapturePayment(ctx, "pay_1", decimal.Zero, key))
	note("CancelPayment")(h.CancelPayment(ctx, "pay_1", "", key))
	note("CreateRefund")(h.CreateRefund(ctx, "pay_1", host.RefundRequest{}, key))
	decided := host.Resolution{Status: payment.Failed, Reason: "seen in the books"}
	note("ResolvePayment")(h.ResolvePayment(ctx, "pay_1", decided))
	note("ResolvePayout")(h.ResolvePayout(ctx, "po_1", decided))
	note("ResolveRefund")(h.ResolveRefund(ctx, "re_1", decided))
	note("Webhook")(h.Webhook(ctx, "wh_1"))

	note("ReplayWebhook")(h.ReplayWebhook(ctx, "wh_1"))
	note("AttachWebhook")(h.AttachWebhook(ctx, "wh_1", "pay_1", "anna"))
	note("RetryDeadLetter")(h.RetryDeadLetter(ctx, "evt_1"))
	note("EndTokenKey")(h.EndTokenKey(ctx, "k9", "ann", "a backup was lost"))
	note("PauseProvider")(h.PauseProvider(ctx, "nobody", payment.PauseAll, "ann", "doubts"))
	note("ResumeProvider")(h.ResumeProvider(ctx, "nobody", payment.PauseAll, "ann", ""))
	note("RestartProvider")(h.RestartProvider(ctx, "nobody", "ann", ""))
	note("PaymentMethods")(h.PaymentMethods(ctx, "nobody", sdk.ListPaymentMethodsRequest{}))
	note("Balances")(h.Balances(ctx, "nobody"))
	note("InvokeOperation")(h.InvokeOperation(ctx, "nobody", "look", json.RawMessage("{}")))

	return found
}

func TestWhatIsNotThereIsErrNotFound(t *testing.T) {
	for name, err := range everyCall(t.Context(), hosttest.New(t)) {
		var e *host.Error
		if !errors.Is(err, host.ErrNotFound) || !errors.As(err, &e) ||
			errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A caller who gives up learns that it was so, and not that the database
// failed.
func TestACallersOwnEndHasACodeOfItsOwn(t *testing.T) {
	h := hosttest.New(t, hosttest.NewProvider("shop"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := everyCall(ctx, h)
	_, calls["CreatePayment"] = h.CreatePayment(
		ctx,
		request("shop"),
		host.IdempotencyKey("k"),
	)

	_, calls["CreatePayout"] = h.CreatePayout(
		ctx,
		host.PayoutRequest{
			Provider: "shop",
			Amount:   decimal.NewFromInt(1),
			Currency: "USD",
		},
		host.IdempotencyKey("o"),
	)

	_, calls["TokenKeys"] = h.TokenKeys(ctx)
	_, calls["RotateTokenKey"] = h.RotateTokenKey(ctx, "ann", "a backup was lost")
	_, _, calls["ListPayments"] = h.ListPayments(ctx, host.Filter{})
	_, _, calls["ListPayouts"] = h.ListPayouts(ctx, host.Filter{})
	_, _, calls["ListWebhooks"] = h.ListWebhooks(ctx, host.WebhookFilter{})

	for name, err := range calls {
		var e *host.Error
		switch {
		case !errors.As(err, &e):
			t.Errorf("%s: %v", name, err)
		case e.Code == payment.CodeStorage,
			strings.Contains(e.Message, "the database refused") && !errors.Is(err, context.Canceled):
			t.Errorf("%s blames the database: %v", name, err)
		case e.Code == payment.CodeCanceled && !errors.Is(err, context.Canceled):
			t.Errorf("%s does not say why: %v", name, err)
		}
	}
}

func TestStoppingToWaitForACreateIsDoubt(t *testing.T) {
	shop := hosttest.NewProvider("shop")
	h := hosttest.New(t, shop)
	answer, entered, release := hosttest.Hold(hosttest.Succeed())
	shop.On(sdk.CapabilityCreatePayment, answer)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := h.CreatePayment(ctx, request("shop"), host.IdempotencyKey("k"))
		done <- err
	}()

	<-entered
	cancel()
	err := <-done
	var e *host.Error
	if !errors.As(err, &e) || e.Code != payment.CodeCanceled ||
		e.Outcome != sdk.OutcomeUnknown ||
		e.PaymentID == "" ||
		!errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}

	release()
	p, err := h.CreatePayment(t.Context(), request("shop"), host.IdempotencyKey("k"))
	if err != nil || p.ID != e.PaymentID {
		t.Errorf("under the same key: %+v, %v", p, err)
	}

	other := request("shop")
	other.Currency = "EUR"
	if _, err := h.CreatePayment(t.Context(), other, host.IdempotencyKey("k")); !errors.Is(
		err,
		host.ErrConflict,
	) {
		t.Errorf("another request under the key: %v", err)
	}
}
