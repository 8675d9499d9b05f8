package payment

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"
)

// PayoutRequest asks for money to be sent. Fields shared with Request mean the same.
type PayoutRequest struct {
	Provider          string            `json:"provider"`
	Amount            decimal.Decimal   `json:"-"`
	Currency          string            `json:"currency"`
	MerchantReference string            `json:"merchant_reference,omitempty"`
	Method            string            `json:"method,omitempty"`
	Recipient         Recipient         `json:"recipient,omitzero"`
	Description       string            `json:"description,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	ProviderOptions   json.RawMessage   `json:"provider_options,omitempty"`
}

// MarshalJSON adds the amount with the decimals it was written with.
func (r PayoutRequest) MarshalJSON() ([]byte, error) {
	type plain PayoutRequest
	return json.Marshal(struct {
		Amount Amount `json:"amount"`
		plain
	}{Amount{r.Amount}, plain(r)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *PayoutRequest) UnmarshalJSON(data []byte) error {
	type plain PayoutRequest
	v := struct {
		Amount Amount `json:"amount"`
		*plain
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	r.Amount = v.Amount.Decimal
	return nil
}

// Recipient is who is paid.
type Recipient struct {
	ID            string `json:"id,omitempty"`
	Email         string `json:"email,omitempty"`
	Name          string `json:"name,omitempty"`
	AccountNumber string `json:"account_number,omitempty"`
	IBAN          string `json:"iban,omitempty"`
	Phone         string `json:"phone,omitempty"`
}

// Payout is one payout as it is now.
type Payout struct {
	ID                 string            `json:"id" doc:"po_…, sortable by time"`
	Provider           string            `json:"provider"`
	Status             Status            `json:"status" enum:"created,processing,succeeded,failed,under_review,unknown"`
	ReviewReason       ReviewReason      `json:"review_reason,omitempty"`
	Amount             Amount            `json:"amount"`
	Currency           string            `json:"currency"`
	MerchantReference  string            `json:"merchant_reference"`
	Description        string            `json:"description,omitempty"`
	Method             string            `json:"method,omitempty"`
	Recipient          Recipient         `json:"recipient"`
	ProviderReference  string            `json:"provider_reference"`
	ProviderReferences []string          `json:"provider_references,omitempty"`
	ProviderStatus     string            `json:"provider_status"`
	Failure            *Failure          `json:"failure"`
	CreatedAt          time.Time         `json:"created_at"`
	UpdatedAt          time.Time         `json:"updated_at"`
	Metadata           map[string]string `json:"metadata"`
	Attempts           []Attempt         `json:"attempts"`
	History            []Change          `json:"history,omitempty"`
}

// RefundRequest asks to give back all of a payment (Amount zero) or part of it.
type RefundRequest struct {
	Amount decimal.Decimal
	Reason string
}

// Refund is one refund as it is now.
type Refund struct {
	ID                string       `json:"id" doc:"re_…, sortable by time"`
	PaymentID         string       `json:"payment_id"`
	Provider          string       `json:"provider"`
	Status            Status       `json:"status" enum:"created,pending,succeeded,failed,under_review,unknown"`
	ReviewReason      ReviewReason `json:"review_reason,omitempty"`
	Amount            Amount       `json:"amount"`
	Currency          string       `json:"currency"`
	Reason            string       `json:"reason,omitempty"`
	ProviderReference string       `json:"provider_reference"`
	ProviderStatus    string       `json:"provider_status"`
	Failure           *Failure     `json:"failure"`
	CreatedAt         time.Time    `json:"created_at"`
	UpdatedAt         time.Time    `json:"updated_at"`
	Attempts          []Attempt    `json:"attempts"`
}
