package main

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

type provider struct {
	cfg     config
	client  *providerhttp.Client
	modules sync.Map // country -> *module
	rt      sdk.Runtime
}

var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.MethodLister     = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
	_ sdk.AccountDescriber = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	c, err := newClient(cfg, rt)
	return &provider{cfg: cfg, client: c, rt: rt}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name: "paysepro", Version: version,
		Description:  "Paysepro: hosted payments with the methods of one payment module, in its currency",
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustAccountURL, sdk.TrustAddress},
		// Every call makes another code, also with the same ucode [doc]; but it is only a link.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
	}
}

// DescribeAccount names the module's currency, and warns whoever expects play money: no address and no parameter of the
// API asks for it. [doc]
func (p *provider) DescribeAccount() sdk.AccountDescription {
	d := sdk.AccountDescription{Warnings: p.cfg.OneAddress("the payment module")}
	if p.cfg.Currency != "" {
		d.Currencies = []string{p.cfg.Currency}
	}
	return d
}

// countryOf gives what is sent as cc, and is signed.
func (p *provider) countryOf(asked string) (string, *sdk.Error) {
	cc := cmp.Or(asked, p.cfg.Country)
	if !country.MatchString(cc) {
		return "", sdk.Invalid(sdk.Violation{Field: "country", Message: "Paysepro needs two letters, here or in the configuration"})
	}
	return strings.ToLower(cc), nil
}

func (p *provider) ListPaymentMethods(ctx context.Context, req sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
	cc, wrong := p.countryOf(req.Country)
	if wrong != nil {
		return nil, wrong
	}
	m, err := p.getData(ctx, cc)
	if err != nil {
		return nil, err
	}
	var list []sdk.PaymentMethod
	for _, o := range m.offers {
		list = append(list, sdk.PaymentMethod{
			ID: o.Method, Name: o.Method, Country: strings.ToUpper(o.Country), Currency: m.currency,
			Min: bound(o.Min), Max: bound(o.Max), Flow: sdk.FlowRedirect,
		})
	}
	return list, nil
}

// CreatePayment needs the module's currency, since none is sent, and its limits: both come from getData.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	cc, wrong := p.countryOf(req.Country)
	if wrong == nil && req.Method == "" {
		wrong = sdk.Invalid(sdk.Violation{Field: "method", Message: "Paysepro needs one of its payment methods"})
	}
	if wrong != nil {
		return nil, wrong
	}
	m, err := p.module(ctx, cc)
	if err != nil {
		return nil, err
	}
	if wrong := m.refuses(req, p.cfg.Currency); wrong != nil {
		return nil, wrong
	}
	return p.createCode(ctx, m, cc, url.Values{
		"uid": {p.cfg.UID}, "mid": {p.cfg.MID}, "type": {req.Method}, "cc": {cc},
		"price": {req.Amount.Amount.String()}, "ucode": {req.Reference}, "email": {req.Customer.Email},
		"name": {strings.TrimSpace(req.Customer.FirstName + " " + req.Customer.LastName)},
	})
}

// refuses gives what is wrong with a payment before it is sent. A method that getData does not name is for Paysepro to
// refuse: it may be newer than what we remember. configured is the currency that the operator takes the module's for.
func (m *module) refuses(req sdk.CreatePaymentRequest, configured string) *sdk.Error {
	if got := req.Amount.Currency; got != m.currency || configured != "" && got != configured {
		return sdk.Invalid(sdk.Violation{Field: "currency", Message: "the payment module's is " + m.currency})
	}
	same := func(o offer) bool { return o.Method == req.Method }
	fits := func(o offer) bool { return same(o) && o.takes(req.Amount.Amount) }
	if slices.ContainsFunc(m.offers, same) && !slices.ContainsFunc(m.offers, fits) {
		return sdk.NotSent(sdk.CodeLimit, "the amount is outside the limits of the payment method")
	}
	return nil
}
