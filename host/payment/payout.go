package payment

import "time"

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
	Approval           *Approval         `json:"approval,omitempty" doc:"what waits for a second name; only when one is asked for"`
	CreatedAt          time.Time         `json:"created_at"`
	UpdatedAt          time.Time         `json:"updated_at"`
	Metadata           map[string]string `json:"metadata"`
	Attempts           []Attempt         `json:"attempts"`
	History            []Change          `json:"history,omitempty"`
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
	Approval          *Approval    `json:"approval,omitempty" doc:"what waits for a second name"`
	CreatedAt         time.Time    `json:"created_at"`
	UpdatedAt         time.Time    `json:"updated_at"`
	Attempts          []Attempt    `json:"attempts"`
}
