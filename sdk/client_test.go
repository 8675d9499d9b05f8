package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// liar is a plugin that says what a test wants, whether or not the contract allows it.
type liar struct {
	wire.UnimplementedProviderServiceServer
	info    func() (*wire.GetInfoResponse, error)
	account func() (*wire.ConfigureResponse, error)
	payment func(context.Context) (*wire.CreatePaymentResponse, error)
	output  json.RawMessage
}

func (l *liar) InvokeOperation(context.Context, *wire.InvokeOperationRequest) (*wire.InvokeOperationResponse, error) {
	return &wire.InvokeOperationResponse{Output: l.output}, nil
}

func (l *liar) GetInfo(context.Context, *wire.GetInfoRequest) (*wire.GetInfoResponse, error) {
	return l.info()
}

func (l *liar) Configure(context.Context, *wire.ConfigureRequest) (*wire.ConfigureResponse, error) {
	return l.account()
}

func (l *liar) CreatePayment(ctx context.Context, _ *wire.CreatePaymentRequest) (*wire.CreatePaymentResponse, error) {
	return l.payment(ctx)
}

// believe gives a client of the liar, and what stops the liar's server.
func believe(t *testing.T, l *liar) (*Client, func()) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.MaxSendMsgSize(2 * MaxMessageSize))
	wire.RegisterProviderServiceServer(g, l)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	cc, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cc.Close()
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return NewClient(cc), g.Stop
}

func pay(ctx context.Context, c *Client) (*Payment, error) {
	return c.Account("main").CreatePayment(ctx, CreatePaymentRequest{})
}

func wants(t *testing.T, err error, code Code, outcome Outcome, text string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code || e.Outcome != outcome || !strings.Contains(e.Error(), text) {
		t.Errorf("got %v, want %s (%s) with %q", err, code, outcome, text)
	}
}

func TestUnknownValuesAreCarried(t *testing.T) {
	c, _ := believe(t, &liar{
		payment: func(context.Context) (*wire.CreatePaymentResponse, error) {
			return &wire.CreatePaymentResponse{Payment: &wire.Payment{Status: 99}}, nil
		},
		info: func() (*wire.GetInfoResponse, error) {
			return &wire.GetInfoResponse{Name: "liar", Capabilities: []wire.Capability{3, 77}}, nil
		},
	})
	if p, err := pay(t.Context(), c); err != nil || p.Status != "unrecognized_99" {
		t.Errorf("got %+v, %v", p, err)
	}
	if i, err := c.Info(t.Context()); err != nil || !slices.Equal(i.Capabilities, []Capability{CapabilityCreatePayment, "unrecognized_77"}) {
		t.Errorf("got %+v, %v", i, err)
	}
}

func TestLiesAreInternalErrors(t *testing.T) {
	ok := wire.PaymentStatus_PAYMENT_STATUS_SUCCEEDED
	for name, lie := range map[string]*wire.CreatePaymentResponse{
		"no payment":     {},
		"no status":      {Payment: &wire.Payment{}},
		"an exponent":    {Payment: &wire.Payment{Status: ok, Amount: &wire.Money{Amount: "1e999999999", Currency: "USD"}}},
		"a long amount":  {Payment: &wire.Payment{Status: ok, Paid: &wire.Money{Amount: strings.Repeat("1", 65), Currency: "USD"}}},
		"a currency":     {Payment: &wire.Payment{Status: ok, Paid: &wire.Money{Amount: "1", Currency: "<b>"}}},
		"a large state":  {Payment: &wire.Payment{Status: ok, ProviderState: make([]byte, 4097)}},
		"no receipt":     {Payment: &wire.Payment{Status: ok, Receipts: []*wire.Receipt{{Id: "1"}}}},
		"no next action": {Payment: &wire.Payment{Status: ok, NextAction: &wire.NextAction{}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := believe(t, &liar{payment: func(context.Context) (*wire.CreatePaymentResponse, error) { return lie, nil }})
			p, err := pay(t.Context(), c)
			wants(t, err, CodeInternal, OutcomeUnknown, "breaks the contract")
			if p != nil {
				t.Errorf("got %+v as well", p)
			}
		})
	}
}

func TestLiesAboutThePluginAreInternalErrors(t *testing.T) {
	for field, lie := range map[string]*wire.GetInfoResponse{
		"name":                       {Name: "../../etc"},
		"payment_limits[0].min":      {Name: "liar", PaymentLimits: []*wire.AmountLimit{{Currency: "USD", Min: "1e9"}}},
		"config_schema":              {Name: "liar", ConfigSchema: []byte("{")},
		"operations[0].name":         {Name: "liar", Operations: []*wire.Operation{{Name: "a b"}}},
		"currencies":                 {Name: "liar", Currencies: []string{"usd"}},
		"operations[0].input_schema": {Name: "liar", Operations: []*wire.Operation{{Name: "a", InputSchema: []byte("x")}}},
	} {
		c, _ := believe(t, &liar{info: func() (*wire.GetInfoResponse, error) { return lie, nil }})
		_, err := c.Info(t.Context())
		wants(t, err, CodeInternal, OutcomeUnknown, field+": ")
	}
	c, _ := believe(t, &liar{account: func() (*wire.ConfigureResponse, error) {
		return &wire.ConfigureResponse{IdentityFingerprint: strings.Repeat("x", 201)}, nil
	}})
	_, err := c.Configure(t.Context(), "main", json.RawMessage(`{}`))
	wants(t, err, CodeInternal, OutcomeUnknown, "identity_fingerprint: ")
}

