package host_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// A service reads the file that the command payhost reads too, opens a host,
// and makes a payment through it.
func Example() {
	ctx := context.Background()
	cfg, err := host.LoadConfig("config.toml")
	if err != nil {
		log.Fatal(err) // every problem of the file, each with its line
	}

	h, err := host.Open(ctx, cfg, host.WithLogger(slog.Default()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := h.Close(ctx); err != nil {
			log.Print(err)
		}
	}()

	p, err := h.CreatePayment(ctx, host.PaymentRequest{
		Provider: "acme",
		Amount:   decimal.RequireFromString("60.00"),
		Currency: "USD",
	}, host.IdempotencyKey("order-47"))
	if err != nil {
		log.Print(err) // nothing was recorded
		return
	}

	fmt.Println(p.ID, p.Status)
}

// A configuration may also be built in code. What is left out has the defaults
// of config.toml.
func ExampleOpen() {
	folder, err := os.MkdirTemp("", "payhost-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	cfg := &host.Config{
		Host: config.Host{
			PublicURL: "https://pay.example",
			PluginDir: folder,
			DataDir:   folder,
		},
		Store: config.Store{
			URL: sdk.NewSecret("sqlite:" + filepath.Join(folder, "payhost.db")),
		},
	}

	h, err := host.Open(context.Background(), cfg)
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(len(h.Providers()), "providers")
	fmt.Println(h.Close(context.Background()))
	// Output:
	// 0 providers
	// <nil>
}

// Once a payment is recorded there is no error, whatever became of the call:
// the status tells.
func ExampleHost_CreatePayment() {
	var h *host.Host // from host.Open
	ctx := context.Background()

	p, err := h.CreatePayment(ctx, host.PaymentRequest{
		Provider:          "acme",
		Amount:            decimal.RequireFromString("60.00"),
		Currency:          "USD",
		MerchantReference: "order-47",
		SuccessURL:        "https://shop.example/thanks",
	}, host.IdempotencyKey("order-47"))
	if err != nil {
		log.Print(err)
		return
	}

	switch {
	case p.Status == payment.RequiresAction && p.NextAction.Type == "redirect":
		fmt.Println("send the customer to", p.NextAction.URL)
	case p.Status == payment.Failed:
		fmt.Println("nothing moved:", p.Failure.Message)
	case p.Status == payment.Unknown:
		// The provider may have acted. The host finds out; a new payment in its
		// place could charge the customer twice.
		fmt.Println("wait for the event")
	}
}

// An event is written in the same transaction as the change that it reports, so
// none is lost. A service keeps the ID of the last one that it has handled.
func ExampleHost_Events() {
	var h *host.Host // from host.Open
	ctx := context.Background()
	read := func() string { return "" } // from the service's own database
	write := func(string) {}

	for event, err := range h.Events(ctx, read()) {
		if err != nil {
			log.Print(err) // the database failed: begin again after the last one
			break
		}

		switch event.Type {
		case "payment.succeeded":
			fmt.Println("ship the order of", event.PaymentID)
		case "payment.failed", "payment.expired":
			fmt.Println("release the goods reserved for", event.PaymentID)
		}

		write(event.ID) // in one transaction with what was done
	}
}

// The host's handlers are mounted beside the service's own.
func ExampleHost_WebhookHandler() {
	var h *host.Host // from host.Open

	mux := http.NewServeMux()
	mux.HandleFunc("GET /shop", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "the shop")
	})
	mux.Handle("/webhooks/", h.WebhookHandler()) // from providers
	mux.Handle("/return/", h.ReturnHandler())    // customers coming back
	mux.Handle(
		"/v1/",
		h.APIHandler(),
	) // other services, with a token of http.tokens

	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Print(server.ListenAndServe())
}

// A list is read page by page.
func ExampleHost_ListPayments() {
	var h *host.Host // from host.Open
	ctx := context.Background()

	filter := host.Filter{Provider: "acme", Status: payment.Unknown}
	for {
		list, next, err := h.ListPayments(ctx, filter)
		if err != nil {
			log.Print(err)
			return
		}

		for _, p := range list {
			fmt.Println(p.ID, p.Amount, p.Currency)
		}
		if next == "" {
			return
		}

		filter.Cursor = next
	}
}

// An error says what went wrong, whether the provider may have acted, and what
// may be done next without moving money twice.
func ExampleError() {
	var err error = &host.Error{
		Code:     string(sdk.CodeUnavailable),
		Outcome:  sdk.OutcomeNotSent,
		Provider: "acme",
		Message:  "the provider has no running plugin",
	}

	var failed *host.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.Code, failed.Outcome, failed.Advise().Retry)
	}
	fmt.Println(errors.Is(err, host.ErrNotFound))
	// Output:
	// unavailable not_sent wait
	// false
}
