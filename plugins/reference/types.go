package main

import (
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// What goes out. Amounts are strings, so that no float comes near them.

type paymentRequest struct {
	MerchantID string `json:"merchant_id"`
	OrderID    string `json:"order_id"`
	Amount     string `json:"amount"`
	Currency   string `json:"currency"`
	Method     string `json:"method,omitempty"` // the provider chooses when left out
	Capture    string `json:"capture"`
	Email      string `json:"email"`
	Text       string `json:"text"`
	NotifyURL  string `json:"notify_url"`
	ReturnURL  string `json:"return_url"`
	CancelURL  string `json:"cancel_url"`
}

type proofRequest struct {
	TransactionID string `json:"transaction_id"`
	Amount        string `json:"amount"`
	Screenshot    []byte `json:"screenshot"`
}

type captureRequest struct {
	Amount string `json:"amount,omitempty"` // all of it when left out
}

type cancelRequest struct {
	Reason string `json:"reason"`
}

type refundRequest struct {
	RefundID string `json:"refund_id"`
	Amount   string `json:"amount"`
	Reason   string `json:"reason"`
}

type payoutRequest struct {
	MerchantID string `json:"merchant_id"`
	PayoutID   string `json:"payout_id"`
	Amount     string `json:"amount"`
	Currency   string `json:"currency"`
	Name       string `json:"name"`
	IBAN       string `json:"iban"`
	Text       string `json:"text"`
	NotifyURL  string `json:"notify_url"`
}

// What comes back. problem says what is missing from an answer: encoding/json does not.

// money is read exactly, whether the amount comes as a number or as text.
type money struct {
	Amount   providerhttp.Amount `json:"amount"`
	Currency string              `json:"currency"`
}

// sdk gives nil when the answer has no amount.
func (m money) sdk() *sdk.Money {
	if !m.Amount.Present {
		return nil
	}
	return &sdk.Money{Amount: m.Amount.Decimal, Currency: m.Currency}
}

type payment struct {
	money
	ID      string              `json:"id"`
	OrderID string              `json:"order_id"`
	Status  string              `json:"status"`
	Message string              `json:"message"`
	Taken   providerhttp.Amount `json:"taken"` // once it is captured
	PayURL  string              `json:"pay_url"`
	PayTo   map[string]string   `json:"pay_to"`
}

func (p *payment) problem() string {
	if p.ID == "" || p.OrderID == "" || p.Status == "" {
		return "a payment has id, order_id and status"
	}
	return ""
}

// paymentStatuses are the words of the provider's document.
var paymentStatuses = map[string]sdk.PaymentStatus{
	"pending":    sdk.PaymentRequiresAction,
	"processing": sdk.PaymentProcessing,
	"authorized": sdk.PaymentAuthorized,
	"paid":       sdk.PaymentSucceeded,
	"failed":     sdk.PaymentFailed,
	"canceled":   sdk.PaymentCanceled,
	"expired":    sdk.PaymentExpired,
}

func (p *payment) sdk() *sdk.Payment {
	out := &sdk.Payment{
		ProviderReference: p.ID, ProviderStatus: p.Status, Message: p.Message, Amount: p.money.sdk(),
		Status: known(paymentStatuses, p.Status, sdk.PaymentUnderReview),
	}
	if p.Taken.Present {
		out.Paid = &sdk.Money{Amount: p.Taken.Decimal, Currency: p.Currency}
	}
	if out.Status == sdk.PaymentRequiresAction {
		out.NextAction = p.nextAction()
	}
	return out
}

// nextAction is a page of the provider, or the account to pay to and then to prove it.
func (p *payment) nextAction() *sdk.NextAction {
	if p.PayURL != "" {
		return sdk.RedirectTo(p.PayURL)
	}
	return &sdk.NextAction{
		Display: &sdk.Display{
			Instructions: "Transfer the amount to this account, then enter the transaction's number.",
			Fields: []sdk.DisplayField{
				{Name: "iban", Label: "IBAN", Value: p.PayTo["iban"]},
				{Name: "text", Label: "Text", Value: p.PayTo["text"]},
			},
		},
		Confirm: &sdk.Confirm{Fields: proofFields},
	}
}

// proofFields are what the customer is asked for after a transfer; ConfirmPayment gets them back by these names.
var proofFields = []sdk.Field{
	{Name: "transaction_id", Label: "Transaction number", Required: true, Kind: sdk.FieldText},
	{Name: "amount", Label: "Amount paid", Required: true, Kind: sdk.FieldAmount},
	{Name: "screenshot", Label: "Screenshot", Kind: sdk.FieldFile},
}

type payout struct {
	money
	ID       string `json:"id"`
	PayoutID string `json:"payout_id"`
	Status   string `json:"status"`
	Message  string `json:"message"`
}

func (p *payout) problem() string {
	if p.ID == "" || p.PayoutID == "" || p.Status == "" {
		return "a payout has id, payout_id and status"
	}
	return ""
}

// payoutStatuses and refundStatuses are words of their own: "paid" here is money that has left.
var payoutStatuses = map[string]sdk.PayoutStatus{
	"processing": sdk.PayoutProcessing,
	"paid":       sdk.PayoutSucceeded,
	"failed":     sdk.PayoutFailed,
}

func (p *payout) sdk() *sdk.Payout {
	return &sdk.Payout{
		ProviderReference: p.ID, ProviderStatus: p.Status, Message: p.Message, Amount: p.money.sdk(),
		Status: known(payoutStatuses, p.Status, sdk.PayoutUnderReview),
	}
}

type refund struct {
	money
	ID       string `json:"id"`
	RefundID string `json:"refund_id"`
	OrderID  string `json:"order_id"`
	Status   string `json:"status"`
	Message  string `json:"message"`
}

func (r *refund) problem() string {
	if r.ID == "" || r.RefundID == "" || r.Status == "" {
		return "a refund has id, refund_id and status"
	}
	return ""
}

var refundStatuses = map[string]sdk.RefundStatus{
	"pending": sdk.RefundPending,
	"paid":    sdk.RefundSucceeded,
	"failed":  sdk.RefundFailed,
}

func (r *refund) sdk() *sdk.Refund {
	return &sdk.Refund{
		ProviderReference: r.ID, ProviderStatus: r.Status, Message: r.Message, Amount: r.money.sdk(),
		Status: known(refundStatuses, r.Status, sdk.RefundUnderReview),
	}
}

// known maps a status. One that the provider's document does not have is for a person to look at, never a guess.
func known[S any](statuses map[string]S, word string, otherwise S) S {
	if s, ok := statuses[word]; ok {
		return s
	}
	return otherwise
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
	if m.ID == "" {
		return "a method has an id"
	}
	return ""
}

func (m *method) sdk() sdk.PaymentMethod {
	out := sdk.PaymentMethod{ID: m.ID, Name: m.Name, Currency: m.Currency, Flow: sdk.FlowRedirect}
	if m.Min.Present {
		out.Min = &m.Min.Decimal
	}
	if m.Max.Present {
		out.Max = &m.Max.Decimal
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

func (w *wallet) sdk() sdk.Balance {
	return sdk.Balance{Name: w.Name, Amount: sdk.Money{Amount: w.Amount.Decimal, Currency: w.Currency}}
}

// pong is the answer of the cheapest call there is.
type pong struct {
	OK bool `json:"ok"`
}

func (p *pong) problem() string {
	if !p.OK {
		return "a ping is answered with ok"
	}
	return ""
}

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

// convert is for a page that had no problem.
func convert[T, S any](p page[T], item func(*T) S) []S {
	out := make([]S, 0, len(*p.Data))
	for i := range *p.Data {
		out = append(out, item(&(*p.Data)[i]))
	}
	return out
}
