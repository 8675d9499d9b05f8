package main

import (
	"cmp"
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// provider serves one account, any number of calls at once.
type provider struct {
	cfg    config
	client *providerhttp.Client
	rt     sdk.Runtime
}

var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.AccountDescriber = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := newClient(cfg, rt)
	return &provider{cfg: cfg, client: client, rt: rt}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name:          "ttrpay",
		Version:       version,
		Description:   "TTR Pay: hosted card payments in USD and EUR",
		Currencies:    []string{"USD", "EUR"}, // [doc]
		PaymentLimits: limits("USD", "EUR"),
		PaymentFields: []string{ // [doc]
			"customer.email",
			"customer.first_name",
			"customer.ip",
			"customer.last_name",
			"customer.phone",
		},
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustPaymentURL},

		// order_id is to be unique [doc], but the document does not say what a
		// second link with one does; it is only a link.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
	}
}

// limits allow two decimals [doc], and no more than the fifteen digits that a
// PHP number keeps: of a larger amount TTR Pay would sign, and charge, another
// one. [decided]
func limits(currencies ...string) (list []sdk.AmountLimit) {
	for _, currency := range currencies {
		list = append(list, sdk.MustLimit(currency, "", "9999999999999.99", 2))
	}
	return list
}

// DescribeAccount warns an operator who expects play money: no address and no
// parameter of the API selects it. [doc]
func (p *provider) DescribeAccount() sdk.AccountDescription {
	return sdk.AccountDescription{Warnings: p.cfg.OneAddress("merchant_key")}
}

// CreatePayment makes a link. All that the document requires must be there
// before anything is sent.
func (p *provider) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	var wrong sdk.Violations
	wrong.Need(
		"customer.email", req.Customer.Email,
		"customer.first_name", req.Customer.FirstName,
		"customer.ip", req.Customer.IP,
		"customer.last_name", req.Customer.LastName,
		"customer.phone", req.Customer.Phone,
		"notify_url", req.NotifyURL,
		"success_url", req.ReturnURL,
		"cancel_url", req.CancelURL,
	)
	if err := wrong.Err(); err != nil {
		return nil, err
	}

	got, err := p.do(ctx, "/v2/payment-links", ordered.Texts(
		"cancel_url", req.CancelURL,
		"currency_code", req.Amount.Currency,
		"customer_email", req.Customer.Email,
		"customer_firstname", req.Customer.FirstName,
		"customer_ip", req.Customer.IP,
		"customer_lastname", req.Customer.LastName,
		"customer_phone", req.Customer.Phone,
		"description", cmp.Or(req.Description, req.MerchantReference, req.Reference),
		"ipn_format", "json",
		"ipn_url", req.NotifyURL,
		"order_id", req.Reference,
		"return_url", req.ReturnURL,
	).With(ordered.Pair("amount", ordered.Decimal(req.Amount.Amount))))
	if err != nil {
		return nil, err
	}
	return got.payment()
}
