package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/internal/wire"
	"github.com/payhost/payhost/sdk/serve"
)

type fakeConfig struct {
	Key     sdk.Secret   `config:"key"`
	Keys    []sdk.Secret `config:"keys"`
	Shop    string       `config:"shop,identity"`
	Without []string     `config:"without"`
	// Currencies are the account's own.
	Currencies []string `config:"currencies"`
}

// script is what the fake does; a verb without one answers with the least that
// the contract allows.
type script struct {
	build func(fakeConfig, sdk.Runtime) error
	verb  func(ctx context.Context, p *fake, verb string, req any) (any, error)
}

// fake implements every interface of the contract.
type fake struct {
	script *script
	cfg    fakeConfig
	rt     sdk.Runtime
	closed atomic.Bool
}

func (s *script) newFake(cfg fakeConfig, rt sdk.Runtime) (*fake, error) {
	if s.build != nil {
		if err := s.build(cfg, rt); err != nil {
			return nil, err
		}
	}
	return &fake{script: s, cfg: cfg, rt: rt}, nil
}

func amount(text, currency string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(text), Currency: currency}
}

func (*fake) Info() sdk.Info {
	least := decimal.New(1, 0)
	most := decimal.New(1000, 0)
	decimals := int32(2)
	limits := []sdk.AmountLimit{
		{Currency: "USD", Min: &least, Max: &most, Decimals: &decimals},
	}

	return sdk.Info{
		Name:          "fake",
		Version:       "0.1.0",
		Currencies:    []string{"USD", "EUR"},
		PaymentLimits: limits,
		PayoutLimits:  limits,
		CreatePayment: sdk.IdempotencySupport{LinkOnly: true},
		PaymentLookup: sdk.Lookup{ListByTime: true},
		PayoutLookup:  sdk.Lookup{ListByReference: true},
		Operations: []sdk.Operation{
			{Name: "look", Description: "Looks."}, {Name: "move", MovesMoney: true},
		},
		ContractVersion: 99,
		Capabilities:    []sdk.Capability{"made_up"}, // the SDK knows better
	}
}

// TakesCurrency: XLM is a currency that was learned while running.
func (*fake) TakesCurrency(code string) bool { return code == "XLM" }

func (p *fake) DescribeAccount() sdk.AccountDescription {
	d := sdk.AccountDescription{
		Currencies: p.cfg.Currencies,
		Warnings:   []string{"shop is " + p.cfg.Shop, "key is " + p.cfg.Key.Reveal()},
	}
	for _, c := range p.cfg.Without {
		d.Without = append(d.Without, sdk.Capability(c))
	}
	return d
}

func (p *fake) Close() error {
	if p.closed.Swap(true) {
		panic("closed twice")
	}
	return nil
}

// perform runs the script, or answers with least.
func perform[Resp any](
	ctx context.Context,
	p *fake,
	verb string,
	req any,
	least Resp,
) (Resp, error) {
	if p.script.verb == nil {
		return least, nil
	}
	resp, err := p.script.verb(ctx, p, verb, req)
	if resp == nil && err == nil {
		return least, nil
	}
	r, _ := resp.(Resp)
	return r, err
}

func (p *fake) CheckHealth(ctx context.Context) (sdk.Health, error) {
	return perform(ctx, p, "CheckHealth", nil, sdk.Health{State: sdk.HealthHealthy})
}

func (p *fake) ListPaymentMethods(
	ctx context.Context,
	req sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	return perform(ctx, p, "ListPaymentMethods", req, []sdk.PaymentMethod(nil))
}

func (p *fake) CreatePayment(
	ctx context.Context,
	req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	return perform(
		ctx,
		p,
		"CreatePayment",
		req,
		&sdk.Payment{Status: sdk.PaymentProcessing},
	)
}

func (p *fake) ConfirmPayment(
	ctx context.Context,
	req sdk.ConfirmPaymentRequest,
) (*sdk.Payment, error) {
	return perform(
		ctx,
		p,
		"ConfirmPayment",
		req,
		&sdk.Payment{Status: sdk.PaymentProcessing},
	)
}

func (p *fake) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	return perform(ctx, p, "GetPayment", req, &sdk.Payment{Status: sdk.PaymentProcessing})
}

