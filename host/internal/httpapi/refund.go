package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/payment"
)

type refundInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *body[payment.RefundRequest]
}

// Resolve is as for captures.
func (in *refundInput) Resolve(huma.Context) []error { return found(in.Body.violations()) }

type idInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *API) refundOperations(api huma.API) {
	create := operation(
		"create-refund",
		http.MethodPost,
		"/payments/{id}/refunds",
		"Payments",
		"Refund a payment",
		"Gives back a succeeded payment, or part of it. When the provider refuses, the answer is a problem and the payment as it was.",
		changeErrors...)

	huma.Register(
		api,
		created(create),
		func(ctx context.Context, in *refundInput) (*recorded[payment.Refund], error) {
			var request payment.RefundRequest
			if in.Body != nil {
				request = in.Body.Value
			}
			r, replayed, err := a.Payments.CreateRefund(ctx, in.ID, request, in.Key)
			if err != nil {
				return nil, a.fail(ctx, changes, replayed, err)
			}
			return record(r, "/v1/refunds/"+r.ID, replayed), nil
		},
	)

	list := operation(
		"list-refunds",
		http.MethodGet,
		"/payments/{id}/refunds",
		"Payments",
		"List a payment's refunds",
		"Newest first, those that the provider started included.",
		http.StatusNotFound,
	)

	huma.Register(
		api,
		list,
		func(ctx context.Context, in *idInput) (*listed[payment.Refund], error) {
			found, err := a.Payments.Refunds(ctx, in.ID)
			if err != nil {
				return nil, a.fail(ctx, asks, false, err)
			}
			return pageOf(found, ""), nil
		},
	)

	get := operation(
		"get-refund",
		http.MethodGet,
		"/refunds/{id}",
		"Payments",
		"Read a refund",
		"With its attempts.",
		http.StatusNotFound,
	)

	huma.Register(
		api,
		get,
		func(ctx context.Context, in *idInput) (*one[payment.Refund], error) {
			return read(ctx, a, a.Payments.Refund, in.ID)
		},
	)

	resolve := operation(
		"resolve-refund",
		http.MethodPost,
		"/refunds/{id}/resolve",
		"Payments",
		"Resolve a refund",
		resolving,
		http.StatusNotFound,
		http.StatusConflict,
	)

	huma.Register(
		api,
		resolve,
		func(ctx context.Context, in *resolveInput) (*one[payment.Refund], error) {
			if err := a.Payments.Resolve(ctx, payment.KindRefund, in.ID, in.resolution(ctx)); err != nil {
				return nil, a.fail(ctx, changes, false, err)
			}
			return read(ctx, a, a.Payments.Refund, in.ID)
		},
	)
}
