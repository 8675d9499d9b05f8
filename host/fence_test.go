package host_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// till is a shop with a host, whose database can be brought back to what it was.
type till struct {
	t      *testing.T
	shop   *hosttest.Provider
	folder string
	url    string
	host   *host.Host
}

func (s *till) open() {
	s.t.Helper()
	s.host = hosttest.Start(s.t, hosttest.Setup{
		Config: &host.Config{
			Host:  config.Host{DataDir: filepath.Join(s.folder, "var")},
			Store: config.Store{URL: sdk.NewSecret(s.url)},
		},
		Providers: []*hosttest.Provider{s.shop},
	})
}

func (s *till) close() {
	s.t.Helper()
	if err := s.host.Close(context.WithoutCancel(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
}

// pay makes a payment and a payout under keys of a name.
func (s *till) pay(name string) (*host.Payment, error) {
	paid, err := s.host.CreatePayment(s.t.Context(), request("shop"), host.IdempotencyKey("in-"+name))
	_, failed := s.host.CreatePayout(s.t.Context(), host.PayoutRequest{
		Provider: "shop", Amount: decimal.NewFromInt(5), Currency: "USD",
		Recipient: host.Recipient{ID: "r-1"},
	}, host.IdempotencyKey("out-"+name))
	return paid, errors.Join(err, failed)
}

func (s *till) calls() int {
	return s.shop.Calls(sdk.CapabilityCreatePayment) + s.shop.Calls(sdk.CapabilityCreatePayout) +
		s.shop.Calls(sdk.CapabilityCreateRefund) + s.shop.Calls(sdk.CapabilityCancelPayment)
}

// drill loads, backs up, loads more, restores the old copy, and has the shop
// repeat all its keys.
func drill(t *testing.T, s *till, backup func() (restore func())) {
	ctx := t.Context()
	s.open()
	before, err := s.pay("before")
	if err != nil {
		t.Fatal(err)
	}
	restore := backup()
	if _, err := s.pay("after"); err != nil {
		t.Fatal(err)
	}
	s.close()
	restore()
	s.open()

	fence, err := s.host.Fence(ctx)
	if err != nil || !fence.Fenced || fence.Reason == "" {
		t.Fatalf("the fence: %+v, %v", fence, err)
	}

	// Nothing is paid twice, and whatever would move money says why it does not.
	called := s.calls()
	again, err := s.host.CreatePayment(ctx, request("shop"), host.IdempotencyKey("in-before"))
	if err != nil || again.ID != before.ID {
		t.Errorf("a key that the copy has: %+v, %v", again, err)
	}
	_, lost := s.pay("after")
	_, refund := s.host.CreateRefund(ctx, before.ID, host.RefundRequest{}, host.IdempotencyKey("r"))
	_, cancel := s.host.CancelPayment(ctx, before.ID, "", host.IdempotencyKey("c"))
	for what, err := range map[string]error{"lost keys": lost, "a cancellation": cancel} {
		var refused *host.Error
		if !errors.As(err, &refused) || refused.Code != payment.CodeFenced ||
			refused.Outcome != sdk.OutcomeNotSent || refused.RetryAfter == 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	if refund == nil {
		t.Error("a refund was made")
	}
	if s.calls() != called {
		t.Errorf("%d calls moved money", s.calls()-called)
	}

	// The provider's webhooks are taken, and its answers.
	s.shop.Settle(before.ID, "succeeded")
	if answer := s.shop.Notify(t, s.host, before.ID); answer.StatusCode != 200 {
		t.Errorf("a webhook: %d", answer.StatusCode)
	}
	if paid, err := s.host.Payment(ctx, before.ID); err != nil || paid.Status != payment.Succeeded {
		t.Errorf("after the webhook: %+v, %v", paid, err)
	}
	waiting, err := s.host.Attention(ctx, 10)
	if err != nil || len(waiting.Data) == 0 || waiting.Data[0].Kind != payment.AttentionFenced {
		t.Errorf("attention: %+v, %v", waiting, err)
	}

	if _, err := s.host.LiftFence(ctx, "ann", ""); err == nil {
		t.Error("lifted without a reason")
	}
	fence, err = s.host.LiftFence(ctx, "ann", "reconciled, ticket 4711")
	if err != nil || fence.Fenced {
		t.Fatalf("lifted: %+v, %v", fence, err)
	}
	if _, err := s.pay("next"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if check, err := s.host.VerifyAudit(ctx); err != nil || check.Broken != "" {
		t.Errorf("the audit log: %+v, %v", check, err)
	}

	// The decision holds.
	s.close()
	s.open()
	if fence, err := s.host.Fence(ctx); err != nil || fence.Fenced {
		t.Errorf("after a restart: %+v, %v", fence, err)
	}
	s.close()
}

func TestARestoredSQLitePaysNothingTwice(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "payhost.db")
	s := &till{
		t: t, folder: folder, shop: hosttest.NewProvider("shop"), url: "sqlite:" + file,
	}
	drill(t, s, func() func() {
		copied := filepath.Join(folder, "copy")
		if _, err := store.Backup(t.Context(), s.url, copied); err != nil {
			t.Fatal(err)
		}
		return func() {
			for _, end := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(file + end); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if err := os.Rename(copied, file); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestARestoredPostgresPaysNothingTwice(t *testing.T) {
	s := &till{
		t: t, folder: t.TempDir(), shop: hosttest.NewProvider("shop"), url: storetest.Postgres(t),
	}
	drill(t, s, func() func() {
		s.close()
		copied := storetest.CopyOf(t, s.url)
		s.open()
		return func() { s.url = copied }
	})
}

// A copy that somebody starts to look at it moves no money either.
func TestACopyThatIsLookedAtMovesNoMoney(t *testing.T) {
	folder := t.TempDir()
	s := &till{
		t: t, folder: folder, shop: hosttest.NewProvider("shop"),
		url: "sqlite:" + filepath.Join(folder, "payhost.db"),
	}
	s.open()
	if _, err := s.pay("k"); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "payhost.db")
	if _, err := store.Backup(t.Context(), s.url, copied); err != nil {
		t.Fatal(err)
	}

	look := &till{t: t, folder: t.TempDir(), shop: s.shop, url: "sqlite:" + copied}
	look.open()
	defer look.close()
	called := s.calls()
	if _, err := look.pay("other"); err == nil || !strings.Contains(err.Error(), "may be a copy") {
		t.Errorf("the copy pays: %v", err)
	}
	if s.calls() != called {
		t.Error("the provider was called")
	}
	if _, err := s.pay("more"); err != nil {
		t.Errorf("the original: %v", err)
	}
}
