package client

import (
	"context"
	"encoding/json"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// Client is a host's connection to one plugin process. All its errors are *Error, and its answers have been checked: a
// plugin can lie.
type Client struct {
	conn    grpc.ClientConnInterface
	service pb.ProviderServiceClient
	done    <-chan struct{}
}

// NewClient makes a client of a connection. A host that starts plugins gets one by dispensing PluginName.
func New(cc grpc.ClientConnInterface) *Client {
	return &Client{conn: cc, service: pb.NewProviderServiceClient(cc)}
}

// Done is closed when the process behind the client is gone; it is nil when that cannot be known.
func (c *Client) Done() <-chan struct{} { return c.done }

// Info asks what the plugin is. It works before Configure, is answered locally and so proves that the process is alive.
func (c *Client) Info(ctx context.Context) (sdk.Info, error) {
	w, err := exchange(ctx, c.service.GetInfo, &pb.GetInfoRequest{})
	if err != nil {
		return sdk.Info{}, err
	}
	info, err := wire.ReadInfo(w)
	if err != nil {
		return sdk.Info{}, err
	}
	return info, nil
}

// Configure builds or replaces one account; config is JSON text. If it fails the account stays as it was, and the error
// has everything that is wrong as Violations.
func (c *Client) Configure(ctx context.Context, account string, config json.RawMessage) (sdk.AccountInfo, error) {
	w, err := exchange(ctx, c.service.Configure, &pb.ConfigureRequest{Account: account, Config: config})
	if err != nil {
		return sdk.AccountInfo{}, err
	}
	info, err := wire.ReadAccountInfo(w)
	if err != nil {
		return sdk.AccountInfo{}, err
	}
	return info, nil
}

// Deconfigure forgets an account; one that is not there is no error.
func (c *Client) Deconfigure(ctx context.Context, account string) error {
	if _, err := exchange(ctx, c.service.Deconfigure, &pb.DeconfigureRequest{Account: account}); err != nil {
		return err
	}
	return nil
}

// Account gives the verbs of one account. It asks nobody: whether the account is configured shows when it is used.
func (c *Client) Account(name string) *Account { return &Account{client: c, name: name} }

// AccountClient calls the verbs of one account. Exchanges that the plugin reports go into the context's ExchangeLog.
type Account struct {
	client *Client
	name   string
}

// invoke is the way of every verb.
func invoke[P, Req, Resp any, WReq wire.AccountRequest, WResp proto.Message](
	ctx context.Context, a *Account, v *wire.Verb[P, Req, Resp, WReq, WResp], req Req,
) (Resp, error) {
	var none Resp
	method := func(ctx context.Context, in WReq, opts ...grpc.CallOption) (WResp, error) {
		return v.Invoke(a.client.service, ctx, in, opts...)
	}
	w, err := exchange(ctx, method, v.EncodeRequest(a.name, req))
	if err != nil {
		return none, err
	}
	resp, err := v.ReadResponse(w)
	if err != nil {
		return none, err
	}
	return resp, nil
}

// exchange makes one call, once. It does not wait for a connection to come up: a dead plugin must not burn the whole
// deadline. A call that cannot begin is not sent; one that has begun and has no answer is in doubt.
func exchange[WReq, WResp proto.Message](
	ctx context.Context, method func(context.Context, WReq, ...grpc.CallOption) (WResp, error), in WReq,
) (WResp, *sdk.Error) {
	var none WResp
	if !sdk.InTime(ctx) {
		return none, sdk.NotSent(sdk.CodeUnavailable, "the call had ended before it began: %s", wire.EndReason(ctx))
	}
	wire.Scrub(in, nil)
	if size := proto.Size(in); size > wire.MaxMessageSize {
		return none, sdk.NotSent(sdk.CodeInvalidRequest, "the request has %d bytes, more than the %d that a message may have", size, wire.MaxMessageSize)
	}
	out, err := method(wire.SendDeadline(ctx), in,
		grpc.WaitForReady(false),
		grpc.MaxCallSendMsgSize(wire.MaxMessageSize), grpc.MaxCallRecvMsgSize(wire.ReceiveLimit(none)))
	if err != nil {
		e, exchanges := wire.DecodeError(ctx, err)
		record(ctx, exchanges)
		return none, e
	}
	// What is too large is not walked through any more: only what was said to
	// the provider is kept of it.
	if tooLarge := wire.CheckSize(out); tooLarge != nil {
		record(ctx, wire.ExchangesOf(out))
		return none, tooLarge
	}
	wire.Scrub(out, nil)
	record(ctx, wire.ExchangesOf(out))
	return out, nil
}

func record(ctx context.Context, list []sdk.Exchange) {
	for _, e := range list {
		sdk.RecordExchange(ctx, e)
	}
}
