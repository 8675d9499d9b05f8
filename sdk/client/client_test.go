package client

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

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// liar is a plugin that says what a test wants, whether or not the contract
// allows it.
type liar struct {
	pb.UnimplementedProviderServiceServer
	info    func() (*pb.GetInfoResponse, error)
	account func() (*pb.ConfigureResponse, error)
	payment func(context.Context) (*pb.CreatePaymentResponse, error)
	output  json.RawMessage
}

func (l *liar) InvokeOperation(
	context.Context,
	*pb.InvokeOperationRequest,
) (*pb.InvokeOperationResponse, error) {
	return &pb.InvokeOperationResponse{Output: l.output}, nil
}

func (l *liar) GetInfo(context.Context, *pb.GetInfoRequest) (*pb.GetInfoResponse, error) {
	return l.info()
}

func (l *liar) Configure(
	context.Context,
	*pb.ConfigureRequest,
) (*pb.ConfigureResponse, error) {
	return l.account()
}

func (l *liar) CreatePayment(
	ctx context.Context,
	_ *pb.CreatePaymentRequest,
) (*pb.CreatePaymentResponse, error) {
	return l.payment(ctx)
}

// believe returns a client of the liar, and what stops the liar's server.
func believe(t *testing.T, l *liar) (*Client, func()) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}

	g := grpc.NewServer(grpc.MaxSendMsgSize(2 * wire.MaxMessageSize))
	pb.RegisterProviderServiceServer(g, l)
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
			t.Error(err)
		}
	})

	return New(cc), g.Stop
}

func pay(ctx context.Context, c *Client) (*sdk.Payment, error) {
	return c.Account("main").CreatePayment(ctx, sdk.CreatePaymentRequest{})
}

func wants(t *testing.T, err error, code sdk.Code, outcome sdk.Outcome, text string) {
	t.Helper()
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != code || e.Outcome != outcome ||
		!strings.Contains(e.Error(), text) {
		t.Errorf("got %v, want %s (%s) with %q", err, code, outcome, text)
	}
}

func TestUnknownValuesAreCarried(t *testing.T) {
	c, _ := believe(t, &liar{
		payment: func(context.Context) (*pb.CreatePaymentResponse, error) {
			return &pb.CreatePaymentResponse{Payment: &pb.Payment{Status: 99}}, nil
		},
		info: func() (*pb.GetInfoResponse, error) {
			return &pb.GetInfoResponse{
				Name:         "liar",
				Capabilities: []pb.Capability{3, 77},
			}, nil
		},
	})
	if p, err := pay(t.Context(), c); err != nil || p.Status != "unrecognized_99" {
		t.Errorf("got %+v, %v", p, err)
	}

	if i, err := c.Info(t.Context()); err != nil ||
		!slices.Equal(
			i.Capabilities,
			[]sdk.Capability{sdk.CapabilityCreatePayment, "unrecognized_77"},
		) {
		t.Errorf("got %+v, %v", i, err)
	}
}

func TestLiesAreInternalErrors(t *testing.T) {
	ok := pb.PaymentStatus_PAYMENT_STATUS_SUCCEEDED
	for name, lie := range map[string]*pb.CreatePaymentResponse{
		"no payment":     {},
		"no status":      {Payment: &pb.Payment{}},
		"an exponent":    {Payment: &pb.Payment{Status: ok, Amount: &pb.Money{Amount: "1e999999999", Currency: "USD"}}},
		"a long amount":  {Payment: &pb.Payment{Status: ok, Paid: &pb.Money{Amount: strings.Repeat("1", 65), Currency: "USD"}}},
		"a currency":     {Payment: &pb.Payment{Status: ok, Paid: &pb.Money{Amount: "1", Currency: "<b>"}}},
		"a large state":  {Payment: &pb.Payment{Status: ok, ProviderState: make([]byte, 4097)}},
		"no receipt":     {Payment: &pb.Payment{Status: ok, Receipts: []*pb.Receipt{{Id: "1"}}}},
		"no next action": {Payment: &pb.Payment{Status: ok, NextAction: &pb.NextAction{}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := believe(
				t,
				&liar{
					payment: func(context.Context) (*pb.CreatePaymentResponse, error) { return lie, nil },
				},
			)

			p, err := pay(t.Context(), c)
			wants(t, err, sdk.CodeInternal, sdk.OutcomeUnknown, "breaks the contract")
			if p != nil {
				t.Errorf("got %+v as well", p)
			}
		})
	}
}