func (p *fake) ListPayments(
	ctx context.Context,
	req sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	return perform(ctx, p, "ListPayments", req, &sdk.ListPaymentsResponse{})
}

func (p *fake) CapturePayment(
	ctx context.Context,
	req sdk.CapturePaymentRequest,
) (*sdk.Payment, error) {
	return perform(
		ctx,
		p,
		"CapturePayment",
		req,
		&sdk.Payment{Status: sdk.PaymentSucceeded},
	)
}

func (p *fake) CancelPayment(
	ctx context.Context,
	req sdk.CancelPaymentRequest,
) (*sdk.Payment, error) {
	return perform(ctx, p, "CancelPayment", req, &sdk.Payment{Status: sdk.PaymentCanceled})
}

func (p *fake) CreateRefund(
	ctx context.Context,
	req sdk.CreateRefundRequest,
) (*sdk.Refund, error) {
	return perform(ctx, p, "CreateRefund", req, &sdk.Refund{Status: sdk.RefundPending})
}

func (p *fake) GetRefund(
	ctx context.Context,
	req sdk.GetRefundRequest,
) (*sdk.Refund, error) {
	return perform(ctx, p, "GetRefund", req, &sdk.Refund{Status: sdk.RefundPending})
}

func (p *fake) CreatePayout(
	ctx context.Context,
	req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	return perform(ctx, p, "CreatePayout", req, &sdk.Payout{Status: sdk.PayoutProcessing})
}

func (p *fake) GetPayout(
	ctx context.Context,
	req sdk.GetPayoutRequest,
) (*sdk.Payout, error) {
	return perform(ctx, p, "GetPayout", req, &sdk.Payout{Status: sdk.PayoutProcessing})
}

func (p *fake) ListPayouts(
	ctx context.Context,
	req sdk.ListPayoutsRequest,
) (*sdk.ListPayoutsResponse, error) {
	return perform(ctx, p, "ListPayouts", req, &sdk.ListPayoutsResponse{})
}

func (p *fake) GetBalances(ctx context.Context) ([]sdk.Balance, error) {
	return perform(ctx, p, "GetBalances", nil, []sdk.Balance(nil))
}

func (p *fake) ParseWebhook(
	ctx context.Context,
	req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	return perform(
		ctx,
		p,
		"ParseWebhook",
		req,
		&sdk.WebhookResult{Verification: sdk.NotVerified},
	)
}

func (p *fake) ParseReturn(
	ctx context.Context,
	req sdk.ParseReturnRequest,
) (*sdk.Return, error) {
	return perform(ctx, p, "ParseReturn", req, &sdk.Return{Verification: sdk.NotVerified})
}

func (p *fake) InvokeOperation(
	ctx context.Context,
	req sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	return perform(ctx, p, "InvokeOperation", req, json.RawMessage(`null`))
}

