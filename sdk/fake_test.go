package sdk_test

import (
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// validPayment is a request that breaks no rule.
func validPayment() sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference: "pay_1", IdempotencyKey: "order-47", Sequence: 1, Attempt: 1,
		Amount: sdk.Money{Amount: decimal.RequireFromString("60.00"), Currency: "USD"},
	}
}
