package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// view fills in empty lists, so that none is null.
func view(s payment.ProviderStatus) payment.ProviderStatus {
	if s.StartedAt != nil {
		at := s.StartedAt.UTC()
		s.StartedAt = &at
	}

	orEmpty(&s.Capabilities)
	orEmpty(&s.Currencies)
	orEmpty(&s.Countries)
	orEmpty(&s.WebhookTrust)
	orEmpty(&s.Operations)

	return s
}

func orEmpty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// methodView is sdk.PaymentMethod with the names of the API.
type methodView struct {
	ID              string          `json:"id" doc:"what method takes when a payment is created"`
	Name            string          `json:"name"`
	Country         string          `json:"country,omitempty"`
	Currency        string          `json:"currency,omitempty"`
	Min             *payment.Amount `json:"min" doc:"the least amount"`
	Max             *payment.Amount `json:"max" doc:"the greatest amount"`
	LimitsExclusive bool            `json:"limits_exclusive" doc:"the limits themselves are outside"`
	LogoURL         string          `json:"logo_url,omitempty"`
	Guide           string          `json:"guide,omitempty" doc:"how to pay, for the customer"`
	Flow            sdk.Flow        `json:"flow,omitempty" doc:"what the customer goes through: redirect, display_confirm or none"`
	Fields          []methodField   `json:"fields" doc:"what the customer must fill in"`
}

type methodField struct {
	Name     string        `json:"name"`
	Label    string        `json:"label,omitempty"`
	Required bool          `json:"required"`
	Kind     sdk.FieldKind `json:"kind" doc:"text, amount or file"`
}

func methodOf(m sdk.PaymentMethod) methodView {
	v := methodView{
		ID:              m.ID,
		Name:            m.Name,
		Country:         m.Country,
		Currency:        m.Currency,
		LimitsExclusive: m.LimitsExclusive,
		LogoURL:         m.LogoURL,
		Guide:           m.Guide,
		Flow:            m.Flow,
		Fields:          []methodField{},
	}

	if m.Min != nil {
		v.Min = &payment.Amount{Decimal: *m.Min}
	}
	if m.Max != nil {
		v.Max = &payment.Amount{Decimal: *m.Max}
	}

	for _, f := range m.Fields {
		v.Fields = append(v.Fields, methodField(f))
	}

	return v
}

type balanceView struct {
	Name     string         `json:"name" doc:"what the provider calls the wallet; empty when it has one only"`
	Amount   payment.Amount `json:"amount" pattern:"^-?[0-9]+(\\.[0-9]+)?$" doc:"may be negative"`
	Currency string         `json:"currency"`
}

type nameInput struct {
	Name string `path:"name" maxLength:"64"`
}

type methodsInput struct {
	Name       string `path:"name" maxLength:"64"`
	Country    string `query:"country" maxLength:"255"`
	Currency   string `query:"currency" maxLength:"32"`
	CustomerID string `query:"customer_id" maxLength:"255"`
	Amount     string `query:"amount" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" doc:"together with currency"`
}

// Resolve wants a currency with an amount: without one it says nothing.
func (in *methodsInput) Resolve(huma.Context) []error {
	var errs []error
	if in.Amount != "" && !amountOf(in.Amount).IsPositive() {
		errs = found([]sdk.Violation{{Field: "amount", Message: "must be more than zero"}})
	}
	if in.Amount != "" && in.Currency == "" {
		errs = append(
			errs,
			found(
				[]sdk.Violation{{Field: "currency", Message: "is required with an amount"}},
			)...)
	}

	return errs
}

func (in *methodsInput) request() sdk.ListPaymentMethodsRequest {
	r := sdk.ListPaymentMethodsRequest{
		Country:    in.Country,
		Currency:   in.Currency,
		CustomerID: in.CustomerID,
	}
	if in.Amount != "" {
		r.Amount = &sdk.Money{Amount: amountOf(in.Amount), Currency: in.Currency}
	}
	return r
}

// amountOf reads an amount; what cannot be read is zero.
func amountOf(text string) decimal.Decimal {
	d, err := sdk.ParseAmount(text)
	if err != nil {
		return decimal.Decimal{}
	}
	return d
}

