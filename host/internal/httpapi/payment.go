package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

// refreshErrors are the statuses of a call that may ask the provider.
var refreshErrors = []int{
	http.StatusNotFound, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

func (a *API) paymentOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "create-payment",
		method:  http.MethodPost,
		path:    "/payments",
		tag:     "Payments",
		scope:   caller.PaymentsWrite,
		summary: "Create a payment",
		description: "Records a payment and asks the provider to create it. " +
			"201 whatever became of it: look at `status`, `next_action` and `failure`.",
		success: http.StatusCreated,
		errors: []int{
			http.StatusConflict,
			http.StatusTooManyRequests,
			http.StatusServiceUnavailable,
		},
	}.described(), a.createPayment)

	huma.Register(api, operation{
		id:          "get-payment",
		method:      http.MethodGet,
		path:        "/payments/{id}",
		tag:         "Payments",
		scope:       caller.PaymentsRead,
		summary:     "Read a payment",
		description: "With its attempts and its history. `refresh=true` asks the provider first.",
		errors:      refreshErrors,
	}.described(), a.getPayment)

	huma.Register(api, operation{
		id:          "list-payments",
		method:      http.MethodGet,
		path:        "/payments",
		tag:         "Payments",
		scope:       caller.PaymentsRead,
		summary:     "List payments",
		description: "Newest first, without attempts and history.",
	}.described(), a.listPayments)
}

// Idempotent is the header of every request that can move money.
type Idempotent struct {
	Key string `header:"Idempotency-Key" required:"true" maxLength:"255" pattern:"^[ -~]*$" patternDescription:"printable ASCII" example:"order-47" doc:"names the intent: a repeat with the same key and request is harmless"`
}

type createPaymentInput struct {
	Idempotent
	Body body[payment.Request]
}

// Resolve adds what the core would find, so that everything that is wrong with
// a request is reported at once.
func (in *createPaymentInput) Resolve(huma.Context) []error {
	wrong := core.CheckPayment(in.Body.Value, in.Key, time.Now())
	return found(append(in.Body.violations(), wrong...))
}

func (a *API) createPayment(
	ctx context.Context, in *createPaymentInput,
) (*recorded[payment.Payment], error) {
	p, replayed, err := a.Payments.CreatePayment(ctx, in.Body.Value, in.Key)
	if err != nil {
		return nil, a.failUnderKey(ctx, changing, replayed, err)
	}
	return record(p, "/v1/payments/"+p.ID, replayed), nil
}

type getInput struct {
	ID      string `path:"id" maxLength:"64"`
	Refresh bool   `query:"refresh" doc:"ask the provider first"`
	Including
}

func (a *API) getPayment(ctx context.Context, in *getInput) (*one[payment.Payment], error) {
	get := a.Payments.Payment
	if in.Refresh {
		get = a.Payments.RefreshPayment
	}
	answer, err := read(ctx, a, get, in.ID)
	if err != nil {
		return nil, err
	}
	return answer, in.show(ctx, a, "get-payment", answer.Body.Provider, in.ID)
}

// Paging has the parameters of every list.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"64" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many at most"`
}

// Filters are what payments and payouts can be listed by, besides their status.
type Filters struct {
	Provider          string `query:"provider" maxLength:"255"`
	MerchantReference string `query:"merchant_reference" maxLength:"255"`
	ProviderReference string `query:"provider_reference" maxLength:"255" doc:"any name that the provider has for it"`
	IdempotencyKey    string `query:"idempotency_key" maxLength:"255" doc:"the key of the request that created it, or of one about it"`
	Amount            string `query:"amount" maxLength:"64" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" doc:"exactly so much: 60 is 60.00"`
	Currency          string `query:"currency" maxLength:"32"`
	Customer          string `query:"customer" maxLength:"255" doc:"the id, e-mail or phone of who pays or is paid, all of it"`
	CreatedFrom       moment `query:"created_from" doc:"created then or later"`
	CreatedTo         moment `query:"created_to" doc:"created before then"`
}

func (f Filters) filter(statuses []string, paging Paging) payment.Filter {
	wanted := make([]payment.Status, 0, len(statuses))
	for _, status := range statuses {
		wanted = append(wanted, payment.Status(status))
	}
	return payment.Filter{
		Provider:          f.Provider,
		Statuses:          wanted,
		MerchantReference: f.MerchantReference,
		ProviderReference: f.ProviderReference,
		IdempotencyKey:    f.IdempotencyKey,
		Amount:            amountOf(f.Amount),
		Currency:          f.Currency,
		Customer:          f.Customer,
		CreatedFrom:       f.CreatedFrom.Time,
		CreatedTo:         f.CreatedTo.Time,
		Cursor:            paging.Cursor,
		Limit:             paging.Limit,
	}
}

type listPaymentsInput struct {
	Filters
	Paging
	Status []string `query:"status,explode" maxItems:"10" enum:"created,requires_action,processing,authorized,succeeded,failed,canceled,expired,under_review,unknown"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *listPaymentsInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("pay", in.Cursor))
}

func (a *API) listPayments(
	ctx context.Context, in *listPaymentsInput,
) (*listed[payment.Payment], error) {
	list, next, err := a.Payments.ListPayments(ctx, in.filter(in.Status, in.Paging))
	return paged(ctx, a, list, next, err)
}
