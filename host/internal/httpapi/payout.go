package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

type createPayoutInput struct {
	Idempotent
	Body body[payment.PayoutRequest]
}

// Resolve is as for payments.
func (in *createPayoutInput) Resolve(huma.Context) []error {
	return found(append(in.Body.violations(), core.CheckPayout(in.Body.Value, in.Key)...))
}

type listPayoutsInput struct {
	Filters
	Paging
	Status string `query:"status" enum:"created,processing,succeeded,failed,under_review,unknown"`
}

// Resolve is as for payments.
func (in *listPayoutsInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("po", in.Cursor))
}

func (a *API) payoutOperations(api huma.API) {
	create := operation(
		"create-payout",
		http.MethodPost,
		"/payouts",
		"Payouts",
		"Create a payout",
		"Records a payout and asks the provider to make it. 201 whatever became of it: look at `status` and `failure`.",
		http.StatusConflict,
		http.StatusTooManyRequests,
		http.StatusServiceUnavailable,
	)

	huma.Register(
		api,
		created(create),
		func(ctx context.Context, in *createPayoutInput) (*recorded[payment.Payout], error) {
			p, replayed, err := a.Payments.CreatePayout(ctx, in.Body.Value, in.Key)
			if err != nil {
				return nil, a.fail(ctx, changes, replayed, err)
			}
			return record(p, "/v1/payouts/"+p.ID, replayed), nil
		},
	)

	get := operation(
		"get-payout",
		http.MethodGet,
		"/payouts/{id}",
		"Payouts",
		"Read a payout",
		"With its attempts and its history. `refresh=true` asks the provider first.",
		refreshErrors...)

	huma.Register(
		api,
		get,
		func(ctx context.Context, in *getInput) (*one[payment.Payout], error) {
			if in.Refresh {
				return read(ctx, a, a.Payments.RefreshPayout, in.ID)
			}
			return read(ctx, a, a.Payments.Payout, in.ID)
		},
	)

	list := operation(
		"list-payouts",
		http.MethodGet,
		"/payouts",
		"Payouts",
		"List payouts",
		"Newest first, without attempts and history.",
	)

	huma.Register(
		api,
		list,
		func(ctx context.Context, in *listPayoutsInput) (*listed[payment.Payout], error) {
			found, next, err := a.Payments.ListPayouts(ctx, in.filter(in.Status, in.Paging))
			if err != nil {
				return nil, a.fail(ctx, asks, false, err)
			}
			return pageOf(found, next), nil
		},
	)

	resolve := operation(
		"resolve-payout",
		http.MethodPost,
		"/payouts/{id}/resolve",
		"Payouts",
		"Resolve a payout",
		resolving,
		http.StatusNotFound,
		http.StatusConflict,
	)

	huma.Register(
		api,
		resolve,
		func(ctx context.Context, in *resolveInput) (*one[payment.Payout], error) {
			if err := a.Payments.Resolve(ctx, payment.KindPayout, in.ID, in.resolution(ctx)); err != nil {
				return nil, a.fail(ctx, changes, false, err)
			}
			return read(ctx, a, a.Payments.Payout, in.ID)
		},
	)
}