// calls makes one valid request of every verb.
var calls = map[string]func(context.Context, *client.Account) (any, error){
	"CheckHealth": func(ctx context.Context, a *client.Account) (any, error) { return a.CheckHealth(ctx) },
	"GetBalances": func(ctx context.Context, a *client.Account) (any, error) { return a.GetBalances(ctx) },

	"ListPaymentMethods": with(
		(*client.Account).ListPaymentMethods,
		sdk.ListPaymentMethodsRequest{Country: "DE"},
	),
	"CreatePayment": with((*client.Account).CreatePayment, validPayment()),
	"ConfirmPayment": with(
		(*client.Account).ConfirmPayment,
		sdk.ConfirmPaymentRequest{
			IdempotencyKey: "k",
			Attempt:        1,
			Fields:         map[string]string{"id": "7"},
		},
	),
	"GetPayment": with(
		(*client.Account).GetPayment,
		sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: "pay_1"}},
	),
	"ListPayments": with(
		(*client.Account).ListPayments,
		sdk.ListPaymentsRequest{From: time.Unix(1, 0).UTC()},
	),
	"CapturePayment": with(
		(*client.Account).CapturePayment,
		sdk.CapturePaymentRequest{IdempotencyKey: "k", Attempt: 1},
	),
	"CancelPayment": with(
		(*client.Account).CancelPayment,
		sdk.CancelPaymentRequest{IdempotencyKey: "k", Attempt: 1, Reason: "r"},
	),
	"CreateRefund": with(
		(*client.Account).CreateRefund,
		sdk.CreateRefundRequest{
			Reference:      "re_1",
			IdempotencyKey: "k",
			Sequence:       1,
			Attempt:        1,
			Amount:         amount("1", "USD"),
		},
	),
	"GetRefund": with(
		(*client.Account).GetRefund,
		sdk.GetRefundRequest{Refund: sdk.RefundContext{Reference: "re_1"}},
	),
	"CreatePayout": with(
		(*client.Account).CreatePayout,
		sdk.CreatePayoutRequest{
			Reference:      "po_1",
			IdempotencyKey: "k",
			Sequence:       1,
			Attempt:        1,
			Amount:         amount("1", "USD"),
		},
	),
	"GetPayout": with(
		(*client.Account).GetPayout,
		sdk.GetPayoutRequest{Payout: sdk.PayoutContext{Reference: "po_1"}},
	),
	"ListPayouts": with(
		(*client.Account).ListPayouts,
		sdk.ListPayoutsRequest{Payouts: []sdk.PayoutContext{{Reference: "po_1"}}},
	),
	"ParseWebhook": with(
		(*client.Account).ParseWebhook,
		sdk.ParseWebhookRequest{Scope: sdk.ScopeOpen},
	),
	"ParseReturn": with(
		(*client.Account).ParseReturn,
		sdk.ParseReturnRequest{Scope: sdk.ScopeOpen},
	),
	"InvokeOperation": with(
		(*client.Account).InvokeOperation,
		sdk.InvokeOperationRequest{Operation: "look", Input: json.RawMessage(`{}`)},
	),
}

// with binds a request to a verb.
func with[Req, Resp any](
	call func(*client.Account, context.Context, Req) (Resp, error), req Req,
) func(context.Context, *client.Account) (any, error) {
	return func(ctx context.Context, a *client.Account) (any, error) { return call(a, ctx, req) }
}

// sdkTime is some time.
var sdkTime = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// validPayment is a request that breaks no rule.
func validPayment() sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:      "pay_1",
		IdempotencyKey: "order-47",
		Sequence:       1,
		Attempt:        1,
		Amount:         amount("60.00", "USD"),
	}
}

// rig is a server on a Unix socket, and a client of it.
type rig struct {
	*client.Client
	server *serve.Server
	log    *bytes.Buffer // guarded by nothing: read it when the server has nothing to do
}

func (r *rig) main() *client.Account { return r.Account("main") }

// configure makes the account "main" and fails the test if it cannot.
func (r *rig) configure(t *testing.T, config string) sdk.AccountInfo {
	t.Helper()
	info, err := r.Configure(t.Context(), "main", json.RawMessage(config))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// serve runs a server of the scripted fake with the account "main", configured
// with nothing.
func serveScript(t *testing.T, s *script) *rig {
	t.Helper()
	r := serveNew(t, s.newFake)
	r.configure(t, `{}`)
	return r
}

func serveNew[C any, P sdk.Provider](
	t *testing.T,
	newProvider func(C, sdk.Runtime) (P, error),
) *rig {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&lockedWriter{w: &log}, nil))
	server := serve.NewServer(newProvider, serve.Options{Logger: logger})
	client := connect(t, func(g *grpc.Server) { server.Register(g) })
	t.Cleanup(server.Close)
	return &rig{Client: client, server: server, log: &log}
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// connect serves what register registers on a Unix socket and gives a client of
// it.
func connect(t *testing.T, register func(*grpc.Server)) *client.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}

	g := grpc.NewServer(
		grpc.MaxRecvMsgSize(wire.MaxMessageSize),
		grpc.MaxSendMsgSize(wire.MaxMessageSize),
	)
	register(g)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	cc, err := grpc.NewClient(
		"unix:"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		cc.Close()
		g.Stop()
		if err := <-served; err != nil {
			t.Error(fmt.Errorf("serving: %w", err))
		}
	})

	return client.New(cc)
}
