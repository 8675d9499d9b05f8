// Package coretest has scripted accounts, whose plugins answer as a test says,
// and a store that fails as a test says. With them packages that make calls are
// tested without processes.
package coretest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/sdk"
)

// Account is one configured account whose verbs a test sets. A verb that is nil
// is a capability that the account lacks.
type Account struct {
	Name   string
	OnInfo sdk.Info
	// Currencies are all that the account takes; nil when it cannot tell.
	Currencies []string
	Settings   config.Provider
	Plugin     string // version
	Identity   string

	Methods      func(context.Context, sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error)
	Create       func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error)
	Confirm      func(context.Context, sdk.ConfirmPaymentRequest) (*sdk.Payment, error)
	Get          func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error)
	List         func(context.Context, sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error)
	Capture      func(context.Context, sdk.CapturePaymentRequest) (*sdk.Payment, error)
	Cancel       func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error)
	Refund       func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error)
	RefundStatus func(context.Context, sdk.GetRefundRequest) (*sdk.Refund, error)
	Payout       func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error)
	PayoutStatus func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error)
	PayoutList   func(context.Context, sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error)
	Balances     func(context.Context) ([]sdk.Balance, error)
	Webhook      func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error)
	Return       func(context.Context, sdk.ParseReturnRequest) (*sdk.Return, error)
	Operation    func(context.Context, sdk.InvokeOperationRequest) (json.RawMessage, error)

	down    atomic.Bool
	leases  atomic.Int64
	creates atomic.Int64
	asks    atomic.Int64
}

// New returns an account with sane settings and no verbs.
func New(name string) *Account {
	return &Account{
		Name:     name,
		Plugin:   "1.0.0",
		Identity: "identity-of-" + name,
		Settings: config.Provider{
			Name:          name,
			Plugin:        name,
			Enabled:       true,
			Timeout:       5 * time.Second,
			MaxInFlight:   64,
			DrainTimeout:  time.Second,
			PaymentTTL:    24 * time.Hour,
			SequenceStart: 1,
		},
	}
}

// SetDown takes the account's plugin away, or brings it back.
func (a *Account) SetDown(down bool) { a.down.Store(down) }

// Leases returns how many leases are held; a test ends with 0.
func (a *Account) Leases() int64 { return a.leases.Load() }

// Creates returns how often a create verb was called.
func (a *Account) Creates() int64 { return a.creates.Load() }

// Asks returns how often a status verb was called.
func (a *Account) Asks() int64 { return a.asks.Load() }

// Accounts is a set of accounts, as core and inbox take it.
type Accounts struct {
	mu sync.Mutex
	by map[string]*Account
}

var _ core.Accounts = (*Accounts)(nil)

// NewAccounts returns a set.
func NewAccounts(list ...*Account) *Accounts {
	set := &Accounts{by: map[string]*Account{}}
	for _, account := range list {
		set.by[account.Name] = account
	}
	return set
}

func (s *Accounts) find(name string) *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[name]
}

// Acquire is core.Accounts.
func (s *Accounts) Acquire(_ context.Context, name string) (core.Lease, error) {
	account := s.find(name)
	if account == nil {
		return nil, sdk.NotSent(sdk.CodeNotFound, "no provider is called %q", name)
	}
	if account.down.Load() {
		err := sdk.NotSent(sdk.CodeUnavailable, "provider %s has no running plugin", name)
		err.RetryAfter = time.Second
		return nil, err
	}

	account.leases.Add(1)
	return &Lease{account: account}, nil
}

// AcquireExisting is core.Accounts.
func (s *Accounts) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	return s.Acquire(ctx, name)
}

// Trust is inbox.Directory.
func (s *Accounts) Trust(name string) ([]sdk.WebhookTrust, bool) {
	account := s.find(name)
	if account == nil {
		return nil, false
	}
	return account.OnInfo.WebhookTrust, true
}

// Lease is a lease of a scripted account.
type Lease struct {
	account *Account
	once    sync.Once
}

