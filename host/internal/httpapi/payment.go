package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// paymentRequest is payment.Request as the document shows it. Its lengths are checked in the core, which has them from
// one place; here stands what a value must look like to be read at all.
type paymentRequest struct {
	Provider          string            `json:"provider" example:"acme" doc:"the name of a configured account"`
	Amount            string            `json:"amount" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" example:"60.00" doc:"more than zero, in units of the currency"`
	Currency          string            `json:"currency" example:"USD" doc:"an upper-case currency or asset code"`
	MerchantReference string            `json:"merchant_reference,omitempty" example:"66510effg2eec" doc:"yours; it may repeat"`
	Description       string            `json:"description,omitempty" example:"Sample"`
	Method            string            `json:"method,omitempty" doc:"an id of the provider's payment methods; empty when the provider or the customer chooses"`
	Country           string            `json:"country,omitempty"`
	Language          string            `json:"language,omitempty"`
	Customer          payment.Customer  `json:"customer,omitempty" doc:"who pays"`
	SuccessURL        string            `json:"success_url,omitempty" example:"https://example.com/success" doc:"where the customer goes after paying; payment_id and status are added"`
	CancelURL         string            `json:"cancel_url,omitempty" example:"https://example.com/fail" doc:"where the customer goes after giving up"`
	ExpiresAt         string            `json:"expires_at,omitempty" format:"date-time" example:"2026-12-01T00:00:00Z" doc:"when an unfinished payment expires, to the microsecond; without it the account's payment_ttl counts"`
	Metadata          map[string]string `json:"metadata,omitempty" doc:"yours: at most 50 entries, names of at most 40, values of at most 500 characters"`
	ProviderOptions   json.RawMessage   `json:"provider_options,omitempty" doc:"one JSON object with what only this provider knows"`
}

// amountOf reads an amount; what cannot be read is zero, which the core refuses.
func amountOf(text string) decimal.Decimal {
	d, err := sdk.ParseAmount(text)
	if err != nil {
		return decimal.Decimal{}
	}
	return d
}

func (r *paymentRequest) request() payment.Request {
	expires, _ := parseMoment(r.ExpiresAt) // Resolve reports what is wrong with it
	return payment.Request{
		Provider: r.Provider, Amount: amountOf(r.Amount), Currency: r.Currency, MerchantReference: r.MerchantReference,
		Description: r.Description, Method: r.Method, Country: r.Country, Language: r.Language, Customer: r.Customer,
		SuccessURL: r.SuccessURL, CancelURL: r.CancelURL, ExpiresAt: expires, Metadata: r.Metadata, ProviderOptions: r.ProviderOptions,
	}
}

// Idempotent is the header of every request that can move money.
type Idempotent struct {
	Key string `header:"Idempotency-Key" required:"true" maxLength:"255" pattern:"^[ -~]*$" patternDescription:"printable ASCII" example:"order-47" doc:"names the intent: a repeat with the same key and request is harmless"`
}

type createPaymentInput struct {
	Idempotent
	Body paymentRequest
}

// Resolve adds what the core would say, so that everything that is wrong is reported at once.
func (in *createPaymentInput) Resolve(huma.Context) []error {
	wrong := core.CheckPayment(in.Body.request(), in.Key, time.Now())
	if text := in.Body.ExpiresAt; text != "" {
		at, err := parseMoment(text)
		if err == nil && at.IsZero() { // to the core the zero time is no time
			err = errors.New("is in the past")
		}
		if err != nil {
			wrong = append(wrong, sdk.Violation{Field: "expires_at", Message: err.Error()})
		}
	}
	return found(wrong)
}

// recorded is an answer with something that a request under a key brought about.
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

func (f Filters) filter(status string, p Paging) store.Filter {
	return store.Filter{Provider: f.Provider, Status: payment.Status(status), MerchantReference: f.MerchantReference,
		CreatedFrom: f.CreatedFrom.Time, CreatedTo: f.CreatedTo.Time, Before: p.Cursor, Limit: p.Limit}
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
var refreshErrors = []int{http.StatusNotFound, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

func (a *API) paymentOperations(api huma.API) {
	create := operation("create-payment", http.MethodPost, "/payments", "Payments", "Create a payment",
		"Records a payment and asks the provider to create it. 201 whatever became of it: look at `status`, `next_action` and `failure`.",
		http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	huma.Register(api, created(create), func(ctx context.Context, in *createPaymentInput) (*recorded[payment.Payment], error) {
		p, replayed, err := a.Core.CreatePayment(ctx, in.Body.request(), in.Key)
		if err != nil {
			return nil, a.fail(ctx, changes, replayed, err)
		}
		return record(p, "/v1/payments/"+p.ID, replayed), nil
	})
	get := operation("get-payment", http.MethodGet, "/payments/{id}", "Payments", "Read a payment",
		"With its attempts and its history. `refresh=true` asks the provider first.", refreshErrors...)
	huma.Register(api, get, func(ctx context.Context, in *getInput) (*one[payment.Payment], error) {
		if in.Refresh {
			return read(ctx, a, a.Core.RefreshPayment, in.ID)
		}
		return read(ctx, a, a.Core.Payment, in.ID)
	})
	list := operation("list-payments", http.MethodGet, "/payments", "Payments", "List payments",
		"Newest first, without attempts and history.")
	huma.Register(api, list, func(ctx context.Context, in *listPaymentsInput) (*listed[payment.Payment], error) {
		found, next, err := a.Core.ListPayments(ctx, in.filter(in.Status, in.Paging))
		if err != nil {
			return nil, a.fail(ctx, asks, false, err)
		}
		return pageOf(found, next), nil
	})
}
