package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"github.com/payhost/payhost/sdk"
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
	_ sdk.PaymentGetter    = (*provider)(nil)
	_ sdk.PayoutCreator    = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
	_ sdk.ReturnParser     = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := newClient(cfg, rt)
	return &provider{cfg: cfg, client: client, rt: rt}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name:          "ptop",
		Version:       version,
		Description:   "ptop.me: hosted payments in USD, payouts to ptop users",
		Currencies:    []string{"USD"},
		PaymentLimits: limits("1"),    // [doc]
		PayoutLimits:  limits("0.01"), // [doc]
		PayoutFields:  []string{"recipient.email"},
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},

		// The document does not say that a second payment with one order_id is
		// refused; but it is only a link.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryNone, LinkOnly: true},
		// sendingTrx is an idempotency key; for how long ptop remembers it is not
		// said. [doc]
		CreatePayout: sdk.IdempotencySupport{Retry: sdk.RetryRejectsDuplicates},
	}
}

// limits are those of one verb; cents are the smallest unit. [decided]
func limits(least string) []sdk.AmountLimit {
	return []sdk.AmountLimit{sdk.MustLimit("USD", least, "", 2)}
}

// DescribeAccount takes payouts away from an account that cannot make them, and
// warns an operator who has configured their key all the same.
func (p *provider) DescribeAccount() sdk.AccountDescription {
	var account sdk.AccountDescription
	if why := p.cfg.noPayouts(); why != "" {
		account.Without = []sdk.Capability{sdk.CapabilityCreatePayout}
		if !p.cfg.TheSignature.IsZero() {
			account.Warnings = []string{why}
		}
	}
	return account
}

// CreatePayment sends its parameters in the query string, the secret among
// them, as both of the document's examples do.
func (p *provider) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	if req.ReturnURL == "" || req.CancelURL == "" {
		return nil, sdk.Invalid(sdk.Violation{
			Field:   "success_url",
			Message: "ptop needs success_url and cancel_url",
		})
	}

	got, err := p.do(ctx, p.cfg.paymentPath("payment"), url.Values{
		"website_id":  {p.cfg.WebsiteID},
		"secret_key":  {p.cfg.SecretKey.Reveal()},
		"amount":      {req.Amount.Amount.StringFixed(2)},
		"product":     {cmp.Or(req.Description, req.MerchantReference, req.Reference)},
		"order_id":    {req.Reference},
		"currency":    {req.Amount.Currency},
		"success_url": {req.ReturnURL},
		"fail_url":    {req.CancelURL},
	}, nil)
	if err != nil {
		return nil, err
	}
	return got.payment()
}

func (p *provider) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	id := req.Payment.ProviderReference
	if id == "" {
		return nil, sdk.Invalid(sdk.Violation{
			Field:   "payment.provider_reference",
			Message: "is all that ptop finds a payment by",
		})
	}

	code, err := p.checkPayment(ctx, id)
	if err != nil {
		return nil, err
	}
	return &sdk.Payment{
		ProviderReference: id,
		Status:            paymentStatuses[code],
		ProviderStatus:    code,
	}, nil
}

// checkPayment returns one of the codes that paymentStatuses has.
func (p *provider) checkPayment(ctx context.Context, id string) (code string, err error) {
	got, err := p.do(ctx, p.cfg.paymentPath("payment-check"), nil, map[string]any{
		"website_id":     p.cfg.WebsiteID,
		"secret_key":     p.cfg.SecretKey.Reveal(),
		"transaction_id": id,
	})
	if err != nil {
		return "", err
	}
	return got.paymentCode()
}

// CreatePayout sends money to a registered user's e-mail address. ptop has no
// call that queries a payout: a success is final. [decided]
func (p *provider) CreatePayout(
	ctx context.Context, req sdk.CreatePayoutRequest,
) (*sdk.Payout, error) {
	if why := p.cfg.noPayouts(); why != "" {
		return nil, sdk.NotSent(sdk.CodeNotSupported, "%s", why)
	}

	email := req.Recipient.Email
	if !payableEmail(email) {
		return nil, sdk.Invalid(sdk.Violation{
			Field:   "recipient.email",
			Message: "must be the e-mail address of a ptop user",
		})
	}

	key, err := sendingTrx(req.Sequence)
	if err != nil {
		return nil, err
	}

	// A number in its shortest form, signed as the same text, reads the same
	// however ptop parses it. [decided]
	amount := req.Amount.Amount.String()
	got, err := p.do(ctx, "/api/api-payout", nil, map[string]any{ // "api" twice [doc]
		"website_id":   p.cfg.WebsiteID,
		"secret_key":   p.cfg.SecretKey.Reveal(),
		"reviverEmail": email, // so spelled [doc]
		"amount":       json.Number(amount),
		"signature":    payoutSignature(p.cfg, email, amount),
		"sendingTrx":   key,
	})
	if err != nil {
		return nil, err
	}

	if got.Status != success {
		return nil, got.resp.Unexpected("its status is neither success nor error")
	}
	return &sdk.Payout{Status: sdk.PayoutSucceeded, ProviderStatus: success}, nil
}

// payableEmail reports whether text is a plain address and has no "|", which
// separates the parts that are signed.
func payableEmail(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text && !strings.Contains(text, "|")
}

// sendingTrx returns ptop's idempotency key: exactly six characters that must
// never repeat [doc], as a hash cut to six soon would. It is the sequence in
// base 36.
func sendingTrx(sequence uint64) (string, error) {
	digits := strings.ToUpper(strconv.FormatUint(sequence, 36))
	if len(digits) > 6 {
		return "", sdk.NotSent(sdk.CodeLimit,
			"all 36^6 keys that ptop takes are used up: payouts need a new website_id")
	}
	return strings.Repeat("0", 6-len(digits)) + digits, nil
}
