package main

import (
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// request is all that a call can carry; each fills in what it needs. Amounts are strings, so that no float comes near them.
type request struct {
	MerchantID    string `json:"merchant_id,omitempty"`
	Reference     string `json:"reference,omitempty"`
	Amount        string `json:"amount,omitempty"` // of a capture: all of it when left out
	Currency      string `json:"currency,omitempty"`
	Method        string `json:"method,omitempty"` // the provider chooses when left out
	Capture       string `json:"capture,omitempty"`
	Name          string `json:"name,omitempty"`
	IBAN          string `json:"iban,omitempty"`
	Text          string `json:"text,omitempty"`
	NotifyURL     string `json:"notify_url,omitempty"`
	ReturnURL     string `json:"return_url,omitempty"`
	CancelURL     string `json:"cancel_url,omitempty"`
	TransactionID string `json:"transaction_id,omitempty"`
	Screenshot    []byte `json:"screenshot,omitempty"`
}

// money is read exactly, whether the amount comes as a number or as text.
type money struct {
	Amount   providerhttp.Amount `json:"amount"`
	Currency string              `json:"currency"`
}

// of gives another amount in this currency, and nil for one that the answer does not have: the host compares amounts with
// what was asked for, so an absent one must not look like zero.
func (m money) of(a providerhttp.Amount) *sdk.Money {
	if !a.Present {
		return nil
	}
	return &sdk.Money{Amount: a.Decimal, Currency: m.Currency}
}

// resource is what the provider says of a payment, a payout or a refund. They have one form here; where yours have
// several, give each a type.
type resource struct {
	money
	ID        string `json:"id"`
	Reference string `json:"reference"` // ours
	Status    string `json:"status"`
	Message   string `json:"message"`

	Payment string              `json:"payment"` // of a refund: our reference of its payment
	Taken   providerhttp.Amount `json:"taken"`   // of a payment, once it is captured
	PayURL  string              `json:"pay_url"`
	PayTo   map[string]string   `json:"pay_to"`
}

// problem says what is missing: encoding/json does not, and without it any JSON object would pass for a payment.
func (r *resource) problem() string {
	if r.ID == "" || r.Reference == "" || r.Status == "" {
		return "it has id, reference and status"
	}
	return ""
}

// The words of the provider's document. "paid" is three things: money that came, that has left, and that went back.
var (
	paymentStatuses = map[string]sdk.PaymentStatus{
		"pending": sdk.PaymentRequiresAction, "processing": sdk.PaymentProcessing, "authorized": sdk.PaymentAuthorized,
		"paid": sdk.PaymentSucceeded, "failed": sdk.PaymentFailed, "canceled": sdk.PaymentCanceled, "expired": sdk.PaymentExpired,
	}
	payoutStatuses = map[string]sdk.PayoutStatus{
		"processing": sdk.PayoutProcessing, "paid": sdk.PayoutSucceeded, "failed": sdk.PayoutFailed,
	}
	refundStatuses = map[string]sdk.RefundStatus{
		"pending": sdk.RefundPending, "paid": sdk.RefundSucceeded, "failed": sdk.RefundFailed,
	}
)

// known looks a word up. One that the document does not have is for a person to look at, never a guess.
func known[S any](words map[string]S, word string, otherwise S) S {
	if s, ok := words[word]; ok {
		return s
	}
	return otherwise
}

func (r *resource) payment() *sdk.Payment {
	out := &sdk.Payment{
		ProviderReference: r.ID, ProviderStatus: r.Status, Message: r.Message, Amount: r.of(r.Amount), Paid: r.of(r.Taken),
		Status: known(paymentStatuses, r.Status, sdk.PaymentUnderReview),
	}
	switch {
	case out.Status != sdk.PaymentRequiresAction:
	case r.PayURL != "":
		out.NextAction = sdk.RedirectTo(r.PayURL)
	default: // the customer transfers the money, and then proves it
		out.NextAction = &sdk.NextAction{
			Display: &sdk.Display{
				Instructions: "Transfer the amount to this account, then enter the transaction's number.",
				Fields: []sdk.DisplayField{
					{Name: "iban", Label: "IBAN", Value: r.PayTo["iban"]}, {Name: "text", Label: "Text", Value: r.PayTo["text"]},
				},
			},
			Confirm: &sdk.Confirm{Fields: proofFields},
		}
	}
	return out
}

// proofFields are what the customer is asked for after a transfer; ConfirmPayment gets them back by these names.
var proofFields = []sdk.Field{
	{Name: "transaction_id", Label: "Transaction number", Required: true, Kind: sdk.FieldText},
	{Name: "amount", Label: "Amount paid", Required: true, Kind: sdk.FieldAmount},
	{Name: "screenshot", Label: "Screenshot", Kind: sdk.FieldFile},
}

func (r *resource) payout() *sdk.Payout {
	return &sdk.Payout{
		ProviderReference: r.ID, ProviderStatus: r.Status, Message: r.Message, Amount: r.of(r.Amount),
		Status: known(payoutStatuses, r.Status, sdk.PayoutUnderReview),
	}
}

func (r *resource) refund() *sdk.Refund {
	return &sdk.Refund{
		ProviderReference: r.ID, ProviderStatus: r.Status, Message: r.Message, Amount: r.of(r.Amount),
		Status: known(refundStatuses, r.Status, sdk.RefundUnderReview),
	}
}

// method is one way to pay.
type method struct {
	ID       string              `json:"id"`
	Name     string              `json:"name"`
	Currency string              `json:"currency"`
	Min      providerhttp.Amount `json:"min"`
	Max      providerhttp.Amount `json:"max"`
	Proof    bool                `json:"proof"` // the customer must prove what was paid
}

func (m *method) problem() string {
	if m.ID == "" || !m.Min.Present || !m.Max.Present {
		return "a method has id, min and max"
	}
	return ""
}

func (m *method) sdk() sdk.PaymentMethod {
	out := sdk.PaymentMethod{
		ID: m.ID, Name: m.Name, Currency: m.Currency, Min: &m.Min.Decimal, Max: &m.Max.Decimal, Flow: sdk.FlowRedirect,
	}
	if m.Proof {
		out.Flow, out.Fields = sdk.FlowDisplayConfirm, proofFields
	}
	return out
}

// wallet is an amount under a name: a balance, or a fee.
type wallet struct {
	money
	Name string `json:"name"`
}

func (w *wallet) problem() string {
	if !w.Amount.Present || w.Currency == "" {
		return "money has amount and currency"
	}
	return ""
}

func (w *wallet) sdk() sdk.Balance { return sdk.Balance{Name: w.Name, Amount: *w.of(w.Amount)} }

// feeInput and feeOutput are the operation quote_fee, whose schemas are made from them.
type feeInput struct {
	Amount   decimal.Decimal `config:"amount,required" min:"0" doc:"What the customer would pay."`
	Currency string          `config:"currency,required" doc:"Upper-case code."`
}

type feeOutput struct {
	Fee      decimal.Decimal `json:"fee" doc:"What the provider would keep."`
	Currency string          `json:"currency"`
}

// page is one page of a list. A list that is left out is no empty list: it is not what was asked for.
type page[T any] struct {
	Data *[]T   `json:"data"`
	Next string `json:"next"`
}

func (p *page[T]) problem() string {
	if p.Data == nil {
		return "a list has data"
	}
	for i := range *p.Data {
		if item, ok := any(&(*p.Data)[i]).(answer); ok && item.problem() != "" {
			return item.problem()
		}
	}
	return ""
}

// each converts the items of a page that had no problem.
func each[T, S any](p page[T], item func(*T) S) []S {
	out := make([]S, 0, len(*p.Data))
	for i := range *p.Data {
		out = append(out, item(&(*p.Data)[i]))
	}
	return out
}
