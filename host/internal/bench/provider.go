package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/serve"
)

var version = "1.0.0"

type accountKeys struct {
	sdk.Endpoint
}

// answerer is a provider that answers at once, so that only the way to it takes
// time.
type answerer struct{}

func newProvider(accountKeys, sdk.Runtime) (*answerer, error) { return &answerer{}, nil }

func (*answerer) Info() sdk.Info {
	return sdk.Info{
		Name:          "bench",
		Version:       version,
		Description:   "answers at once",
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
	}
}

// ParseWebhook reads a body as the reference of a payment that was paid.
func (*answerer) ParseWebhook(
	_ context.Context,
	r sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	paid := &sdk.Payment{
		Status: sdk.PaymentSucceeded,
		Amount: &sdk.Money{Amount: decimal.NewFromInt(60), Currency: "USD"},
	}
	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Response:     sdk.HTTPResponse{Body: []byte("OK")},
		Events:       []sdk.Event{{Reference: string(r.Request.Body), Payment: paid}},
	}, nil
}

// CreatePayment takes as long as the description says, when it is a duration,
// and misbehaves when it is an order to.
func (*answerer) CreatePayment(
	_ context.Context,
	r sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	if pause, err := time.ParseDuration(r.Description); err == nil {
		time.Sleep(pause)
	}
	if message, ok := misbehave(r.Description); ok {
		return &sdk.Payment{Status: sdk.PaymentProcessing, Message: message}, nil
	}

	return &sdk.Payment{
		ProviderReference: r.Reference,
		Status:            sdk.PaymentRequiresAction,
		NextAction:        sdk.RedirectTo("https://pay.example/" + r.Reference),
	}, nil
}

// rawServer is the argument that makes this program the raw gRPC server.
const rawServer = "serve-raw"

// serveRaw serves the contract on a unix socket without go-plugin: no
// handshake, no TLS.
func serveRaw(socket string) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(client.MaxMessageSize))
	serve.NewServer(newProvider, serve.Options{}).Register(server)

	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		server.Stop()
	}()

	err = server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}

	return err
}
