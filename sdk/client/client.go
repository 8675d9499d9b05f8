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

// Client is a host's connection to one plugin process. It may be used by
// several goroutines. All its errors are *sdk.Error, and its answers have been
// checked: a plugin can lie.
type Client struct {
	conn    grpc.ClientConnInterface
	service pb.ProviderServiceClient
	done    <-chan struct{}
}

// New makes a client of a connection, which stays the caller's to close. A host
// that starts plugins gets a client by dispensing PluginName.
func New(conn grpc.ClientConnInterface) *Client {
	return &Client{
		conn:    conn,
		service: pb.NewProviderServiceClient(conn),
	}
}

// Done is closed when the process behind the client is gone; it is nil when
// that cannot be known.
func (c *Client) Done() <-chan struct{} { return c.done }

// Info asks what the plugin is. It works before Configure, is answered locally
// and so proves that the process is alive.
func (c *Client) Info(ctx context.Context) (sdk.Info, error) {
	answer, err := exchange(ctx, c.service.GetInfo, &pb.GetInfoRequest{})
	if err != nil {
		return sdk.Info{}, err
	}
	info, err := wire.ReadInfo(answer)
	if err != nil {
		return sdk.Info{}, err
	}
	return info, nil
}

// Configure builds or replaces one account; config is the JSON text of one
// object. If it fails the account stays as it was, and the error has everything
// that is wrong as Violations.
func (c *Client) Configure(
	ctx context.Context, account string, config json.RawMessage,
) (sdk.AccountInfo, error) {
	request := &pb.ConfigureRequest{Account: account, Config: config}
	answer, err := exchange(ctx, c.service.Configure, request)
	if err != nil {
		return sdk.AccountInfo{}, err
	}
	info, err := wire.ReadAccountInfo(answer)
	if err != nil {
		return sdk.AccountInfo{}, err
	}
	return info, nil
}

// Deconfigure forgets an account. It is not an error when the plugin has none
// of that name.
func (c *Client) Deconfigure(ctx context.Context, account string) error {
	request := &pb.DeconfigureRequest{Account: account}
	if _, err := exchange(ctx, c.service.Deconfigure, request); err != nil {
		return err
	}
	return nil
}

// Account returns the verbs of one account. It asks nobody: whether the account
// is configured shows when it is used.
func (c *Client) Account(name string) *Account {
	return &Account{client: c, name: name}
}

// invoke is the way of every verb.
func invoke[P, Req, Resp any, WReq wire.AccountRequest, WResp proto.Message](
	ctx context.Context, account *Account,
	verb *wire.Verb[P, Req, Resp, WReq, WResp], req Req,
) (Resp, error) {
	var none Resp
	method := func(ctx context.Context, in WReq, opts ...grpc.CallOption) (WResp, error) {
		return verb.Invoke(account.client.service, ctx, in, opts...)
	}
	answer, err := exchange(ctx, method, verb.EncodeRequest(account.name, req))
	if err != nil {
		return none, err
	}

	resp, err := verb.ReadResponse(answer)
	if err != nil {
		return none, err
	}
	return resp, nil
}

// exchange makes one call, once. It does not wait for a connection to come up:
// a dead plugin must not burn the whole deadline. A call that cannot begin is
// not sent; one that has begun and has no answer is in doubt.
func exchange[WReq, WResp proto.Message](
	ctx context.Context,
	method func(context.Context, WReq, ...grpc.CallOption) (WResp, error), in WReq,
) (WResp, *sdk.Error) {
	var none WResp
	if !sdk.InTime(ctx) {
		return none, sdk.NotSent(sdk.CodeUnavailable,
			"the call had ended before it began: %s", wire.EndReason(ctx))
	}
	wire.Scrub(in, nil)
	if size := proto.Size(in); size > MaxMessageSize {
		return none, sdk.NotSent(sdk.CodeInvalidRequest,
			"the request has %d bytes, more than the %d that a message may have",
			size, MaxMessageSize)
	}

	// From here on the plugin may have got the call.
	out, err := method(wire.SendCorrelation(wire.SendDeadline(ctx)), in, optionsFor(none)...)
	if err != nil {
		failure, exchanges := wire.DecodeError(ctx, err)
		record(ctx, exchanges)
		return none, failure
	}

	// An answer that is too large is not walked through any more: of it only what
	// was said to the provider is kept.
	tooLarge := wire.CheckSize(out)
	if tooLarge == nil {
		wire.Scrub(out, nil)
	}
	record(ctx, wire.ExchangesOf(out))
	if tooLarge != nil {
		return none, tooLarge
	}
	return out, nil
}

// callOptions and anyCallOptions are those of every call; the second take an
// answer of any size that a message may have.
var (
	callOptions    = newCallOptions(wire.ReceiveLimit(&pb.GetInfoResponse{}))
	anyCallOptions = newCallOptions(MaxMessageSize)
)

func newCallOptions(receiveLimit int) []grpc.CallOption {
	return []grpc.CallOption{
		grpc.WaitForReady(false),
		grpc.MaxCallSendMsgSize(MaxMessageSize),
		grpc.MaxCallRecvMsgSize(receiveLimit),
	}
}

func optionsFor(answer proto.Message) []grpc.CallOption {
	if wire.ReceiveLimit(answer) == MaxMessageSize {
		return anyCallOptions
	}
	return callOptions
}

func record(ctx context.Context, exchanges []sdk.Exchange) {
	for _, exchange := range exchanges {
		sdk.RecordExchange(ctx, exchange)
	}
}
