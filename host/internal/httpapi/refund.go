package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) refundOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "create-refund",
		method:  http.MethodPost,
		path:    "/payments/{id}/refunds",
		tag:     "Payments",
		scope:   caller.RefundsWrite,
		summary: "Refund a payment",
		description: "Gives back a succeeded payment, or part of it. " +
			"When the provider refuses, the answer is a problem and the payment as it was.",
		success: http.StatusCreated,
		errors:  changeErrors,
	}.described(), a.createRefund)

	huma.Register(api, operation{
		id:          "list-refunds",
		method:      http.MethodGet,
		path:        "/payments/{id}/refunds",
		tag:         "Payments",
		scope:       caller.PaymentsRead,
		summary:     "List a payment's refunds",
		description: "Newest first, those that the provider started included.",
		errors:      []int{http.StatusNotFound},
	}.described(), a.listRefunds)

	huma.Register(api, operation{
		id:          "get-refund",
		method:      http.MethodGet,
		path:        "/refunds/{id}",
		tag:         "Payments",
		scope:       caller.PaymentsRead,
		summary:     "Read a refund",
		description: "With its attempts.",
		errors:      []int{http.StatusNotFound},
	}.described(), a.getRefund)

	huma.Register(api, operation{
		id:          "resolve-refund",
		method:      http.MethodPost,
		path:        "/refunds/{id}/resolve",
		tag:         "Payments",
		scope:       caller.Resolve,
		summary:     "Resolve a refund",
		description: resolving,
		errors:      []int{http.StatusNotFound, http.StatusConflict},
	}.described(), a.resolveRefund)
}

type refundInput struct {
	Idempotent
	ID   string `path:"id" maxLength:"64"`
	Body *body[payment.RefundRequest]
}

// Resolve reports an amount that cannot be read.
func (in *refundInput) Resolve(huma.Context) []error { return found(in.Body.violations()) }

func (a *API) createRefund(
	ctx context.Context, in *refundInput,
) (*recorded[payment.Refund], error) {
	var request payment.RefundRequest // all of it, without a reason
	if in.Body != nil {
		request = in.Body.Value
	}
	refund, replayed, err := a.Payments.CreateRefund(ctx, in.ID, request, in.Key)
	if err != nil {
		return nil, a.failUnderKey(ctx, changing, replayed, err)
	}
	return record(refund, "/v1/refunds/"+refund.ID, replayed), nil
}

type idInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *API) listRefunds(ctx context.Context, in *idInput) (*listed[payment.Refund], error) {
	list, err := a.Payments.Refunds(ctx, in.ID)
	return paged(ctx, a, list, "", err)
}

type getRefundInput struct {
	ID string `path:"id" maxLength:"64"`
	Including
}

func (a *API) getRefund(
	ctx context.Context, in *getRefundInput,
) (*one[payment.Refund], error) {
	answer, err := read(ctx, a, a.Payments.Refund, in.ID)
	if err != nil {
		return nil, err
	}
	return answer, in.show(ctx, a, "get-refund", answer.Body.Provider, in.ID)
}

func (a *API) resolveRefund(ctx context.Context, in *resolveInput) (*one[payment.Refund], error) {
	return resolve(ctx, a, payment.KindRefund, in, a.Payments.Refund)
}
