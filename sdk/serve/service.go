package serve

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

var _ pb.ProviderServiceServer = (*service)(nil)

// service is the generated interface: one line a verb.
type service struct {
	pb.UnimplementedProviderServiceServer
	server *Server
}

// handle is the way of every verb that is for an account. Whatever goes wrong,
// the caller gets an ErrorDetail with what was said to the provider until then.
func handle[P, Req, Resp any, WReq wire.AccountRequest, WResp proto.Message](
	ctx context.Context, s *service,
	verb *wire.Verb[P, Req, Resp, WReq, WResp], check check[Req], in WReq,
) (WResp, error) {
	server := s.server
	ctx, log := sdk.WithExchangeLog(wire.HeedCorrelation(ctx))
	answer, failure := attempt(ctx, server, verb, check, in)
	if failure != nil {
		linkOnly := (verb.Idempotency != nil) && verb.Idempotency(&server.info).LinkOnly
		failure.NewAttemptSafe = failure.NewAttemptSafe || linkOnly
		var none WResp
		return none, wire.EncodeError(failure, log.Exchanges(), server.secrets.Text)
	}

	// The answer itself is scrubbed already.
	if exchanges := log.Exchanges(); len(exchanges) > 0 {
		wire.SetExchanges(answer, exchanges)
		wire.Scrub(answer, server.secrets.Text)
	}
	return answer, nil
}

// attempt is handle without the wire's errors: it finds the account, checks the
// request, calls the author's method and checks the answer. The call keeps the
// account that it has found, whatever is configured meanwhile.
func attempt[P, Req, Resp any, WReq wire.AccountRequest, WResp proto.Message](
	ctx context.Context, server *Server,
	verb *wire.Verb[P, Req, Resp, WReq, WResp], check check[Req], in WReq,
) (answer WResp, err *sdk.Error) {
	defer server.recovered(verb.Name, in.GetAccount(), &err)
	ctx, cancel := wire.HeedDeadline(ctx)
	defer cancel()
	if !sdk.InTime(ctx) {
		return answer, sdk.NotSent(sdk.CodeUnavailable,
			"the call had ended before the plugin began with it: %s", wire.EndReason(ctx))
	}

	account, err := server.acquire(in.GetAccount())
	if err != nil {
		return answer, err
	}
	defer server.release(account)
	provider, ok := account.provider.(P)
	if !ok || !account.can(verb.Capability) {
		return answer, sdk.NotSent(sdk.CodeNotSupported,
			"account %q cannot %s", account.name, verb.Capability)
	}

	req, problems := verb.ReadRequest(in)
	if check != nil {
		check(problems, account, req)
	}
	if err := problems.RequestError(); err != nil {
		return answer, err
	}

	// From here on the provider may have got something.
	resp, failure := verb.Call(provider, ctx, req)
	if failure != nil {
		return answer, sdk.AsError(failure)
	}
	answer, err = verb.Answer(resp, server.secrets.Text)
	if err != nil {
		server.logger.Error(verb.Name+": the answer breaks the contract",
			"account", account.name, "error", err.Error())
	}
	return answer, err
}

// GetInfo asks nobody and takes no lock, so that it answers as long as the
// process is alive.
func (s *service) GetInfo(
	context.Context, *pb.GetInfoRequest,
) (*pb.GetInfoResponse, error) {
	answer := wire.EncodeInfo(&s.server.info)
	wire.Scrub(answer, nil)
	return answer, nil
}

// Configure answers with everything that is wrong, or has put the account in
// place.
func (s *service) Configure(
	ctx context.Context, in *pb.ConfigureRequest,
) (*pb.ConfigureResponse, error) {
	info, err := s.configure(ctx, in)
	if err != nil {
		return nil, wire.EncodeError(err, nil, s.server.secrets.Text)
	}

	answer := wire.EncodeAccountInfo(&info)
	wire.Scrub(answer, s.server.secrets.Text)
	return answer, nil
}

func (s *service) configure(
	ctx context.Context, in *pb.ConfigureRequest,
) (info sdk.AccountInfo, err *sdk.Error) {
	defer s.server.recovered("Configure", in.GetAccount(), &err)
	info, failure := s.server.configure(ctx, in.GetAccount(), in.GetConfig())

	// A constructor that says only what is wrong means the configuration, and has
	// nothing to move money with.
	var said *sdk.Error
	if (failure != nil) && !errors.As(failure, &said) {
		return info, sdk.NotSent(sdk.CodeInvalidRequest, "%s", failure)
	}
	return info, sdk.AsError(failure)
}

