package main

import (
	"cmp"
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

type provider struct {
	cfg    config
	client *providerhttp.Client
	rt     sdk.Runtime
}

var (
	_ sdk.Provider         = (*provider)(nil)
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
		Name: "ttrpay", Version: version,
		Description:   "TTR Pay: hosted card payments in USD and EUR",
		Currencies:    []string{"USD", "EUR"}, // [doc]
		PaymentLimits: []sdk.AmountLimit{limit("USD"), limit("EUR")},
		PaymentFields: []string{"customer.email", "customer.first_name", "customer.ip", "customer.last_name", "customer.phone"}, // [doc]
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustPaymentURL},
		// order_id is to be unique [doc], but nothing says what a second link with one does; it is only a link.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
	}
}

// limit allows two decimals [doc], and no more than the fifteen digits that a PHP number keeps: of a larger amount it
// would sign, and ask for, another one. [decided]
func limit(currency string) sdk.AmountLimit {
	return sdk.MustLimit(currency, "", "9999999999999.99", 2)
}

// DescribeAccount warns whoever expects play money: no address and no parameter of the API asks for it. [doc]
func (p *provider) DescribeAccount() sdk.AccountDescription {
	return sdk.AccountDescription{Warnings: p.cfg.OneAddress("merchant_key")}
}

// CreatePayment makes a link. All that the document requires must be there before anything is sent.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	who := req.Customer
	var wrong sdk.Violations
	wrong.Need(
		"customer.email", who.Email, "customer.first_name", who.FirstName, "customer.ip", who.IP,
		"customer.last_name", who.LastName, "customer.phone", who.Phone,
		"notify_url", req.NotifyURL, "success_url", req.ReturnURL, "cancel_url", req.CancelURL,
	)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	a, err := p.post(ctx, "/v2/payment-links", ordered.Texts(
		"cancel_url", req.CancelURL,
		"currency_code", req.Amount.Currency,
		"customer_email", who.Email,
		"customer_firstname", who.FirstName,
		"customer_ip", who.IP,
		"customer_lastname", who.LastName,
		"customer_phone", who.Phone,
		"description", cmp.Or(req.Description, req.MerchantReference, req.Reference),
		"ipn_format", "json",
		"ipn_url", req.NotifyURL,
		"order_id", req.Reference,
		"return_url", req.ReturnURL,
	).With(ordered.Pair("amount", ordered.Decimal(req.Amount.Amount))))
	if err != nil {
		return nil, err
	}
	return a.payment()
}
