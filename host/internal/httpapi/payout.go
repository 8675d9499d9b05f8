package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

// payoutRequest is payment.PayoutRequest as the document shows it.
type payoutRequest struct {
	Provider          string            `json:"provider" example:"acme" doc:"the name of a configured account"`
	Amount            string            `json:"amount" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" example:"60.00" doc:"more than zero, in units of the currency"`
	Currency          string            `json:"currency" example:"USD" doc:"an upper-case currency or asset code"`
	MerchantReference string            `json:"merchant_reference,omitempty" doc:"yours; it may repeat"`
	Method            string            `json:"method,omitempty"`
	Recipient         payment.Recipient `json:"recipient,omitempty" doc:"who is paid"`
	Description       string            `json:"description,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty" doc:"yours: at most 50 entries, names of at most 40, values of at most 500 characters"`
	ProviderOptions   json.RawMessage   `json:"provider_options,omitempty" doc:"one JSON object with what only this provider knows"`
}

func (r *payoutRequest) request() payment.PayoutRequest {
	return payment.PayoutRequest{
		Provider: r.Provider, Amount: amountOf(r.Amount), Currency: r.Currency, MerchantReference: r.MerchantReference,
		Method: r.Method, Recipient: r.Recipient, Description: r.Description, Metadata: r.Metadata, ProviderOptions: r.ProviderOptions,
	}
}

type createPayoutInput struct {
	Idempotent
	Body payoutRequest
}

// Resolve is as for payments.
func (in *createPayoutInput) Resolve(huma.Context) []error {
	return found(core.CheckPayout(in.Body.request(), in.Key))
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
	create := operation("create-payout", http.MethodPost, "/payouts", "Payouts", "Create a payout",
		"Records a payout and asks the provider to make it. 201 whatever became of it: look at `status` and `failure`.",
		http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	huma.Register(api, created(create), func(ctx context.Context, in *createPayoutInput) (*recorded[payment.Payout], error) {
		p, replayed, err := a.Core.CreatePayout(ctx, in.Body.request(), in.Key)
		if err != nil {
			return nil, a.fail(ctx, changes, replayed, err)
		}
		return record(p, "/v1/payouts/"+p.ID, replayed), nil
	})
	get := operation("get-payout", http.MethodGet, "/payouts/{id}", "Payouts", "Read a payout",
		"With its attempts and its history. `refresh=true` asks the provider first.", refreshErrors...)
	huma.Register(api, get, func(ctx context.Context, in *getInput) (*one[payment.Payout], error) {
		if in.Refresh {
			return read(ctx, a, a.Core.RefreshPayout, in.ID)
		}
		return read(ctx, a, a.Core.Payout, in.ID)
	})
	list := operation("list-payouts", http.MethodGet, "/payouts", "Payouts", "List payouts", "Newest first, without attempts and history.")
	huma.Register(api, list, func(ctx context.Context, in *listPayoutsInput) (*listed[payment.Payout], error) {
		found, next, err := a.Core.ListPayouts(ctx, in.filter(in.Status, in.Paging))
		if err != nil {
			return nil, a.fail(ctx, asks, false, err)
		}
		return pageOf(found, next), nil
	})
	resolve := operation("resolve-payout", http.MethodPost, "/payouts/{id}/resolve", "Payouts", "Resolve a payout", resolving,
		http.StatusNotFound, http.StatusConflict)
	huma.Register(api, resolve, func(ctx context.Context, in *resolveInput) (*one[payment.Payout], error) {
		if err := a.Core.Resolve(ctx, payment.KindPayout, in.ID, in.resolution(ctx)); err != nil {
			return nil, a.fail(ctx, changes, false, err)
		}
		return read(ctx, a, a.Core.Payout, in.ID)
	})
}
