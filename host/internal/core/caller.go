package core

import (
	"context"
	"fmt"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// visible refuses an account that the caller does not see, whether there is one
// of that name or not.
func visible(ctx context.Context, provider string) error {
	if caller.From(ctx).Sees(provider) {
		return nil
	}
	return &payment.Error{
		Code:    string(sdk.CodeNotFound),
		Outcome: sdk.OutcomeNotSent,
		Message: fmt.Sprintf("no provider is called %q in the configuration", provider),
	}
}

// permitted refuses a caller without a scope.
func permitted(ctx context.Context, scope caller.Scope, what string) error {
	who := caller.From(ctx)
	if who.May(scope) {
		return nil
	}
	return &payment.Error{
		Code:    string(sdk.CodePermission),
		Outcome: sdk.OutcomeNotSent,
		Message: fmt.Sprintf("%s needs the scope %s, which the token %s does not have",
			what, scope, who.Name),
	}
}