func TestStatusWithoutDetailIsUnknown(t *testing.T) {
	for _, c := range []struct {
		sent error
		code Code
		text string
	}{
		{status.Error(codes.PermissionDenied, "no"), CodeInternal, "PermissionDenied without saying what it means: no"},
		{status.Error(codes.Unimplemented, "no"), CodeInternal, "Unimplemented"},
		{status.Error(codes.Unavailable, "gone"), CodeUnavailable, "died or closed the connection during the call: gone"},
		{status.Error(codes.DeadlineExceeded, "late"), CodeUnavailable, "deadline"},
		{errors.New("plain"), CodeInternal, "plain"},
	} {
		client, _ := believe(t, &liar{payment: func(context.Context) (*wire.CreatePaymentResponse, error) { return nil, c.sent }})
		_, err := pay(t.Context(), client)
		wants(t, err, c.code, OutcomeUnknown, c.text)
	}
}

// TestOurOwnEndDecides: the plugin sees the same when the caller cancels and when the deadline passes.
//
// go-plugin trap 26: a plugin cannot tell a cancel from a deadline.
func TestOurOwnEndDecides(t *testing.T) {
	entered := make(chan struct{}, 1)
	c, _ := believe(t, &liar{payment: func(ctx context.Context) (*wire.CreatePaymentResponse, error) {
		entered <- struct{}{}
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	_, err := pay(ctx, c)
	wants(t, err, CodeUnavailable, OutcomeUnknown, "canceled on our side")

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = pay(ctx, c)
	wants(t, err, CodeUnavailable, OutcomeUnknown, "did not answer before the call's deadline")
}

func TestEndedCallsAreNotSent(t *testing.T) {
	c, _ := believe(t, &liar{payment: func(context.Context) (*wire.CreatePaymentResponse, error) {
		t.Error("the call was made")
		return nil, nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pay(ctx, c)
	wants(t, err, CodeUnavailable, OutcomeNotSent, "had ended before it began")
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	_, err = pay(ctx, c)
	wants(t, err, CodeUnavailable, OutcomeNotSent, "had ended before it began")
}

func TestConnectionLostDuringTheCallIsUnknown(t *testing.T) {
	entered := make(chan struct{})
	c, stop := believe(t, &liar{payment: func(ctx context.Context) (*wire.CreatePaymentResponse, error) {
		close(entered)
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	go func() {
		<-entered
		stop()
	}()
	_, err := pay(t.Context(), c)
	wants(t, err, CodeUnavailable, OutcomeUnknown, "died or closed the connection")
}

// TestDeadPluginIsNotWaitedFor calls more than once, because only the first call may find the connection still up.
//
// go-plugin trap 11: WaitForReady on a dead plugin burns the whole deadline.
func TestDeadPluginIsNotWaitedFor(t *testing.T) {
	c, stop := believe(t, &liar{info: named})
	if _, err := c.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 3 {
		_, err := pay(ctx, c)
		wants(t, err, CodeUnavailable, OutcomeUnknown, "died or closed the connection")
	}
}

// go-plugin trap 25: a server takes 4 MB at most, a client anything.
func TestMessagesAreBounded(t *testing.T) {
	c, _ := believe(t, &liar{payment: func(context.Context) (*wire.CreatePaymentResponse, error) {
		return &wire.CreatePaymentResponse{Payment: &wire.Payment{Message: strings.Repeat("x", MaxMessageSize)}}, nil
	}})
	_, err := pay(t.Context(), c)
	wants(t, err, CodeInternal, OutcomeUnknown, "ResourceExhausted")

	_, err = c.Account("main").ConfirmPayment(t.Context(), ConfirmPaymentRequest{
		Attachments: []Attachment{{Content: make([]byte, MaxMessageSize)}},
	})
	wants(t, err, CodeInvalidRequest, OutcomeNotSent, "more than the 16777216")
}

func TestDoneOfAPlainClientIsNil(t *testing.T) {
	if c := NewClient(nil); c.Done() != nil {
		t.Error("a client without a process cannot know its end")
	}
}

// The server's own answer to a call that had ended on its way, which no client of ours sends.
func TestServerRefusesEndedCalls(t *testing.T) {
	s := NewServer(func(struct{}, Runtime) (idle, error) { return idle{}, nil }, ServerOptions{})
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&service{server: s}).CreatePayment(ctx, &wire.CreatePaymentRequest{Account: "main"})
	e, _ := errorFromWire(t.Context(), err)
	wants(t, e, CodeUnavailable, OutcomeNotSent, "had ended before the plugin began")
	if err := s.put(ctx, "main", nil, s.next()); err == nil {
		t.Error("an account was changed for a host that has gone")
	}
}

// idle has a name and can do nothing.
type idle struct{}

func (idle) Info() Info { return Info{Name: "idle"} }
