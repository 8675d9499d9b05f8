// Package coretest has a scripted account: what a test says that a plugin
// answers. It lets the rooms that make calls be tested without processes.
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

	Methods       func(context.Context, sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error)
	Create        func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error)
	Confirm       func(context.Context, sdk.ConfirmPaymentRequest) (*sdk.Payment, error)
	Get           func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error)
	List          func(context.Context, sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error)
	Capture       func(context.Context, sdk.CapturePaymentRequest) (*sdk.Payment, error)
	Cancel        func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error)
	Refund        func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error)
	RefundStatus  func(context.Context, sdk.GetRefundRequest) (*sdk.Refund, error)
	Payout        func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error)
	PayoutStatus  func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error)
	PayoutList    func(context.Context, sdk.ListPayoutsRequest) (*sdk.ListPayoutsResponse, error)
	Balances      func(context.Context) ([]sdk.Balance, error)
	Webhook       func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error)
	Return        func(context.Context, sdk.ParseReturnRequest) (*sdk.Return, error)
	Operation     func(context.Context, sdk.InvokeOperationRequest) (json.RawMessage, error)
	down          atomic.Bool
	leases        atomic.Int64
	creates, asks atomic.Int64
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

// Leases is how many leases are held; a test ends with 0.
func (a *Account) Leases() int64 { return a.leases.Load() }

// Creates is how often a create verb was called; Asks how often a status verb
// was.
func (a *Account) Creates() int64 { return a.creates.Load() }

// Asks is how often a status verb was called.
func (a *Account) Asks() int64 { return a.asks.Load() }

// Accounts is a set of accounts, as core and inbox take it.
type Accounts struct {
	mu sync.Mutex
	by map[string]*Account
}

// NewAccounts returns a set.
func NewAccounts(list ...*Account) *Accounts {
	s := &Accounts{by: map[string]*Account{}}
	for _, a := range list {
		s.by[a.Name] = a
	}
	return s
}

// Acquire is core.Accounts.
func (s *Accounts) Acquire(_ context.Context, name string) (core.Lease, error) {
	s.mu.Lock()
	a := s.by[name]
	s.mu.Unlock()
	if a == nil {
		return nil, sdk.NotSent(sdk.CodeNotFound, "no provider is called %q", name)
	}

	if a.down.Load() {
		e := sdk.NotSent(sdk.CodeUnavailable, "provider %s has no running plugin", name)
		e.RetryAfter = time.Second
		return nil, e
	}

	a.leases.Add(1)
	return &Lease{account: a}, nil
}

// AcquireExisting is core.Accounts.
func (s *Accounts) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	return s.Acquire(ctx, name)
}

// Trust is inbox.Directory.
func (s *Accounts) Trust(name string) ([]sdk.WebhookTrust, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.by[name]
	if a == nil {
		return nil, false
	}
	return a.OnInfo.WebhookTrust, true
}

// Lease is a lease of a scripted account.
type Lease struct {
	account *Account
	once    sync.Once
}

// Version is the plugin's.
func (l *Lease) Version() string { return l.account.Plugin }

// Fingerprint is who the account is.
func (l *Lease) Fingerprint() string { return l.account.Identity }

// Info is what the plugin says of itself.
func (l *Lease) Info() sdk.Info { return l.account.OnInfo }

// Config is the account's configuration.
func (l *Lease) Config() config.Provider { return l.account.Settings }

// Release returns the lease back; once is enough.
func (l *Lease) Release() { l.once.Do(func() { l.account.leases.Add(-1) }) }

// Account returns the capabilities that the test has scripted.
func (l *Lease) Account() sdk.AccountInfo {
	a := l.account
	var list []sdk.Capability

	for c, has := range map[sdk.Capability]bool{
		sdk.CapabilityListPaymentMethods: a.Methods != nil, sdk.CapabilityCreatePayment: a.Create != nil,
		sdk.CapabilityConfirmPayment: a.Confirm != nil, sdk.CapabilityGetPayment: a.Get != nil,
		sdk.CapabilityListPayments: a.List != nil, sdk.CapabilityCapturePayment: a.Capture != nil,
		sdk.CapabilityCancelPayment: a.Cancel != nil, sdk.CapabilityCreateRefund: a.Refund != nil,
		sdk.CapabilityGetRefund: a.RefundStatus != nil, sdk.CapabilityCreatePayout: a.Payout != nil,
		sdk.CapabilityGetPayout: a.PayoutStatus != nil, sdk.CapabilityListPayouts: a.PayoutList != nil,
		sdk.CapabilityGetBalances: a.Balances != nil, sdk.CapabilityParseWebhook: a.Webhook != nil,
		sdk.CapabilityParseReturn: a.Return != nil, sdk.CapabilityInvokeOperation: a.Operation != nil,
	} {
		if has {
			list = append(list, c)
		}
	}

	slices.Sort(list)
	return sdk.AccountInfo{
		Capabilities:        list,
		IdentityFingerprint: a.Identity,
		Currencies:          a.Currencies,
		CurrenciesComplete:  a.Currencies != nil,
	}
}

// Has reports whether the verb is scripted.
func (l *Lease) Has(
	c sdk.Capability,
) bool {
	return slices.Contains(l.Account().Capabilities, c)
}

// JSONNotice is a Webhook script for tests: the body is an sdk.Event's payment
// status in JSON.
type JSONNotice struct {
	ID, Reference, Status, Amount, Currency string
	Verification                            sdk.Verification
}

// Parse reads the body of a request as a JSONNotice about a payment.
func Parse(_ context.Context, r sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	var n JSONNotice
	if err := json.Unmarshal(r.Request.Body, &n); err != nil {
		return nil, &sdk.Error{
			Code:    sdk.CodeInvalidRequest,
			Outcome: sdk.OutcomeRefused,
			Message: "not JSON",
		}
	}

	if n.Verification == "invalid" {
		return nil, &sdk.Error{
			Code:    sdk.CodeInvalidSignature,
			Outcome: sdk.OutcomeRefused,
			Message: "the signature does not verify",
		}
	}

	p := &sdk.Payment{Status: sdk.PaymentStatus(n.Status)}
	if n.Amount != "" {
		d, err := sdk.ParseAmount(n.Amount)
		if err != nil {
			return nil, err
		}
		p.Amount = &sdk.Money{Amount: d, Currency: n.Currency}
	}

	return &sdk.WebhookResult{
		Verification: n.Verification,
		Events:       []sdk.Event{{ID: n.ID, Reference: n.Reference, Payment: p}},
		Response:     sdk.HTTPResponse{Status: http.StatusOK, Body: []byte("OK")},
	}, nil
}
