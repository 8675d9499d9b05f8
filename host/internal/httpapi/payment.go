package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

// Idempotent is the header of every request that can move money.
type Idempotent struct {
	Key string `header:"Idempotency-Key" required:"true" maxLength:"255" pattern:"^[ -~]*$" patternDescription:"printable ASCII" example:"order-47" doc:"names the intent: a repeat with the same key and request is harmless"`
}

type createPaymentInput struct {
	Idempotent
	Body body[payment.Request]
}

// Resolve adds what the core would say, so that everything that is wrong is
// reported at once.
func (in *createPaymentInput) Resolve(huma.Context) []error {
	wrong := core.CheckPayment(in.Body.Value, in.Key, time.Now())
	return found(append(in.Body.violations(), wrong...))
}

// recorded is an answer with something that a request under a key brought
// about.
type recorded[T any] struct {
	Location string `header:"Location" doc:"where it can be read"`
	Replayed string `header:"Idempotent-Replayed" enum:"true" doc:"the key stood for this already, and nothing was done again"`
	Body     *T
}

func record[T any](body *T, location string, replayed bool) *recorded[T] {
	r := &recorded[T]{Body: body, Location: location}
	if replayed {
		r.Replayed = "true"
	}
	return r
}

// one is an answer with one thing.
type one[T any] struct{ Body *T }

// page is one page of a list.
type page[T any] struct {
	Data       []T    `json:"data"`
	NextCursor string `json:"next_cursor,omitempty" doc:"where the next page begins; absent at the end"`
}

type listed[T any] struct{ Body page[T] }

func pageOf[T any](list []T, next string) *listed[T] {
	if list == nil {
		list = []T{}
	}
	return &listed[T]{page[T]{list, next}}
}

// Paging are the parameters of every list.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"64" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many at most"`
}

// Filters are what payments and payouts can be listed by, besides their status.
type Filters struct {
	Provider          string `query:"provider" maxLength:"255"`
	MerchantReference string `query:"merchant_reference" maxLength:"255"`
	CreatedFrom       moment `query:"created_from" doc:"created then or later"`
	CreatedTo         moment `query:"created_to" doc:"created before then"`
}

func (f Filters) filter(status string, p Paging) payment.Filter {
	return payment.Filter{
		Provider:          f.Provider,
		Status:            payment.Status(status),
		MerchantReference: f.MerchantReference,
		CreatedFrom:       f.CreatedFrom.Time,
		CreatedTo:         f.CreatedTo.Time,
		Cursor:            p.Cursor,
		Limit:             p.Limit,
	}
}

type getInput struct {
	ID      string `path:"id" maxLength:"64"`
	Refresh bool   `query:"refresh" doc:"ask the provider first"`
}

type listPaymentsInput struct {
	Filters
	Paging
	Status string `query:"status" enum:"created,requires_action,processing,authorized,succeeded,failed,canceled,expired,under_review,unknown"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *listPaymentsInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("pay", in.Cursor))
}

// refreshErrors are the statuses of a call that may ask the provider.
var refreshErrors = []int{
	http.StatusNotFound,
	http.StatusBadGateway,
	http.StatusServiceUnavailable,
	http.StatusGatewayTimeout,
}

func (a *API) paymentOperations(api huma.API) {
	create := operation(
		"create-payment",
		http.MethodPost,
		"/payments",
		"Payments",
		"Create a payment",
		"Records a payment and asks the provider to create it. 201 whatever became of it: look at `status`, `next_action` and `failure`.",
		http.StatusConflict,
		http.StatusTooManyRequests,
		http.StatusServiceUnavailable,
	)

	huma.Register(
		api,
		created(create),
		func(ctx context.Context, in *createPaymentInput) (*recorded[payment.Payment], error) {
			p, replayed, err := a.Payments.CreatePayment(ctx, in.Body.Value, in.Key)
			if err != nil {
				return nil, a.fail(ctx, changes, replayed, err)
			}
			return record(p, "/v1/payments/"+p.ID, replayed), nil
		},
	)

	get := operation(
		"get-payment",
		http.MethodGet,
		"/payments/{id}",
		"Payments",
		"Read a payment",
		"With its attempts and its history. `refresh=true` asks the provider first.",
		refreshErrors...)

	huma.Register(
		api,
		get,
		func(ctx context.Context, in *getInput) (*one[payment.Payment], error) {
			if in.Refresh {
				return read(ctx, a, a.Payments.RefreshPayment, in.ID)
			}
			return read(ctx, a, a.Payments.Payment, in.ID)
		},
	)

	list := operation(
		"list-payments",
		http.MethodGet,
		"/payments",
		"Payments",
		"List payments",
		"Newest first, without attempts and history.",
	)

	huma.Register(
		api,
		list,
		func(ctx context.Context, in *listPaymentsInput) (*listed[payment.Payment], error) {
			found, next, err := a.Payments.ListPayments(
				ctx,
				in.filter(in.Status, in.Paging),
			)
			if err != nil {
				return nil, a.fail(ctx, asks, false, err)
			}
			return pageOf(found, next), nil
		},
	)
}
