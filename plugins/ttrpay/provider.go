package main

import (
	"cmp"
	"context"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

type provider struct {
	cfg       config
	client    *providerhttp.Client
	notifyIPs providerhttp.Addresses
	rt        sdk.Runtime
}

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	ips, err := providerhttp.ParseAddresses(cfg.NotifyIPs)
	if err != nil {
		return nil, sdk.Invalid(sdk.Violation{Field: "notify_ips", Message: err.Error()})
	}
	c, err := newClient(cfg, rt)
	if err != nil {
		return nil, err
	}
	return &provider{cfg: cfg, client: c, notifyIPs: ips, rt: rt}, nil
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name: "ttrpay", Version: version,
		Description:   "TTR Pay: hosted card payments in USD and EUR",
		Currencies:    []string{"USD", "EUR"}, // [doc]
		PaymentLimits: []sdk.AmountLimit{limit("USD"), limit("EUR")},
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustPaymentURL},
		// order_id is to be unique [doc], but nothing says what a second link with one does; it is only a link.
		CreatePayment: sdk.RepeatGuarantee{Repeat: sdk.RepeatNone, LinkOnly: true},
	}
}

// limit allows two decimals [doc], and no more than the fifteen digits that a PHP number keeps: of a larger amount it
// would sign, and ask for, another one. [decided]
func limit(currency string) sdk.AmountLimit {
	most, decimals := decimal.New(999_999_999_999_999, -2), int32(2)
	return sdk.AmountLimit{Currency: currency, Max: &most, Decimals: &decimals}
}

// DescribeAccount warns whoever expects play money: no address and no parameter of the API asks for it. [doc]
func (p *provider) DescribeAccount() sdk.AccountDescription {
	var d sdk.AccountDescription
	if p.cfg.Environment == sdk.Sandbox && p.cfg.BaseURL == "" {
		d.Warnings = []string{"TTR Pay has one address for both environments: whether money is real depends on merchant_key alone"}
	}
	return d
}

// CreatePayment makes a link. All that the document requires must be there before anything is sent.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	who := req.Customer
	var wrong sdk.Violations
	for _, need := range []struct{ field, value string }{
		{"customer.email", who.Email}, {"customer.first_name", who.FirstName}, {"customer.ip", who.IP},
		{"customer.last_name", who.LastName}, {"customer.phone", who.Phone},
		{"notify_url", req.NotifyURL}, {"success_url", req.ReturnURL}, {"cancel_url", req.CancelURL},
	} {
		wrong.Add(need.value == "", need.field, "TTR Pay needs it")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	text := func(key, value string) signature.Member { return signature.Pair(key, signature.String(value)) }
	a, err := p.post(ctx, "/v2/payment-links", signature.Object(
		signature.Pair("amount", signature.Decimal(req.Amount.Amount)),
		text("cancel_url", req.CancelURL),
		text("currency_code", req.Amount.Currency),
		text("customer_email", who.Email),
		text("customer_firstname", who.FirstName),
		text("customer_ip", who.IP),
		text("customer_lastname", who.LastName),
		text("customer_phone", who.Phone),
		text("description", cmp.Or(req.Description, req.MerchantReference, req.Reference)),
		text("ipn_format", "json"),
		text("ipn_url", req.NotifyURL),
		text("order_id", req.Reference),
		text("return_url", req.ReturnURL),
	))
	if err != nil {
		return nil, err
	}
	return a.payment()
}
