package sdk

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// service is the generated interface: one line a verb.
type service struct {
	wire.UnimplementedProviderServiceServer
	server *Server
}

// handle is the way of every verb that is for an account: find it, check the request, call the author's method, check
// the answer. Whatever goes wrong, the caller gets an ErrorDetail with what was said to the provider until then.
func handle[P, Req, Resp any, WReq accountRequest, WResp proto.Message](
	ctx context.Context, s *service, v *verb[P, Req, Resp, WReq, WResp], in WReq,
) (WResp, error) {
	ctx, log := WithExchangeLog(ctx)
	out, e := attempt(ctx, s.server, v, in)
	if e != nil {
		if v.guarantee != nil && v.guarantee(&s.server.info).LinkOnly {
			e.NewAttemptSafe = true
		}
		var none WResp
		return none, errorToWire(e, log.Exchanges(), s.server.mask.mask)
	}
	setExchanges(out, log.Exchanges())
	scrub(out, s.server.mask.mask)
	return out, nil
}

// attempt is handle without the wire's errors. The account that it finds is the one that the call keeps, whatever is
// configured meanwhile.
func attempt[P, Req, Resp any, WReq accountRequest, WResp proto.Message](
	ctx context.Context, s *Server, v *verb[P, Req, Resp, WReq, WResp], in WReq,
) (out WResp, err *Error) {
	defer s.recovered(v.name, in.GetAccount(), &err)
	ctx, cancel := heedDeadline(ctx)
	defer cancel()
	if !InTime(ctx) {
		return out, NotSent(CodeUnavailable, "the call had ended before the plugin began with it: %s", endOf(ctx))
	}
	a, err := s.acquire(in.GetAccount())
	if err != nil {
		return out, err
	}
	defer s.release(a)
	p, ok := a.provider.(P)
	if !ok || !a.can(v.capability) {
		return out, NotSent(CodeNotSupported, "account %q cannot %s", a.name, v.capability)
	}
	r := newReader()
	req := v.requestFromWire(r, in)
	if v.check != nil {
		v.check(r, a, req)
	}
	if err := r.requestError(); err != nil {
		return out, err
	}
	resp, failure := v.call(p, ctx, req)
	if failure != nil {
		return out, AsError(failure)
	}
	if out, err = v.answer(resp, s.mask.mask); err != nil {
		s.logger.Error(v.name+": the answer breaks the contract", "account", a.name, "error", err.Error())
	}
	return out, err
}

// GetInfo asks nobody and takes no lock, so that it answers as long as the process is alive.
func (s *service) GetInfo(context.Context, *wire.GetInfoRequest) (*wire.GetInfoResponse, error) {
	w := infoToWire(&s.server.info)
	scrub(w, nil)
	return w, nil
}

// Configure answers with everything that is wrong, or has put the account in place.
func (s *service) Configure(ctx context.Context, in *wire.ConfigureRequest) (*wire.ConfigureResponse, error) {
	info, err := s.configure(ctx, in)
	if err != nil {
		return nil, errorToWire(err, nil, s.server.mask.mask)
	}
	w := accountInfoToWire(&info)
	scrub(w, s.server.mask.mask)
	return w, nil
}

func (s *service) configure(ctx context.Context, in *wire.ConfigureRequest) (info AccountInfo, err *Error) {
	defer s.server.recovered("Configure", in.GetAccount(), &err)
	info, failure := s.server.configure(ctx, in.GetAccount(), in.GetConfig())
	if e := (*Error)(nil); failure != nil && !errors.As(failure, &e) {
		// A constructor that says only what is wrong means the configuration, and has nothing to move money with.
		return info, NotSent(CodeInvalidRequest, "%s", failure)
	}
	return info, AsError(failure)
}

// Deconfigure may be repeated: a host that is not sure whether it was heard calls it again.
func (s *service) Deconfigure(ctx context.Context, in *wire.DeconfigureRequest) (*wire.DeconfigureResponse, error) {
	if err := s.server.put(ctx, in.GetAccount(), nil, s.server.next()); err != nil {
		return nil, errorToWire(AsError(err), nil, s.server.mask.mask)
	}
	return &wire.DeconfigureResponse{}, nil
}

func (s *service) CheckHealth(ctx context.Context, in *wire.CheckHealthRequest) (*wire.CheckHealthResponse, error) {
	return handle(ctx, s, &checkHealth, in)
}

func (s *service) ListPaymentMethods(ctx context.Context, in *wire.ListPaymentMethodsRequest) (*wire.ListPaymentMethodsResponse, error) {
	return handle(ctx, s, &listPaymentMethods, in)
}

func (s *service) CreatePayment(ctx context.Context, in *wire.CreatePaymentRequest) (*wire.CreatePaymentResponse, error) {
	return handle(ctx, s, &createPayment, in)
}

func (s *service) ConfirmPayment(ctx context.Context, in *wire.ConfirmPaymentRequest) (*wire.ConfirmPaymentResponse, error) {
	return handle(ctx, s, &confirmPayment, in)
}

func (s *service) GetPayment(ctx context.Context, in *wire.GetPaymentRequest) (*wire.GetPaymentResponse, error) {
	return handle(ctx, s, &getPayment, in)
}

func (s *service) ListPayments(ctx context.Context, in *wire.ListPaymentsRequest) (*wire.ListPaymentsResponse, error) {
	return handle(ctx, s, &listPayments, in)
}

func (s *service) CapturePayment(ctx context.Context, in *wire.CapturePaymentRequest) (*wire.CapturePaymentResponse, error) {
	return handle(ctx, s, &capturePayment, in)
}

func (s *service) CancelPayment(ctx context.Context, in *wire.CancelPaymentRequest) (*wire.CancelPaymentResponse, error) {
	return handle(ctx, s, &cancelPayment, in)
}

func (s *service) CreateRefund(ctx context.Context, in *wire.CreateRefundRequest) (*wire.CreateRefundResponse, error) {
	return handle(ctx, s, &createRefund, in)
}

func (s *service) GetRefund(ctx context.Context, in *wire.GetRefundRequest) (*wire.GetRefundResponse, error) {
	return handle(ctx, s, &getRefund, in)
}

func (s *service) CreatePayout(ctx context.Context, in *wire.CreatePayoutRequest) (*wire.CreatePayoutResponse, error) {
	return handle(ctx, s, &createPayout, in)
}

func (s *service) GetPayout(ctx context.Context, in *wire.GetPayoutRequest) (*wire.GetPayoutResponse, error) {
	return handle(ctx, s, &getPayout, in)
}

func (s *service) ListPayouts(ctx context.Context, in *wire.ListPayoutsRequest) (*wire.ListPayoutsResponse, error) {
	return handle(ctx, s, &listPayouts, in)
}

func (s *service) GetBalances(ctx context.Context, in *wire.GetBalancesRequest) (*wire.GetBalancesResponse, error) {
	return handle(ctx, s, &getBalances, in)
}

func (s *service) ParseWebhook(ctx context.Context, in *wire.ParseWebhookRequest) (*wire.ParseWebhookResponse, error) {
	return handle(ctx, s, &parseWebhook, in)
}

func (s *service) ParseReturn(ctx context.Context, in *wire.ParseReturnRequest) (*wire.ParseReturnResponse, error) {
	return handle(ctx, s, &parseReturn, in)
}

func (s *service) InvokeOperation(ctx context.Context, in *wire.InvokeOperationRequest) (*wire.InvokeOperationResponse, error) {
	return handle(ctx, s, &invokeOperation, in)
}