func TestLiesAboutThePluginAreInternalErrors(t *testing.T) {
	for field, lie := range map[string]*pb.GetInfoResponse{
		"name":                       {Name: "../../etc"},
		"payment_limits[0].min":      {Name: "liar", PaymentLimits: []*pb.AmountLimit{{Currency: "USD", Min: "1e9"}}},
		"config_schema":              {Name: "liar", ConfigSchema: []byte("{")},
		"operations[0].name":         {Name: "liar", Operations: []*pb.Operation{{Name: "a b"}}},
		"currencies":                 {Name: "liar", Currencies: []string{"usd"}},
		"operations[0].input_schema": {Name: "liar", Operations: []*pb.Operation{{Name: "a", InputSchema: []byte("x")}}},
	} {
		c, _ := believe(
			t,
			&liar{info: func() (*pb.GetInfoResponse, error) { return lie, nil }},
		)

		_, err := c.Info(t.Context())
		wants(t, err, sdk.CodeInternal, sdk.OutcomeUnknown, field+": ")
	}

	c, _ := believe(t, &liar{account: func() (*pb.ConfigureResponse, error) {
		return &pb.ConfigureResponse{IdentityFingerprint: strings.Repeat("x", 201)}, nil
	}})
	_, err := c.Configure(t.Context(), "main", json.RawMessage(`{}`))
	wants(t, err, sdk.CodeInternal, sdk.OutcomeUnknown, "identity_fingerprint: ")
}

func TestStatusWithoutDetailIsUnknown(t *testing.T) {
	for _, c := range []struct {
		sent error
		code sdk.Code
		text string
	}{
		{status.Error(codes.PermissionDenied, "no"), sdk.CodeInternal, "PermissionDenied without saying what it means: no"},
		{status.Error(codes.Unimplemented, "no"), sdk.CodeInternal, "Unimplemented"},
		{status.Error(codes.Unavailable, "gone"), sdk.CodeUnavailable, "died or closed the connection during the call: gone"},
		{status.Error(codes.DeadlineExceeded, "late"), sdk.CodeUnavailable, "deadline"},
		{errors.New("plain"), sdk.CodeInternal, "plain"},
	} {
		client, _ := believe(
			t,
			&liar{
				payment: func(context.Context) (*pb.CreatePaymentResponse, error) { return nil, c.sent },
			},
		)

		_, err := pay(t.Context(), client)
		wants(t, err, c.code, sdk.OutcomeUnknown, c.text)
	}
}

// TestOurOwnEndDecides: the plugin sees the same when the caller cancels and
// when the deadline passes.
//
// go-plugin trap 26: a plugin cannot tell a cancel from a deadline.
func TestOurOwnEndDecides(t *testing.T) {
	entered := make(chan struct{}, 1)
	c, _ := believe(
		t,
		&liar{payment: func(ctx context.Context) (*pb.CreatePaymentResponse, error) {
			entered <- struct{}{}
			<-ctx.Done()
			return nil, status.FromContextError(ctx.Err()).Err()
		}},
	)

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()

	_, err := pay(ctx, c)
	wants(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown, "canceled on our side")

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = pay(ctx, c)
	wants(
		t,
		err,
		sdk.CodeUnavailable,
		sdk.OutcomeUnknown,
		"did not answer before the call's deadline",
	)
}

func TestEndedCallsAreNotSent(t *testing.T) {
	c, _ := believe(
		t,
		&liar{payment: func(context.Context) (*pb.CreatePaymentResponse, error) {
			t.Error("the call was made")
			return nil, nil
		}},
	)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pay(ctx, c)
	wants(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "had ended before it began")
	ctx, cancel = context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()

	_, err = pay(ctx, c)
	wants(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent, "had ended before it began")
}

func TestConnectionLostDuringTheCallIsUnknown(t *testing.T) {
	entered := make(chan struct{})
	c, stop := believe(
		t,
		&liar{payment: func(ctx context.Context) (*pb.CreatePaymentResponse, error) {
			close(entered)
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	)

	go func() {
		<-entered
		stop()
	}()

	_, err := pay(t.Context(), c)
	wants(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown, "died or closed the connection")
}

// TestDeadPluginIsNotWaitedFor calls more than once, because only the first
// call may find the connection still up.
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
		wants(
			t,
			err,
			sdk.CodeUnavailable,
			sdk.OutcomeUnknown,
			"died or closed the connection",
		)
	}
}

// go-plugin trap 25: a server takes 4 MB at most, a client anything.
func TestMessagesAreBounded(t *testing.T) {
	c, _ := believe(
		t,
		&liar{payment: func(context.Context) (*pb.CreatePaymentResponse, error) {
			return &pb.CreatePaymentResponse{
				Payment: &pb.Payment{Message: strings.Repeat("x", wire.MaxMessageSize)},
			}, nil
		}},
	)

	_, err := pay(t.Context(), c)
	wants(t, err, sdk.CodeInternal, sdk.OutcomeUnknown, "ResourceExhausted")

	_, err = c.Account("main").ConfirmPayment(t.Context(), sdk.ConfirmPaymentRequest{
		Attachments: []sdk.Attachment{{Content: make([]byte, wire.MaxMessageSize)}},
	})
	wants(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "more than the 16777216")
}

func TestDoneOfAPlainClientIsNil(t *testing.T) {
	if c := New(nil); c.Done() != nil {
		t.Error("a client without a process cannot know its end")
	}
}

func named() (*pb.GetInfoResponse, error) { return &pb.GetInfoResponse{Name: "plugin"}, nil }
