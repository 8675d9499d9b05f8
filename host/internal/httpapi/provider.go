package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// queryErrors are the statuses of a call that queries a provider.
var queryErrors = []int{
	http.StatusNotFound, http.StatusTooManyRequests,
	http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

func (a *API) providerOperations(api huma.API) {
	huma.Register(api, operation{
		id:          "list-providers",
		method:      http.MethodGet,
		path:        "/providers",
		tag:         "Providers",
		scope:       caller.ProvidersRead,
		summary:     "List providers",
		description: "How every configured account stands, by name.",
	}.described(), a.listProviders)

	huma.Register(api, operation{
		id:          "get-provider",
		method:      http.MethodGet,
		path:        "/providers/{name}",
		tag:         "Providers",
		scope:       caller.ProvidersRead,
		summary:     "Read a provider",
		description: "State, plugin, capabilities and last error; the URL for its back office.",
		errors:      []int{http.StatusNotFound},
	}.described(), a.getProvider)

	huma.Register(api, operation{
		id:          "list-payment-methods",
		method:      http.MethodGet,
		path:        "/providers/{name}/payment-methods",
		tag:         "Providers",
		scope:       caller.PaymentsRead,
		summary:     "List payment methods",
		description: "What a customer can pay with.",
		errors:      queryErrors,
	}.described(), a.listPaymentMethods)

	huma.Register(api, operation{
		id:          "list-balances",
		method:      http.MethodGet,
		path:        "/providers/{name}/balances",
		tag:         "Providers",
		scope:       caller.ProvidersRead,
		summary:     "List balances",
		description: "What the account holds at its provider.",
		errors:      queryErrors,
	}.described(), a.listBalances)

	huma.Register(api, operation{
		id:          "invoke-operation",
		method:      http.MethodPost,
		path:        "/providers/{name}/operations/{operation}",
		tag:         "Providers",
		scope:       caller.ProvidersOperate,
		summary:     "Invoke an operation",
		description: "One of the provider's own; its schemas are with the provider.",
		errors:      append(slices.Clone(queryErrors), http.StatusConflict),
	}.described(), a.invokeOperation)
}

func (a *API) listProviders(ctx context.Context, _ *struct{}) (*listed[providerView], error) {
	pauses := a.pauses(ctx)
	var list []providerView
	for _, status := range seenBy(ctx, a.Providers.Providers()) {
		status.Paused = pausesOf(status.Name, pauses)
		status.ConfigSchema = nil // it is long, and for one provider at a time
		list = append(list, viewProvider(status))
	}
	return pageOf(list, ""), nil
}

type nameInput struct {
	Name string `path:"name" maxLength:"64"`
}

func (a *API) getProvider(
	ctx context.Context, in *nameInput,
) (*one[providerView], error) {
	status, ok := a.Providers.Provider(in.Name)
	if !ok {
		return nil, a.fail(ctx, reading, core.UnknownProvider(in.Name))
	}

	status.Paused = pausesOf(in.Name, a.pauses(ctx))
	view := viewProvider(status)
	// Who knows the URL can send what counts as the provider's.
	if a.maySeeWebhookURL(ctx, in.Name) {
		view.WebhookURL = a.Providers.WebhookURL(in.Name)
	}
	return &one[providerView]{&view}, nil
}

// maySeeWebhookURL reports whether the caller is shown the secret URL of an
// account, and has it in the audit log. How a provider stands can be read while
// nothing can be written; the URL cannot.
func (a *API) maySeeWebhookURL(ctx context.Context, provider string) bool {
	if !caller.From(ctx).May(caller.ProvidersOperate) {
		return false
	}

	err := a.Payments.Audit(ctx, payment.AuditEntry{
		Action:   "get-provider",
		Provider: provider,
		Subject:  provider,
		Note:     "with the URL of its webhooks",
	})
	if err != nil {
		a.Logger.Warn("the URL of a provider's webhooks is not shown, because that could not be "+
			"recorded in the audit log", "request_id", requestID(ctx), "provider", provider,
			"error", err)
	}
	return err == nil
}

// providerView is the state of one configured account.
type providerView struct {
	payment.ProviderStatus
	WebhookURL string `json:"webhook_url,omitempty" doc:"where this account's webhooks go: what must be typed into the provider's back office; only when one provider is asked for, with the scope providers:operate"`
}

// viewProvider fills in empty lists, so that none is null in JSON.
func viewProvider(status payment.ProviderStatus) providerView {
	if status.StartedAt != nil {
		at := status.StartedAt.UTC()
		status.StartedAt = &at
	}
	status.Since = status.Since.UTC()
	orEmpty(&status.Capabilities)
	orEmpty(&status.Currencies)
	orEmpty(&status.Countries)
	orEmpty(&status.WebhookTrust)
	orEmpty(&status.Operations)
	return providerView{ProviderStatus: status}
}

func orEmpty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

type methodsInput struct {
	Name       string `path:"name" maxLength:"64"`
	Country    string `query:"country" maxLength:"255"`
	Currency   string `query:"currency" maxLength:"32"`
	CustomerID string `query:"customer_id" maxLength:"255"`
	Amount     string `query:"amount" pattern:"^[0-9]+(\\.[0-9]+)?$" patternDescription:"digits with at most one point, such as \"60.00\"" doc:"together with currency"`
}

// Resolve requires a currency with an amount: without one it says nothing.
func (in *methodsInput) Resolve(huma.Context) []error {
	if in.Amount == "" {
		return nil
	}

	// The pattern lets zero pass.
	var wrong []sdk.Violation
	if !amountOf(in.Amount).IsPositive() {
		wrong = append(
			wrong,
			sdk.Violation{Field: "amount", Message: "must be more than zero"},
		)
	}

	if in.Currency == "" {
		wrong = append(
			wrong,
			sdk.Violation{Field: "currency", Message: "is required with an amount"},
		)
	}

	return found(wrong)
}

// amountOf reads an amount; a text that cannot be read is zero.
func amountOf(text string) decimal.Decimal {
	amount, err := sdk.ParseAmount(text)
	if err != nil {
		return decimal.Zero
	}
	return amount
}

func (a *API) listPaymentMethods(
	ctx context.Context, in *methodsInput,
) (*listed[methodView], error) {
	request := sdk.ListPaymentMethodsRequest{
		Country:    in.Country,
		Currency:   in.Currency,
		CustomerID: in.CustomerID,
	}
	if in.Amount != "" {
		request.Amount = &sdk.Money{Amount: amountOf(in.Amount), Currency: in.Currency}
	}

	methods, err := a.Payments.PaymentMethods(ctx, in.Name, request)

	var views []methodView
	for _, method := range methods {
		views = append(views, viewMethod(method))
	}

	return paged(ctx, a, views, "", err)
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

func viewMethod(method sdk.PaymentMethod) methodView {
	view := methodView{
		ID:              method.ID,
		Name:            method.Name,
		Country:         method.Country,
		Currency:        method.Currency,
		LimitsExclusive: method.LimitsExclusive,
		LogoURL:         method.LogoURL,
		Guide:           method.Guide,
		Flow:            method.Flow,
		Fields:          []methodField{},
	}

	if method.Min != nil {
		view.Min = &payment.Amount{Decimal: *method.Min}
	}
	if method.Max != nil {
		view.Max = &payment.Amount{Decimal: *method.Max}
	}

	for _, field := range method.Fields {
		view.Fields = append(view.Fields, methodField(field))
	}

	return view
}

type balanceView struct {
	Name     string         `json:"name" doc:"what the provider calls the wallet; empty when it has one only"`
	Amount   payment.Amount `json:"amount" pattern:"^-?[0-9]+(\\.[0-9]+)?$" doc:"may be negative"`
	Currency string         `json:"currency"`
}

func (a *API) listBalances(ctx context.Context, in *nameInput) (*listed[balanceView], error) {
	balances, err := a.Payments.Balances(ctx, in.Name)
	var views []balanceView

	for _, balance := range balances {
		views = append(views, balanceView{
			Name:     balance.Name,
			Amount:   payment.Amount{Decimal: balance.Amount.Amount},
			Currency: balance.Amount.Currency,
		})
	}

	return paged(ctx, a, views, "", err)
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

func (a *API) invokeOperation(ctx context.Context, in *invokeInput) (*invoked, error) {
	// An operation without parameters may be called without a body.
	input := json.RawMessage("{}")
	if in.Body != nil {
		input = *in.Body
	}
	output, replayed, err := a.Payments.Invoke(ctx, in.Name, in.Operation, input, in.Key)
	if err != nil {
		return nil, a.failUnderKey(ctx, reading, replayed, err)
	}
	return &invoked{Replayed: replayedHeader(replayed), Body: output}, nil
}
