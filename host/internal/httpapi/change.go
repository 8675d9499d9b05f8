package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// changeErrors are the statuses of a call that changes a payment at its provider.
var changeErrors = []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

type captureRequest struct {
	Amount string `json:"amount,omitempty" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" example:"60.00" doc:"part of the payment; all of it without"`
}

type captureInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *captureRequest
}

// Resolve keeps a zero, which to the core means all of it, from being asked for in digits.
func (in *captureInput) Resolve(huma.Context) []error {
	if in.Body == nil {
		return nil
	}
	return notZero(in.Body.Amount)
}

func notZero(amount string) []error {
	if d := amountOf(amount); amount == "" || d.IsPositive() {
		return nil
	}
	return found([]sdk.Violation{{Field: "amount", Message: "must be more than zero"}})
}

type cancelRequest struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"for the provider and the history"`
}

type cancelInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *cancelRequest
}

type resolveRequest struct {
	Status            string `json:"status" example:"failed" doc:"what it is from now on: succeeded, failed, and for payments canceled or expired"`
	Reason            string `json:"reason" example:"confirmed by phone with the provider" doc:"why; kept in the history"`
	ProviderReference string `json:"provider_reference,omitempty" doc:"the provider's name for it, if it was not known"`
}

type resolveInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body resolveRequest
}

func (in *resolveInput) resolution(ctx context.Context) core.Resolution {
	return core.Resolution{Status: payment.Status(in.Body.Status), Reason: in.Body.Reason,
		ProviderReference: in.Body.ProviderReference, Operator: operator(ctx)}
}

const resolving = "An operator's decision about what nothing else can settle. It needs a reason, which the history keeps."

func (a *API) changeOperations(api huma.API) {
	a.confirmOperation(api)
	capture := operation("capture-payment", http.MethodPost, "/payments/{id}/capture", "Payments", "Capture a payment",
		"Takes an authorized payment, or part of it.", changeErrors...)
	huma.Register(api, capture, func(ctx context.Context, in *captureInput) (*recorded[payment.Payment], error) {
		var amount decimal.Decimal
		if in.Body != nil {
			amount = amountOf(in.Body.Amount)
		}
		p, replayed, err := a.Core.CapturePayment(ctx, in.ID, amount, in.Key)
		return a.changed(ctx, p, replayed, err)
	})
	cancel := operation("cancel-payment", http.MethodPost, "/payments/{id}/cancel", "Payments", "Cancel a payment",
		"Gives up a payment that has not succeeded.", changeErrors...)
	huma.Register(api, cancel, func(ctx context.Context, in *cancelInput) (*recorded[payment.Payment], error) {
		reason := ""
		if in.Body != nil {
			reason = in.Body.Reason
		}
		p, replayed, err := a.Core.CancelPayment(ctx, in.ID, reason, in.Key)
		return a.changed(ctx, p, replayed, err)
	})
	resolve := operation("resolve-payment", http.MethodPost, "/payments/{id}/resolve", "Payments", "Resolve a payment", resolving,
		http.StatusNotFound, http.StatusConflict)
	huma.Register(api, resolve, func(ctx context.Context, in *resolveInput) (*one[payment.Payment], error) {
		err := a.Core.Resolve(ctx, payment.KindPayment, in.ID, in.resolution(ctx))
		if err != nil {
			return nil, a.fail(ctx, changes, false, err)
		}
		return read(ctx, a, a.Core.Payment, in.ID)
	})
}

// changed answers with a payment that was changed.
func (a *API) changed(ctx context.Context, p *payment.Payment, replayed bool, err error) (*recorded[payment.Payment], error) {
	if err != nil {
		return nil, a.fail(ctx, changes, replayed, err)
	}
	return record(p, "", replayed), nil
}

// read answers with what an id names.
func read[T any](ctx context.Context, a *API, get func(context.Context, string) (*T, error), id string) (*one[T], error) {
	v, err := get(ctx, id)
	if err != nil {
		return nil, a.fail(ctx, asks, false, err)
	}
	return &one[T]{v}, nil
}
