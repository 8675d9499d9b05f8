package sdk

import (
	"context"
	"encoding/json"
)

// The author's interfaces are also the host's way in: *AccountClient has every verb, whether or not the account can do
// it (see AccountInfo.Capabilities; what it cannot do answers CodeNotSupported).
var (
	_ HealthChecker    = (*AccountClient)(nil)
	_ BalanceGetter    = (*AccountClient)(nil)
	_ MethodLister     = (*AccountClient)(nil)
	_ PaymentCreator   = (*AccountClient)(nil)
	_ PaymentConfirmer = (*AccountClient)(nil)
	_ PaymentGetter    = (*AccountClient)(nil)
	_ PaymentLister    = (*AccountClient)(nil)
	_ PaymentCapturer  = (*AccountClient)(nil)
	_ PaymentCanceler  = (*AccountClient)(nil)
	_ RefundCreator    = (*AccountClient)(nil)
	_ RefundGetter     = (*AccountClient)(nil)
	_ PayoutCreator    = (*AccountClient)(nil)
	_ PayoutGetter     = (*AccountClient)(nil)
	_ PayoutLister     = (*AccountClient)(nil)
	_ WebhookParser    = (*AccountClient)(nil)
	_ ReturnParser     = (*AccountClient)(nil)
	_ OperationInvoker = (*AccountClient)(nil)
)

// CheckHealth calls the verb of that name.
func (a *AccountClient) CheckHealth(ctx context.Context) (Health, error) {
	return invoke(ctx, a, &checkHealth, nothing{})
}

// GetBalances calls the verb of that name.
func (a *AccountClient) GetBalances(ctx context.Context) ([]Balance, error) {
	return invoke(ctx, a, &getBalances, nothing{})
}

// ListPaymentMethods calls the verb of that name.
func (a *AccountClient) ListPaymentMethods(ctx context.Context, req ListPaymentMethodsRequest) ([]PaymentMethod, error) {
	return invoke(ctx, a, &listPaymentMethods, req)
}

// CreatePayment calls the verb of that name.
func (a *AccountClient) CreatePayment(ctx context.Context, req CreatePaymentRequest) (*Payment, error) {
	return invoke(ctx, a, &createPayment, req)
}

// ConfirmPayment calls the verb of that name.
func (a *AccountClient) ConfirmPayment(ctx context.Context, req ConfirmPaymentRequest) (*Payment, error) {
	return invoke(ctx, a, &confirmPayment, req)
}

// GetPayment calls the verb of that name.
func (a *AccountClient) GetPayment(ctx context.Context, req GetPaymentRequest) (*Payment, error) {
	return invoke(ctx, a, &getPayment, req)
}

// ListPayments calls the verb of that name.
func (a *AccountClient) ListPayments(ctx context.Context, req ListPaymentsRequest) (*ListPaymentsResponse, error) {
	return invoke(ctx, a, &listPayments, req)
}

// CapturePayment calls the verb of that name.
func (a *AccountClient) CapturePayment(ctx context.Context, req CapturePaymentRequest) (*Payment, error) {
	return invoke(ctx, a, &capturePayment, req)
}

// CancelPayment calls the verb of that name.
func (a *AccountClient) CancelPayment(ctx context.Context, req CancelPaymentRequest) (*Payment, error) {
	return invoke(ctx, a, &cancelPayment, req)
}

// CreateRefund calls the verb of that name.
func (a *AccountClient) CreateRefund(ctx context.Context, req CreateRefundRequest) (*Refund, error) {
	return invoke(ctx, a, &createRefund, req)
}

// GetRefund calls the verb of that name.
func (a *AccountClient) GetRefund(ctx context.Context, req GetRefundRequest) (*Refund, error) {
	return invoke(ctx, a, &getRefund, req)
}

// CreatePayout calls the verb of that name.
func (a *AccountClient) CreatePayout(ctx context.Context, req CreatePayoutRequest) (*Payout, error) {
	return invoke(ctx, a, &createPayout, req)
}

// GetPayout calls the verb of that name.
func (a *AccountClient) GetPayout(ctx context.Context, req GetPayoutRequest) (*Payout, error) {
	return invoke(ctx, a, &getPayout, req)
}

// ListPayouts calls the verb of that name.
func (a *AccountClient) ListPayouts(ctx context.Context, req ListPayoutsRequest) (*ListPayoutsResponse, error) {
	return invoke(ctx, a, &listPayouts, req)
}

// ParseWebhook calls the verb of that name.
func (a *AccountClient) ParseWebhook(ctx context.Context, req ParseWebhookRequest) (*WebhookResult, error) {
	return invoke(ctx, a, &parseWebhook, req)
}

// ParseReturn calls the verb of that name.
func (a *AccountClient) ParseReturn(ctx context.Context, req ParseReturnRequest) (*Return, error) {
	return invoke(ctx, a, &parseReturn, req)
}

// InvokeOperation calls the verb of that name.
func (a *AccountClient) InvokeOperation(ctx context.Context, req InvokeOperationRequest) (json.RawMessage, error) {
	return invoke(ctx, a, &invokeOperation, req)
}
