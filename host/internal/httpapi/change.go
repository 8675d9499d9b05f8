package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// changeErrors are the statuses of a call that changes a payment at its
// provider.
var changeErrors = []int{
	http.StatusNotFound,
	http.StatusConflict,
	http.StatusServiceUnavailable,
	http.StatusGatewayTimeout,
}

type captureInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *body[payment.CaptureRequest]
}

// Resolve reports an amount that cannot be read.
func (in *captureInput) Resolve(huma.Context) []error { return found(in.Body.violations()) }

type cancelRequest struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"for the provider and the history"`
}

type cancelInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *cancelRequest
}

type resolveInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body payment.Resolution
}

// resolution adds the operator, who is known by the way that the request came.
func (in *resolveInput) resolution(ctx context.Context) payment.Resolution {
	r := in.Body
	r.Operator = operator(ctx)
	return r
}

const resolving = "An operator's decision about what nothing else can settle. It needs a reason, which the history keeps."

func (a *API) changeOperations(api huma.API) {
	a.confirmOperation(api)
	capture := operation(
		"capture-payment",
		http.MethodPost,
		"/payments/{id}/capture",
		"Payments",
		"Capture a payment",
		"Takes an authorized payment, or part of it.",
		changeErrors...)

	huma.Register(
		api,
		capture,
		func(ctx context.Context, in *captureInput) (*recorded[payment.Payment], error) {
			var amount decimal.Decimal
			if in.Body != nil {
				amount = in.Body.Value.Amount
			}
			p, replayed, err := a.Payments.CapturePayment(ctx, in.ID, amount, in.Key)
			return a.changed(ctx, p, replayed, err)
		},
	)

	cancel := operation(
		"cancel-payment",
		http.MethodPost,
		"/payments/{id}/cancel",
		"Payments",
		"Cancel a payment",
		"Gives up a payment that has not succeeded.",
		changeErrors...)

	huma.Register(
		api,
		cancel,
		func(ctx context.Context, in *cancelInput) (*recorded[payment.Payment], error) {
			reason := ""
			if in.Body != nil {
				reason = in.Body.Reason
			}
			p, replayed, err := a.Payments.CancelPayment(ctx, in.ID, reason, in.Key)
			return a.changed(ctx, p, replayed, err)
		},
	)

	resolve := operation(
		"resolve-payment",
		http.MethodPost,
		"/payments/{id}/resolve",
		"Payments",
		"Resolve a payment",
		resolving,
		http.StatusNotFound,
		http.StatusConflict,
	)

	huma.Register(
		api,
		resolve,
		func(ctx context.Context, in *resolveInput) (*one[payment.Payment], error) {
			err := a.Payments.Resolve(ctx, payment.KindPayment, in.ID, in.resolution(ctx))
			if err != nil {
				return nil, a.fail(ctx, changes, false, err)
			}
			return read(ctx, a, a.Payments.Payment, in.ID)
		},
	)
}

// changed answers with a payment that was changed.
func (a *API) changed(
	ctx context.Context,
	p *payment.Payment,
	replayed bool,
	err error,
) (*recorded[payment.Payment], error) {
	if err != nil {
		return nil, a.fail(ctx, changes, replayed, err)
	}
	return record(p, "", replayed), nil
}

// read answers with what an id names.
func read[T any](
	ctx context.Context,
	a *API,
	get func(context.Context, string) (*T, error),
	id string,
) (*one[T], error) {
	v, err := get(ctx, id)
	if err != nil {
		return nil, a.fail(ctx, asks, false, err)
	}
	return &one[T]{v}, nil
}