// Deconfigure may be repeated: a host that is not sure whether it was heard
// calls it again.
func (s *service) Deconfigure(
	ctx context.Context, in *pb.DeconfigureRequest,
) (*pb.DeconfigureResponse, error) {
	err := s.server.put(ctx, in.GetAccount(), nil, s.server.nextTurn())
	if err != nil {
		return nil, wire.EncodeError(sdk.AsError(err), nil, s.server.secrets.Text)
	}
	return &pb.DeconfigureResponse{}, nil
}

func (s *service) CheckHealth(
	ctx context.Context, in *pb.CheckHealthRequest,
) (*pb.CheckHealthResponse, error) {
	return handle(ctx, s, wire.CheckHealth, nil, in)
}

func (s *service) ListPaymentMethods(
	ctx context.Context, in *pb.ListPaymentMethodsRequest,
) (*pb.ListPaymentMethodsResponse, error) {
	return handle(ctx, s, wire.ListPaymentMethods, nil, in)
}

func (s *service) CreatePayment(
	ctx context.Context, in *pb.CreatePaymentRequest,
) (*pb.CreatePaymentResponse, error) {
	return handle(ctx, s, wire.CreatePayment, checkCreatePayment, in)
}

func (s *service) ConfirmPayment(
	ctx context.Context, in *pb.ConfirmPaymentRequest,
) (*pb.ConfirmPaymentResponse, error) {
	return handle(ctx, s, wire.ConfirmPayment, checkConfirmPayment, in)
}

func (s *service) GetPayment(
	ctx context.Context, in *pb.GetPaymentRequest,
) (*pb.GetPaymentResponse, error) {
	return handle(ctx, s, wire.GetPayment, nil, in)
}

func (s *service) ListPayments(
	ctx context.Context, in *pb.ListPaymentsRequest,
) (*pb.ListPaymentsResponse, error) {
	return handle(ctx, s, wire.ListPayments, checkListPayments, in)
}

func (s *service) CapturePayment(
	ctx context.Context, in *pb.CapturePaymentRequest,
) (*pb.CapturePaymentResponse, error) {
	return handle(ctx, s, wire.CapturePayment, checkCapturePayment, in)
}

func (s *service) CancelPayment(
	ctx context.Context, in *pb.CancelPaymentRequest,
) (*pb.CancelPaymentResponse, error) {
	return handle(ctx, s, wire.CancelPayment, checkCancelPayment, in)
}

func (s *service) CreateRefund(
	ctx context.Context, in *pb.CreateRefundRequest,
) (*pb.CreateRefundResponse, error) {
	return handle(ctx, s, wire.CreateRefund, checkCreateRefund, in)
}

func (s *service) GetRefund(
	ctx context.Context, in *pb.GetRefundRequest,
) (*pb.GetRefundResponse, error) {
	return handle(ctx, s, wire.GetRefund, nil, in)
}

func (s *service) CreatePayout(
	ctx context.Context, in *pb.CreatePayoutRequest,
) (*pb.CreatePayoutResponse, error) {
	return handle(ctx, s, wire.CreatePayout, checkCreatePayout, in)
}

func (s *service) GetPayout(
	ctx context.Context, in *pb.GetPayoutRequest,
) (*pb.GetPayoutResponse, error) {
	return handle(ctx, s, wire.GetPayout, nil, in)
}

func (s *service) ListPayouts(
	ctx context.Context, in *pb.ListPayoutsRequest,
) (*pb.ListPayoutsResponse, error) {
	return handle(ctx, s, wire.ListPayouts, checkListPayouts, in)
}

func (s *service) GetBalances(
	ctx context.Context, in *pb.GetBalancesRequest,
) (*pb.GetBalancesResponse, error) {
	return handle(ctx, s, wire.GetBalances, nil, in)
}

func (s *service) ParseWebhook(
	ctx context.Context, in *pb.ParseWebhookRequest,
) (*pb.ParseWebhookResponse, error) {
	return handle(ctx, s, wire.ParseWebhook, nil, in)
}

func (s *service) ParseReturn(
	ctx context.Context, in *pb.ParseReturnRequest,
) (*pb.ParseReturnResponse, error) {
	return handle(ctx, s, wire.ParseReturn, nil, in)
}

func (s *service) InvokeOperation(
	ctx context.Context, in *pb.InvokeOperationRequest,
) (*pb.InvokeOperationResponse, error) {
	return handle(ctx, s, wire.InvokeOperation, checkInvokeOperation, in)
}