type invokeInput struct {
	Name      string           `path:"name" maxLength:"64"`
	Operation string           `path:"operation" maxLength:"64" doc:"one of the provider's operations"`
	Key       string           `header:"Idempotency-Key" maxLength:"255" pattern:"^[ -~]*$" patternDescription:"printable ASCII" doc:"required when the operation moves money"`
	Body      *json.RawMessage `doc:"what the operation's input_schema says"`
}

type invoked struct {
	Replayed string `header:"Idempotent-Replayed" enum:"true" doc:"the key stood for this already, and nothing was done again"`
	Body     json.RawMessage
}

// askErrors are the statuses of a call that asks a provider.
var askErrors = []int{
	http.StatusNotFound,
	http.StatusTooManyRequests,
	http.StatusBadGateway,
	http.StatusServiceUnavailable,
	http.StatusGatewayTimeout,
}

func (a *API) providerOperations(api huma.API) {
	list := operation(
		"list-providers",
		http.MethodGet,
		"/providers",
		"Providers",
		"List providers",
		"How every configured account stands, by name.",
	)

	huma.Register(
		api,
		list,
		func(context.Context, *struct{}) (*listed[payment.ProviderStatus], error) {
			var views []payment.ProviderStatus
			for _, s := range a.Providers.Providers() {
				s.ConfigSchema, s.WebhookURL = nil, ""
				views = append(views, view(s))
			}
			return pageOf(views, ""), nil
		},
	)

	get := operation(
		"get-provider",
		http.MethodGet,
		"/providers/{name}",
		"Providers",
		"Read a provider",
		"State, plugin, capabilities and last error; the URL for its back office.",
		http.StatusNotFound,
	)

	huma.Register(
		api,
		get,
		func(ctx context.Context, in *nameInput) (*one[payment.ProviderStatus], error) {
			s, ok := a.Providers.Provider(in.Name)
			if !ok {
				return nil, a.fail(ctx, asks, false, &payment.Error{
					Code:    string(sdk.CodeNotFound),
					Outcome: sdk.OutcomeNotSent,
					Message: fmt.Sprintf(
						"no provider is called %q in the configuration",
						in.Name,
					),
				})
			}

			v := view(s)
			return &one[payment.ProviderStatus]{&v}, nil
		},
	)

	methods := operation(
		"list-payment-methods",
		http.MethodGet,
		"/providers/{name}/payment-methods",
		"Providers",
		"List payment methods",
		"What a customer can pay with.",
		askErrors...)

	huma.Register(
		api,
		methods,
		func(ctx context.Context, in *methodsInput) (*listed[methodView], error) {
			found, err := a.Payments.PaymentMethods(ctx, in.Name, in.request())
			if err != nil {
				return nil, a.fail(ctx, asks, false, err)
			}
			var views []methodView
			for _, m := range found {
				views = append(views, methodOf(m))
			}
			return pageOf(views, ""), nil
		},
	)

	a.accountOperations(api)
}

func (a *API) accountOperations(api huma.API) {
	balances := operation(
		"list-balances",
		http.MethodGet,
		"/providers/{name}/balances",
		"Providers",
		"List balances",
		"What the account holds at its provider.",
		askErrors...)

	huma.Register(
		api,
		balances,
		func(ctx context.Context, in *nameInput) (*listed[balanceView], error) {
			found, err := a.Payments.Balances(ctx, in.Name)
			if err != nil {
				return nil, a.fail(ctx, asks, false, err)
			}
			var views []balanceView

			for _, b := range found {
				views = append(
					views,
					balanceView{
						b.Name,
						payment.Amount{Decimal: b.Amount.Amount},
						b.Amount.Currency,
					},
				)
			}

			return pageOf(views, ""), nil
		},
	)

	invoke := operation(
		"invoke-operation",
		http.MethodPost,
		"/providers/{name}/operations/{operation}",
		"Providers",
		"Invoke an operation",
		"One of the provider's own; its schemas are with the provider.",
		append(askErrors, http.StatusConflict)...)

	huma.Register(
		api,
		invoke,
		func(ctx context.Context, in *invokeInput) (*invoked, error) {
			input := json.RawMessage("{}")
			if in.Body != nil {
				input = *in.Body
			}
			output, replayed, err := a.Payments.Invoke(
				ctx,
				in.Name,
				in.Operation,
				input,
				in.Key,
			)
			if err != nil {
				return nil, a.fail(ctx, asks, replayed, err)
			}

			out := &invoked{Body: output}
			if replayed {
				out.Replayed = "true"
			}

			return out, nil
		},
	)
}
