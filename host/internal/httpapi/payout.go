package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) payoutOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "create-payout",
		method:  http.MethodPost,
		path:    "/payouts",
		tag:     "Payouts",
		scope:   caller.PayoutsWrite,
		summary: "Create a payout",
		description: "Records a payout and asks the provider to make it. " +
			"201 whatever became of it: look at `status` and `failure`.",
		success: http.StatusCreated,
		errors: []int{
			http.StatusConflict,
			http.StatusTooManyRequests,
			http.StatusServiceUnavailable,
		},
	}.described(), a.createPayout)

	huma.Register(api, operation{
		id:          "get-payout",
		method:      http.MethodGet,
		path:        "/payouts/{id}",
		tag:         "Payouts",
		scope:       caller.PayoutsRead,
		summary:     "Read a payout",
		description: "With its attempts and its history. `refresh=true` asks the provider first.",
		errors:      refreshErrors,
	}.described(), a.getPayout)

	huma.Register(api, operation{
		id:          "list-payouts",
		method:      http.MethodGet,
		path:        "/payouts",
		tag:         "Payouts",
		scope:       caller.PayoutsRead,
		summary:     "List payouts",
		description: "Newest first, without attempts and history.",
	}.described(), a.listPayouts)

	huma.Register(api, operation{
		id:          "resolve-payout",
		method:      http.MethodPost,
		path:        "/payouts/{id}/resolve",
		tag:         "Payouts",
		scope:       caller.Resolve,
		summary:     "Resolve a payout",
		description: resolving,
		errors:      []int{http.StatusNotFound, http.StatusConflict},
	}.described(), a.resolvePayout)
}

type createPayoutInput struct {
	Idempotent
	Body body[payment.PayoutRequest]
}

// Resolve adds what the core would find.
func (in *createPayoutInput) Resolve(huma.Context) []error {
	return found(append(in.Body.violations(), core.CheckPayout(in.Body.Value, in.Key)...))
}

func (a *API) createPayout(
	ctx context.Context, in *createPayoutInput,
) (*recorded[payment.Payout], error) {
	p, replayed, err := a.Payments.CreatePayout(ctx, in.Body.Value, in.Key)
	if err != nil {
		return nil, a.failUnderKey(ctx, changing, replayed, err)
	}
	return record(p, "/v1/payouts/"+p.ID, replayed), nil
}

func (a *API) getPayout(ctx context.Context, in *getInput) (*one[payment.Payout], error) {
	get := a.Payments.Payout
	if in.Refresh {
		get = a.Payments.RefreshPayout
	}
	answer, err := read(ctx, a, get, in.ID)
	if err != nil {
		return nil, err
	}
	return answer, in.show(ctx, a, "get-payout", answer.Body.Provider, in.ID)
}

type listPayoutsInput struct {
	Filters
	Paging
	Status []string `query:"status,explode" maxItems:"10" enum:"created,processing,succeeded,failed,under_review,unknown"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *listPayoutsInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("po", in.Cursor))
}

func (a *API) listPayouts(
	ctx context.Context, in *listPayoutsInput,
) (*listed[payment.Payout], error) {
	list, next, err := a.Payments.ListPayouts(ctx, in.filter(in.Status, in.Paging))
	return paged(ctx, a, list, next, err)
}

func (a *API) resolvePayout(ctx context.Context, in *resolveInput) (*one[payment.Payout], error) {
	return resolve(ctx, a, payment.KindPayout, in, a.Payments.Payout)
}
