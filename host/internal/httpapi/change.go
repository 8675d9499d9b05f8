package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// changeErrors are the statuses of a call that changes a payment at its
// provider.
var changeErrors = []int{
	http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// resolving describes the calls by which an operator decides.
const resolving = "An operator's decision about what nothing else can settle. It needs a reason, which the history keeps. " +
	"It also corrects an earlier decision that was wrong, unless the provider itself has reported what it says."

func (a *API) changeOperations(api huma.API) {
	huma.Register(api, operation{
		id:          "capture-payment",
		method:      http.MethodPost,
		path:        "/payments/{id}/capture",
		tag:         "Payments",
		scope:       caller.PaymentsWrite,
		summary:     "Capture a payment",
		description: "Takes an authorized payment, or part of it.",
		errors:      changeErrors,
	}.described(), a.capturePayment)

	huma.Register(api, operation{
		id:          "cancel-payment",
		method:      http.MethodPost,
		path:        "/payments/{id}/cancel",
		tag:         "Payments",
		scope:       caller.PaymentsWrite,
		summary:     "Cancel a payment",
		description: "Gives up a payment that has not succeeded.",
		errors:      changeErrors,
	}.described(), a.cancelPayment)

	huma.Register(api, operation{
		id:          "resolve-payment",
		method:      http.MethodPost,
		path:        "/payments/{id}/resolve",
		tag:         "Payments",
		scope:       caller.Resolve,
		summary:     "Resolve a payment",
		description: resolving,
		errors:      []int{http.StatusNotFound, http.StatusConflict},
	}.described(), a.resolvePayment)
}

type captureInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *body[payment.CaptureRequest]
}

// Resolve reports an amount that cannot be read.
func (in *captureInput) Resolve(huma.Context) []error { return found(in.Body.violations()) }

func (a *API) capturePayment(
	ctx context.Context, in *captureInput,
) (*recorded[payment.Payment], error) {
	var amount decimal.Decimal // zero: all of it
	if in.Body != nil {
		amount = in.Body.Value.Amount
	}
	p, replayed, err := a.Payments.CapturePayment(ctx, in.ID, amount, in.Key)
	return a.changed(ctx, p, replayed, err)
}

type cancelRequest struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"for the provider and the history"`
}

type cancelInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *cancelRequest
}

func (a *API) cancelPayment(
	ctx context.Context, in *cancelInput,
) (*recorded[payment.Payment], error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	p, replayed, err := a.Payments.CancelPayment(ctx, in.ID, reason, in.Key)
	return a.changed(ctx, p, replayed, err)
}

type resolveInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body payment.Resolution
}

// resolve records an operator's decision, who is known by the way that the
// request came, and answers with the thing as it is then.
func resolve[T any](
	ctx context.Context, a *API, kind payment.Kind, in *resolveInput,
	get func(context.Context, string) (*T, error),
) (*one[T], error) {
	// The body says nothing of the operator: a caller could write any name.
	decision := in.Body
	decision.Operator = operator(ctx)
	if err := a.Payments.Resolve(ctx, kind, in.ID, decision); err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return read(ctx, a, get, in.ID)
}

func (a *API) resolvePayment(ctx context.Context, in *resolveInput) (*one[payment.Payment], error) {
	return resolve(ctx, a, payment.KindPayment, in, a.Payments.Payment)
}
