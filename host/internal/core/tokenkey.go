package core

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Tokens returns the keys of the URLs that this host hands out.
func (c *Core) Tokens() token.Ring { return c.tokens.Ring() }

// mintable refuses new payments and payouts, and retries of them, while the
// URLs that this host would give to their providers could not be checked by the
// other hosts.
func (c *Core) mintable() error {
	err := c.Tokens().Usable()
	if err == nil {
		return nil
	}

	return &payment.Error{
		Code:       string(sdk.CodeUnavailable),
		Outcome:    sdk.OutcomeNotSent,
		RetryAfter: time.Minute,
		Message:    "this host cannot sign the URLs for the provider: " + err.Error(),
		Cause:      err,
	}
}

// TokenKeys returns the keys of the hosts' URLs, the newest first. The error is
// a *payment.Error, as of the two changes below.
func (c *Core) TokenKeys(ctx context.Context) ([]payment.TokenKey, error) {
	keys, err := c.tokens.List(ctx)
	if err != nil {
		return nil, unread(ctx, err)
	}
	return keys, nil
}

// RotateTokenKey makes a new key for the hosts' URLs and returns all keys; see
// token.Keys. by is the operator, who needs a reason.
func (c *Core) RotateTokenKey(
	ctx context.Context,
	by, reason string,
) ([]payment.TokenKey, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return c.tokens.Rotate(ctx, Operator(by), reason)
}

// EndTokenKey ends a key and returns all keys; see token.Keys.
func (c *Core) EndTokenKey(
	ctx context.Context,
	id, by, reason string,
) ([]payment.TokenKey, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return c.tokens.End(ctx, id, Operator(by), reason)
}

// checkReason refuses a change without a reason, which the keys keep.
func checkReason(reason string) error {
	var checks checklist
	checks.reason(reason)
	return checks.err()
}
