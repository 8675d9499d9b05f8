package main

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// provider serves one account, any number of calls at once.
type provider struct {
	cfg     config
	client  *providerhttp.Client
	rt      sdk.Runtime
	modules sync.Map // country -> *module
}

var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.AccountDescriber = (*provider)(nil)
	_ sdk.MethodLister     = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := newClient(cfg, rt)
	return &provider{cfg: cfg, client: client, rt: rt}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name:         "paysepro",
		Version:      version,
		Description:  "Paysepro: hosted payments with the methods of one payment module, in its currency",
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustAccountURL, sdk.TrustAddress},

		// Every call makes another code, also with the same ucode [doc]; but it is
		// only a link.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
	}
}

// DescribeAccount names the module's currency, and warns an operator who expects
// play money: no address and no parameter of the API selects it. [doc]
func (p *provider) DescribeAccount() sdk.AccountDescription {
	account := sdk.AccountDescription{Warnings: p.cfg.OneAddress("the payment module")}
	if p.cfg.Currency != "" {
		account.Currencies = []string{p.cfg.Currency}
	}
	return account
}

func (p *provider) ListPaymentMethods(
	ctx context.Context, req sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	cc, wrong := p.countryOf(req.Country)
	if wrong != nil {
		return nil, wrong
	}
	known, err := p.getData(ctx, cc)
	if err != nil {
		return nil, err
	}

	var list []sdk.PaymentMethod
	for _, offered := range known.offers {
		list = append(list, sdk.PaymentMethod{
			ID:       offered.Method,
			Name:     offered.Method,
			Country:  strings.ToUpper(offered.Country),
			Currency: known.currency,
			Min:      bound(offered.Min),
			Max:      bound(offered.Max),
			Flow:     sdk.FlowRedirect,
		})
	}
	return list, nil
}

// countryOf returns the country as it is sent as cc, and signed.
func (p *provider) countryOf(asked string) (string, *sdk.Error) {
	cc := cmp.Or(asked, p.cfg.Country)
	if !country.MatchString(cc) {
		return "", sdk.Invalid(sdk.Violation{
			Field:   "country",
			Message: "Paysepro needs two letters, here or in the configuration",
		})
	}
	return strings.ToLower(cc), nil
}

// CreatePayment needs the module's currency, since none is sent, and its limits:
// both come from getData.
func (p *provider) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	cc, wrong := p.countryOf(req.Country)
	if wrong != nil {
		return nil, wrong
	}
	if req.Method == "" {
		return nil, sdk.Invalid(sdk.Violation{
			Field:   "method",
			Message: "Paysepro needs one of its payment methods",
		})
	}

	known, err := p.module(ctx, cc)
	if err != nil {
		return nil, err
	}
	if wrong := known.refuses(req, p.cfg.Currency); wrong != nil {
		return nil, wrong
	}

	return p.createCode(ctx, known, cc, url.Values{
		"uid":   {p.cfg.UID},
		"mid":   {p.cfg.MID},
		"type":  {req.Method},
		"cc":    {cc},
		"price": {req.Amount.Amount.String()},
		"ucode": {req.Reference},
		"email": {req.Customer.Email},
		"name":  {strings.TrimSpace(req.Customer.FirstName + " " + req.Customer.LastName)},
	})
}

// keep is for how long an answer of getData serves payments. [decided]
const keep = 5 * time.Minute

// module returns what getData says of a country: its last answer, or a new one
// where that is older than keep. Nothing of a payment is sent before.
func (p *provider) module(ctx context.Context, cc string) (*module, error) {
	stored, _ := p.modules.Load(cc)
	if known, ok := stored.(*module); ok && p.rt.Now().Before(known.until) {
		return known, nil
	}

	known, err := p.getData(ctx, cc)
	return known, sdk.AsNotSent("getData", err)
}
