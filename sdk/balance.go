package sdk

import "context"

// Balance is what an account holds of one currency in one wallet.
type Balance struct {
	Name   string // what the provider calls the wallet; empty when it has one only
	Amount Money  // may be negative
}

// BalanceGetter is CapabilityGetBalances.
type BalanceGetter interface {
	// GetBalances asks what the account holds at the provider, one entry for each
	// currency and wallet. It changes nothing. An empty list is an answer.
	GetBalances(context.Context) ([]Balance, error)
}
