package sdk

import (
	"context"

	"github.com/shopspring/decimal"
)

// ListPaymentMethodsRequest filters; a provider that cannot pass a filter on
// ignores it.
type ListPaymentMethodsRequest struct {
	Country    string
	Currency   string
	CustomerID string
	Amount     *Money // nil when not known yet
}

// Flow is how the customer pays with a method.
type Flow string

// The flows.
const (
	FlowRedirect       Flow = "redirect"        // sent to a page of the provider
	FlowDisplayConfirm Flow = "display_confirm" // shown where to pay, and sends back proof
	FlowNone           Flow = "none"            // nothing to do here
)

// PaymentMethod is one thing the customer can pay with.
type PaymentMethod struct {
	ID       string // what CreatePaymentRequest.Method takes
	Name     string
	Country  string
	Currency string
	// Min and Max bound the amount, nil when there is no bound; inclusive
	// unless LimitsExclusive.
	Min, Max        *decimal.Decimal
	LimitsExclusive bool
	LogoURL         string
	Guide           string // how to pay, in words for the customer
	Flow            Flow
	Fields          []Field // what the customer must fill in
}

// FieldKind says how to ask for a field.
type FieldKind string

// The kinds of field.
const (
	FieldText   FieldKind = "text"
	FieldAmount FieldKind = "amount"
	FieldFile   FieldKind = "file"
)

// Field is one thing that the customer is asked for.
type Field struct {
	Name     string
	Label    string
	Required bool
	Kind     FieldKind
}

// MethodLister is CapabilityListPaymentMethods.
type MethodLister interface {
	// ListPaymentMethods returns what the customer can pay with. It changes
	// nothing and may be called for every customer. An empty list is an answer.
	ListPaymentMethods(context.Context, ListPaymentMethodsRequest) ([]PaymentMethod, error)
}
