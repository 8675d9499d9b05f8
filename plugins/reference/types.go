package main

import (
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// resource is the provider's form of a payment, a payout or a refund. They have
// one form here; where yours have several, give each a type. Only the fields that
// name the thing must have their form: FlexibleString takes any, so that an odd
// amount or an unrelated field does not lose a success. Amounts are read exactly,
// whether they come as numbers or as text.
type resource struct {
	ID        providerhttp.Text           `json:"id"`
	Reference providerhttp.Text           `json:"reference"` // ours
	Status    providerhttp.Text           `json:"status"`
	Message   providerhttp.FlexibleString `json:"message"`
	Amount    providerhttp.FlexibleString `json:"amount"`
	Currency  providerhttp.FlexibleString `json:"currency"`

	// Payment is of a refund: our reference of its payment.
	Payment providerhttp.FlexibleString `json:"payment"`
	// Taken is of a payment, once it is captured.
	Taken providerhttp.FlexibleString `json:"taken"`
	// Transaction is of a payment, once the customer has paid.
	Transaction providerhttp.FlexibleString `json:"transaction"`

	PayURL providerhttp.FlexibleString `json:"pay_url"`
	PayTo  ordered.Value               `json:"pay_to"`
}

func (r *resource) complete() bool { return r.ID != "" && r.Reference != "" && r.Status != "" }

// legible reports whether the amounts can be read. An answer whose amounts cannot
// is not in the document; of a webhook, which comes once, all the rest is taken.
func (r *resource) legible() bool {
	for _, amount := range []providerhttp.FlexibleString{r.Amount, r.Taken} {
		if _, err := sdk.ParseNumber(string(amount)); err != nil && amount != "" {
			return false
		}
	}
	return true
}

// The statuses are the words of the provider's document; any other is for a
// person to look at. "paid" is three things: money that came, that has left, and
// that went back.
var (
	paymentStatuses = map[string]sdk.PaymentStatus{
		"pending":    sdk.PaymentRequiresAction,
		"processing": sdk.PaymentProcessing,
		"authorized": sdk.PaymentAuthorized,
		"paid":       sdk.PaymentSucceeded,
		"failed":     sdk.PaymentFailed,
		"canceled":   sdk.PaymentCanceled,
		"expired":    sdk.PaymentExpired,
	}
	payoutStatuses = map[string]sdk.PayoutStatus{
		"processing": sdk.PayoutProcessing,
		"paid":       sdk.PayoutSucceeded,
		"failed":     sdk.PayoutFailed,
	}
	refundStatuses = map[string]sdk.RefundStatus{
		"pending": sdk.RefundPending,
		"paid":    sdk.RefundSucceeded,
		"failed":  sdk.RefundFailed,
	}
)

// payment returns the payment as the contract has it, with its amounts where the
// answer has them: the host compares them with what was asked for. An amount that
// is there and cannot be read puts a success under review.
func (r *resource) payment() *sdk.Payment {
	out := &sdk.Payment{
		ProviderReference: string(r.ID),
		ProviderStatus:    string(r.Status),
		Message:           string(r.Message),
		Status:            sdk.LookupOr(paymentStatuses, string(r.Status), sdk.PaymentUnderReview),
		Paid:              providerhttp.Text(r.Taken).Money(string(r.Currency)),
		TransactionID:     string(r.Transaction),
	}
	if out.Paid == nil && r.Taken != "" {
		out.Doubt("what was taken cannot be read")
	}
	out.ReadAmount(string(r.Amount), string(r.Currency))

	switch {
	case out.Status != sdk.PaymentRequiresAction:
	case r.PayURL != "":
		out.NextAction = sdk.RedirectTo(string(r.PayURL))
	default: // the customer transfers the money, and then proves it
		show := &sdk.Display{
			Instructions: "Transfer the amount to this account, then enter the transaction's number.",
		}
		show.Add("iban", "IBAN", r.PayTo.At("iban").Text())
		show.Add("text", "Text", r.PayTo.At("text").Text())
		out.NextAction = &sdk.NextAction{
			Display: show,
			Confirm: &sdk.Confirm{Fields: proofFields},
		}
	}
	return out
}

// proofFields are the fields that the customer fills in after a transfer;
// ConfirmPayment gets them back by these names.
var proofFields = []sdk.Field{
	{Name: "transaction_id", Label: "Transaction number", Required: true, Kind: sdk.FieldText},
	{Name: "amount", Label: "Amount paid", Required: true, Kind: sdk.FieldAmount},
	{Name: "screenshot", Label: "Screenshot", Kind: sdk.FieldFile},
}

func (r *resource) payout() *sdk.Payout {
	out := &sdk.Payout{
		ProviderReference: string(r.ID),
		ProviderStatus:    string(r.Status),
		Message:           string(r.Message),
		Status:            sdk.LookupOr(payoutStatuses, string(r.Status), sdk.PayoutUnderReview),
	}
	out.ReadAmount(string(r.Amount), string(r.Currency))
	return out
}

func (r *resource) refund() *sdk.Refund {
	out := &sdk.Refund{
		ProviderReference: string(r.ID),
		ProviderStatus:    string(r.Status),
		Message:           string(r.Message),
		Status:            sdk.LookupOr(refundStatuses, string(r.Status), sdk.RefundUnderReview),
	}
	out.ReadAmount(string(r.Amount), string(r.Currency))
	return out
}

// errorBody is the provider's own form of an error.
type errorBody struct {
	Error struct {
		Code    string                      `json:"code"`
		Message providerhttp.FlexibleString `json:"message"`
	} `json:"error"`
}

// page is one page of a list of them. Data is nil when it is left out: that is not
// an empty list, and not what was asked for.
type page struct {
	Data []resource `json:"data"`
	Next string     `json:"next"`
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

func (m *method) method() sdk.PaymentMethod {
	out := sdk.PaymentMethod{
		ID:       m.ID,
		Name:     m.Name,
		Currency: m.Currency,
		Min:      &m.Min.Decimal,
		Max:      &m.Max.Decimal,
		Flow:     sdk.FlowRedirect,
	}
	if m.Proof {
		out.Flow = sdk.FlowDisplayConfirm
		out.Fields = proofFields
	}
	return out
}

// wallet is an amount under a name: a balance, or a fee.
type wallet struct {
	Name     string              `json:"name"`
	Amount   providerhttp.Amount `json:"amount"`
	Currency string              `json:"currency"`
}

func (w *wallet) complete() bool { return w.Amount.Present && w.Currency != "" }

// feeInput and feeOutput are the operation quote_fee, whose schemas are made from
// them.
type feeInput struct {
	Amount   decimal.Decimal `config:"amount,required" min:"0" doc:"What the customer would pay."`
	Currency string          `config:"currency,required" doc:"Upper-case code."`
}

type feeOutput struct {
	Fee      decimal.Decimal `json:"fee" doc:"What the provider would keep."`
	Currency string          `json:"currency"`
}
