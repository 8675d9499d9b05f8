package host_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// personal is a request that says a lot of its customer.
func personal(customer string) host.PaymentRequest {
	asked := request("shop")
	asked.MerchantReference = "order-1"
	asked.Description = "a ring for Mila"
	asked.Customer = host.Customer{
		ID: customer, Email: "mila@example.org", FirstName: "Mila", LastName: "Petrova",
		Phone: "+4915112345678", IP: "203.0.113.77",
	}
	asked.Metadata = map[string]string{"ship_to": "Petrova, 5 Elm Street"}
	asked.SuccessURL = "https://shop.example/thanks?mail=mila%40example.org"
	return asked
}

// Everything on the disk and in the log is searched for a person who was erased:
// the database, its write-ahead log, a copy of both, and the host's log.
func TestAnErasedPersonIsFoundNowhere(t *testing.T) {
	ctx, folder := t.Context(), t.TempDir()
	var log lines
	shop := hosttest.NewProvider("shop")
	h := hosttest.Start(t, hosttest.Setup{
		Config:    &host.Config{Host: config.Host{DataDir: folder}, Store: config.Store{URL: sdk.NewSecret("sqlite:" + filepath.Join(folder, "payhost.db"))}},
		Providers: []*hosttest.Provider{shop},
		Options:   []host.Option{host.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))},
	})
	paid, err := h.CreatePayment(ctx, personal("cust-4711"), host.IdempotencyKey("a"))
	if err != nil {
		t.Fatal(err)
	}
	sent, err := h.CreatePayout(ctx, host.PayoutRequest{
		Provider: "shop", Amount: decimal.NewFromInt(5), Currency: "USD",
		Recipient: host.Recipient{ID: "cust-4711", Name: "Mila Petrova", IBAN: "DE89370400440532013000"},
	}, host.IdempotencyKey("b"))
	if err != nil {
		t.Fatal(err)
	}

	// What is open is named, and nothing is erased.
	var refused *host.Error
	_, err = h.EraseCustomer(ctx, "cust-4711")
	if !errors.As(err, &refused) || refused.Code != payment.CodeConflict ||
		!strings.Contains(refused.Message, paid.ID) {
		t.Fatalf("with an open payment: %v", err)
	}
	if whole, err := h.Payment(ctx, paid.ID); err != nil || whole.Description == "" {
		t.Errorf("after the refusal: %+v, %v", whole, err)
	}

	for _, id := range []string{paid.ID, sent.ID} {
		shop.Settle(id, "succeeded")
		shop.Notify(t, h, id)
	}
	// A webhook that fits nothing names the person, too.
	stray := httptest.NewRequest(http.MethodPost, "/webhooks/shop",
		strings.NewReader(`["mila@example.org"]`))
	h.WebhookHandler().ServeHTTP(httptest.NewRecorder(), stray)
	if !strings.Contains(onDisk(t, folder), "mila@example.org") {
		t.Fatal("the search does not find what is there")
	}

	done, err := h.EraseCustomer(ctx, "cust-4711")
	if err != nil || done.Records != 2 || done.Webhooks != 3 {
		t.Fatalf("erased %+v, %v", done, err)
	}

	all := onDisk(t, folder) + log.String()
	for _, value := range []string{
		"cust-4711", "mila", "Mila", "Petrova", "4915112345678", "203.0.113.77", "Elm Street",
		"DE89370400440532013000",
	} {
		if at := strings.Index(all, value); at >= 0 {
			t.Errorf("%q is left: %q", value, all[max(0, at-80):min(len(all), at+80)])
		}
	}

	left, err := h.Payment(ctx, paid.ID)
	if err != nil || left.Status != payment.Succeeded || left.MerchantReference != "order-1" ||
		!left.Amount.Equal(decimal.NewFromInt(60)) {
		t.Errorf("left is %+v, %v", left, err)
	}
	// The key still stands for the payment, and the money can still go back.
	again, err := h.CreatePayment(ctx, personal("cust-4711"), host.IdempotencyKey("a"))
	if err != nil || again.ID != paid.ID {
		t.Errorf("under the same key: %+v, %v", again, err)
	}
	if _, err := h.CreateRefund(ctx, paid.ID, host.RefundRequest{}, host.IdempotencyKey("c")); err != nil {
		t.Errorf("a refund: %v", err)
	}
	if check, err := h.VerifyAudit(ctx); err != nil || check.Broken != "" {
		t.Errorf("the audit log: %+v, %v", check, err)
	}
}

// onDisk returns what all files of a folder hold.
func onDisk(t *testing.T, folder string) string {
	t.Helper()
	var all bytes.Buffer
	files, err := filepath.Glob(filepath.Join(folder, "payhost.db*"))
	for _, file := range files {
		data, failed := os.ReadFile(file)
		err = errors.Join(err, failed)
		all.Write(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Records that are old and over lose the person by themselves, as a configuration
// says, and what is open loses nothing.
func TestRetentionErasesByAge(t *testing.T) {
	ctx := t.Context()
	clock := hosttest.NewClock(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	shop := hosttest.NewProvider("shop")
	h := hosttest.Start(t, hosttest.Setup{
		Config: &host.Config{Retention: config.Retention{
			Personal: 24 * time.Hour, Events: 48 * time.Hour,
		}},
		Providers: []*hosttest.Provider{shop},
		Options:   []host.Option{host.WithClock(clock.Now)},
	})
	asked := personal("cust-1")
	asked.ExpiresAt = clock.Now().Add(1000 * time.Hour)
	paid, err := h.CreatePayment(ctx, asked, host.IdempotencyKey("a"))
	if err != nil {
		t.Fatal(err)
	}
	open, err := h.CreatePayment(ctx, asked, host.IdempotencyKey("b"))
	if err != nil {
		t.Fatal(err)
	}
	shop.Settle(paid.ID, "succeeded")
	shop.Notify(t, h, paid.ID)

	described := func(id string) bool {
		t.Helper()
		if err := h.Forget(ctx); err != nil {
			t.Fatal(err)
		}
		found, err := h.Payment(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return found.Description != ""
	}
	if !described(paid.ID) {
		t.Error("erased at once")
	}

	clock.Advance(49 * time.Hour)
	if described(paid.ID) || !described(open.ID) {
		t.Error("after two days the old one is not erased, or the open one is")
	}
	webhooks, _, err := h.ListWebhooks(ctx, host.WebhookFilter{})
	if err != nil || len(webhooks) != 0 {
		t.Errorf("webhooks are %v, %v", webhooks, err)
	}
	events, _, err := h.ListEvents(ctx, host.EventFilter{})
	for _, event := range events {
		if event.PaymentID != open.ID {
			t.Errorf("there still is %+v", event)
		}
	}
	if err != nil || len(events) == 0 {
		t.Errorf("events are %v, %v", events, err)
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
