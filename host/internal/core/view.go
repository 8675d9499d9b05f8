package core

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// This file has intents as the API shows them.

// paymentView returns a payment. The error is that its stored request is
// damaged, as of the other views.
func paymentView(i *intent.Intent, attempts []payment.Attempt, history []payment.Change,
) (*payment.Payment, error) {
	var request payment.Request
	if err := json.Unmarshal(i.Request, &request); err != nil {
		return nil, fmt.Errorf("the stored request of %s is damaged: %w", i.ID, err)
	}

	view := &payment.Payment{
		ID:                i.ID,
		Provider:          i.Provider,
		Status:            i.Status,
		ReviewReason:      i.ReviewReason,
		Amount:            i.Amount,
		Currency:          i.Currency,
		MerchantReference: i.MerchantReference,
		Description:       request.Description,
		Method:            i.Method,
		ProviderReference: i.ProviderReference,
		ProviderStatus:    i.ProviderStatus,
		PaidAmount:        i.PaidAmount,
		NextAction:        i.NextAction,
		Failure:           i.Failure,
		CreatedAt:         i.CreatedAt,
		UpdatedAt:         i.UpdatedAt,
		Metadata:          orEmpty(request.Metadata),
		Attempts:          attempts,
		History:           history,
	}

	if len(i.References) > 1 {
		view.ProviderReferences = i.References
	}
	if i.PaidAmount != nil {
		view.PaidCurrency = &i.PaidCurrency
	}

	if !i.ExpiresAt.IsZero() {
		view.ExpiresAt = &i.ExpiresAt
	}

	return view, nil
}

// payoutView returns a payout.
func payoutView(i *intent.Intent, attempts []payment.Attempt, history []payment.Change,
) (*payment.Payout, error) {
	var request payment.PayoutRequest
	if err := json.Unmarshal(i.Request, &request); err != nil {
		return nil, fmt.Errorf("the stored request of %s is damaged: %w", i.ID, err)
	}

	view := &payment.Payout{
		ID:                i.ID,
		Provider:          i.Provider,
		Status:            i.Status,
		ReviewReason:      i.ReviewReason,
		Amount:            i.Amount,
		Currency:          i.Currency,
		MerchantReference: i.MerchantReference,
		Description:       request.Description,
		Method:            i.Method,
		Recipient:         request.Recipient,
		ProviderReference: i.ProviderReference,
		ProviderStatus:    i.ProviderStatus,
		Failure:           i.Failure,
		CreatedAt:         i.CreatedAt,
		UpdatedAt:         i.UpdatedAt,
		Metadata:          orEmpty(request.Metadata),
		Attempts:          attempts,
		History:           history,
	}

	if len(i.References) > 1 {
		view.ProviderReferences = i.References
	}

	return view, nil
}

// refundView returns a refund.
func refundView(i *intent.Intent, attempts []payment.Attempt) (*payment.Refund, error) {
	var details intent.RefundDetails
	if err := json.Unmarshal(i.Request, &details); err != nil {
		return nil, fmt.Errorf("the stored request of %s is damaged: %w", i.ID, err)
	}

	return &payment.Refund{
		ID:                i.ID,
		PaymentID:         i.ParentID,
		Provider:          i.Provider,
		Status:            i.Status,
		ReviewReason:      i.ReviewReason,
		Amount:            i.Amount,
		Currency:          i.Currency,
		Reason:            details.Reason,
		ProviderReference: i.ProviderReference,
		ProviderStatus:    i.ProviderStatus,
		Failure:           i.Failure,
		CreatedAt:         i.CreatedAt,
		UpdatedAt:         i.UpdatedAt,
		Attempts:          attempts,
	}, nil
}

// eventData returns an intent as an event shows it: without what was said on
// the wire, and without history.
func eventData(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
) (json.RawMessage, error) {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return nil, err
	}

	// The exchanges on the wire are for operators, not for every receiver.
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

// orEmpty returns a map that JSON shows as an object, not as null.
func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