var _ core.Lease = (*Lease)(nil)

// Version returns the plugin's version.
func (l *Lease) Version() string { return l.account.Plugin }

// Fingerprint returns the account's identity.
func (l *Lease) Fingerprint() string { return l.account.Identity }

// Info returns what the plugin says of itself.
func (l *Lease) Info() sdk.Info { return l.account.OnInfo }

// Config returns the account's configuration.
func (l *Lease) Config() config.Provider { return l.account.Settings }

// Release returns the lease; further calls do nothing.
func (l *Lease) Release() { l.once.Do(func() { l.account.leases.Add(-1) }) }

// Account returns the capabilities that the test has scripted.
func (l *Lease) Account() sdk.AccountInfo {
	account := l.account
	var capabilities []sdk.Capability

	for capability, scripted := range map[sdk.Capability]bool{
		sdk.CapabilityListPaymentMethods: account.Methods != nil,
		sdk.CapabilityCreatePayment:      account.Create != nil,
		sdk.CapabilityConfirmPayment:     account.Confirm != nil,
		sdk.CapabilityGetPayment:         account.Get != nil,
		sdk.CapabilityListPayments:       account.List != nil,
		sdk.CapabilityCapturePayment:     account.Capture != nil,
		sdk.CapabilityCancelPayment:      account.Cancel != nil,
		sdk.CapabilityCreateRefund:       account.Refund != nil,
		sdk.CapabilityGetRefund:          account.RefundStatus != nil,
		sdk.CapabilityCreatePayout:       account.Payout != nil,
		sdk.CapabilityGetPayout:          account.PayoutStatus != nil,
		sdk.CapabilityListPayouts:        account.PayoutList != nil,
		sdk.CapabilityGetBalances:        account.Balances != nil,
		sdk.CapabilityParseWebhook:       account.Webhook != nil,
		sdk.CapabilityParseReturn:        account.Return != nil,
		sdk.CapabilityInvokeOperation:    account.Operation != nil,
	} {
		if scripted {
			capabilities = append(capabilities, capability)
		}
	}

	slices.Sort(capabilities)

	return sdk.AccountInfo{
		Capabilities:        capabilities,
		IdentityFingerprint: account.Identity,
		Currencies:          account.Currencies,
		CurrenciesComplete:  account.Currencies != nil,
	}
}

// Has reports whether the verb is scripted.
func (l *Lease) Has(c sdk.Capability) bool {
	return slices.Contains(l.Account().Capabilities, c)
}

// JSONWebhook is the body of a webhook that Parse reads: the status of a
// payment.
type JSONWebhook struct {
	ID, Reference, Status, Amount, Currency string
	Verification                            sdk.Verification
}

// Parse reads the body of a request as a JSONWebhook about a payment.
func Parse(_ context.Context, r sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	var body JSONWebhook
	if err := json.Unmarshal(r.Request.Body, &body); err != nil {
		return nil, &sdk.Error{
			Code:    sdk.CodeInvalidRequest,
			Outcome: sdk.OutcomeRefused,
			Message: "not JSON",
		}
	}

	if body.Verification == "invalid" {
		return nil, &sdk.Error{
			Code:    sdk.CodeInvalidSignature,
			Outcome: sdk.OutcomeRefused,
			Message: "the signature does not verify",
		}
	}

	said := &sdk.Payment{Status: sdk.PaymentStatus(body.Status)}
	if body.Amount != "" {
		amount, err := sdk.ParseAmount(body.Amount)
		if err != nil {
			return nil, err
		}
		said.Amount = &sdk.Money{Amount: amount, Currency: body.Currency}
	}

	return &sdk.WebhookResult{
		Verification: body.Verification,
		Events:       []sdk.Event{{ID: body.ID, Reference: body.Reference, Payment: said}},
		Response:     sdk.HTTPResponse{Status: http.StatusOK, Body: []byte("OK")},
	}, nil
}
