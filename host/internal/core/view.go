package core

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// paymentView gives an intent as the API shows it.
func paymentView(i *intent.Intent, attempts []payment.Attempt, history []payment.Change) (*payment.Payment, error) {
	var req payment.Request
	if err := json.Unmarshal(i.Request, &req); err != nil {
		return nil, fmt.Errorf("the stored request of %s is damaged: %w", i.ID, err)
	}
	p := &payment.Payment{
		ID: i.ID, Provider: i.Provider, Status: i.Status, ReviewReason: i.ReviewReason, Amount: i.Amount, Currency: i.Currency,
		MerchantReference: i.MerchantReference, Description: req.Description, Method: i.Method,
		ProviderReference: i.ProviderReference, ProviderStatus: i.ProviderStatus, PaidAmount: i.PaidAmount,
		NextAction: i.NextAction, Failure: i.Failure, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
		Metadata: orEmpty(req.Metadata), Attempts: attempts, History: history,
	}
	if len(i.References) > 1 {
		p.ProviderReferences = i.References
	}
	if i.PaidAmount != nil {
		p.PaidCurrency = &i.PaidCurrency
	}
	if !i.ExpiresAt.IsZero() {
		p.ExpiresAt = &i.ExpiresAt
	}
	return p, nil
}

func payoutView(i *intent.Intent, attempts []payment.Attempt, history []payment.Change) (*payment.Payout, error) {
	var req payment.PayoutRequest
	if err := json.Unmarshal(i.Request, &req); err != nil {
		return nil, fmt.Errorf("the stored request of %s is damaged: %w", i.ID, err)
	}
	p := &payment.Payout{
		ID: i.ID, Provider: i.Provider, Status: i.Status, ReviewReason: i.ReviewReason, Amount: i.Amount, Currency: i.Currency,
		MerchantReference: i.MerchantReference, Description: req.Description, Method: i.Method, Recipient: req.Recipient,
		ProviderReference: i.ProviderReference, ProviderStatus: i.ProviderStatus, Failure: i.Failure,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, Metadata: orEmpty(req.Metadata), Attempts: attempts, History: history,
	}
	if len(i.References) > 1 {
		p.ProviderReferences = i.References
	}
	return p, nil
}

func refundView(i *intent.Intent, attempts []payment.Attempt) (*payment.Refund, error) {
	var req intent.RefundDetails
	if err := json.Unmarshal(i.Request, &req); err != nil {
		return nil, fmt.Errorf("the stored request of %s is damaged: %w", i.ID, err)
	}
	return &payment.Refund{
		ID: i.ID, PaymentID: i.ParentID, Provider: i.Provider, Status: i.Status, ReviewReason: i.ReviewReason,
		Amount: i.Amount, Currency: i.Currency, Reason: req.Reason, ProviderReference: i.ProviderReference,
		ProviderStatus: i.ProviderStatus, Failure: i.Failure, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, Attempts: attempts,
	}, nil
}

// eventData gives an intent as an event shows it: without what was said on the wire, and without history.
func eventData(ctx context.Context, tx *store.Tx, i *intent.Intent) (json.RawMessage, error) {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	for k := range attempts {
		attempts[k].Exchanges = nil
	}
	var view any
	switch i.Kind {
	case payment.KindPayment:
		view, err = paymentView(i, attempts, nil)
	case payment.KindPayout:
		view, err = payoutView(i, attempts, nil)
	default:
		view, err = refundView(i, attempts)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(view)
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
