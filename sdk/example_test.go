package sdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/serve"
	"github.com/payhost/payhost/sdk/signature"
)

// The plugin of the tutorial in doc.go: every line of code there is a line of
// this file, which a test makes sure of.

func main() { serve.Provider(newProvider) }

type config struct {
	sdk.Endpoint            // environment and base_url
	Shop         string     `config:"shop,required,identity" doc:"The shop's number at the provider."`
	Key          sdk.Secret `config:"key,required" doc:"Sent with requests; signs webhooks."`
}

type provider struct {
	cfg  config
	http *providerhttp.Client
}

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL("https://sandbox.pay.example", "https://pay.example"),
	})
	return &provider{cfg, client}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name:       "pay",
		Version:    "1.0.0",
		Currencies: []string{"EUR"},
		CreatePayment: sdk.IdempotencySupport{
			Retry:    sdk.RetryReturnsOriginal,
			LinkOnly: true,
		},
		PaymentLookup: sdk.Lookup{ByReference: true, Amounts: true},
		WebhookTrust:  []sdk.WebhookTrust{sdk.TrustSignature},
	}
}

func (p *provider) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	order := map[string]string{
		"shop":   p.cfg.Shop,
		"order":  req.Reference,
		"amount": req.Amount.Amount.String(),
		"notify": req.NotifyURL,
	}
	return p.call(ctx, http.MethodPost, "/orders", order)
}

func (p *provider) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	path := "/orders/" + url.PathEscape(req.Payment.Reference)
	return p.call(ctx, http.MethodGet, path, nil)
}

func (p *provider) call(ctx context.Context, method, path string, in any) (*sdk.Payment, error) {
	req := providerhttp.Request{Method: method, Path: path, Header: http.Header{}}
	req.Header.Set("Authorization", "Bearer "+p.cfg.Key.Reveal())
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, sdk.NotSent(sdk.CodeInternal, "the request cannot be written: %v", err)
		}
		req.Body = providerhttp.JSON(body)
	}

	resp, err := p.http.Do(ctx, req)
	if err != nil {
		return nil, err // it says by itself whether anything was sent
	}
	var got order
	if err := resp.DecodeJSON(&got); err != nil {
		return nil, err // no answer of the provider's: the outcome stays unknown
	}

	switch {
	case resp.Status == http.StatusUnprocessableEntity && got.Error != "":
		return nil, sdk.Refused(sdk.CodeDeclined, got.Error, "") // the provider's own refusal
	case resp.Status != http.StatusOK:
		return nil, resp.StatusError()
	case got.State == "":
		return nil, resp.Unexpected("an order has a state")
	}
	return got.payment(), nil
}

type order struct {
	ID     string              `json:"id"`
	Order  string              `json:"order"`
	State  string              `json:"state"`
	Amount providerhttp.Amount `json:"amount"` // a number or a text, read exactly
	Page   string              `json:"page"`
	Error  string              `json:"error"`
}

var states = map[string]sdk.PaymentStatus{
	"open":   sdk.PaymentRequiresAction,
	"paid":   sdk.PaymentSucceeded,
	"closed": sdk.PaymentExpired,
}

func (o *order) payment() *sdk.Payment {
	p := &sdk.Payment{
		ProviderReference: o.ID,
		ProviderStatus:    o.State,
		Status:            sdk.PaymentUnderReview,
	}
	if status, known := states[o.State]; known {
		p.Status = status // what is not in the provider's document stays for a person to look at
	}

	if o.Amount.Present {
		p.Amount = &sdk.Money{Amount: o.Amount.Decimal, Currency: "EUR"}
	}
	if p.Status == sdk.PaymentRequiresAction {
		p.NextAction = sdk.RedirectTo(o.Page)
	}

	return p
}

func (p *provider) ParseWebhook(
	_ context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	want := signature.HMACSHA256Hex(p.cfg.Key.Reveal(), string(req.Request.Body))
	if !signature.EqualAny(want, req.Request.HeaderValues("Signature")...) {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the webhook is not signed with key")
	}

	var got order
	if err := json.Unmarshal(req.Request.Body, &got); err != nil || got.State == "" {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "the webhook is signed but is not an order")
	}

	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Events:       []sdk.Event{{Reference: got.Order, Payment: got.payment()}},
	}, nil
}

var _ = main // a plugin's; here the provider is used without a host

// The tutorial's plugin at work, with a provider that is a few lines long.
func Example() {
	state := "open"
	api := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); r.Method == http.MethodPost &&
				!json.Valid(body) {
				w.WriteHeader(http.StatusBadRequest)
			}
			fmt.Fprintf(
				w,
				`{"id":"p-1","order":"pay_1","state":%q,"amount":12.50,"page":"https://pay.example/p-1"}`,
				state,
			)
		}),
	)
	defer api.Close()

	cfg, err := sdk.DecodeConfig[config](
		[]byte(
			`{"environment":"sandbox","base_url":"` + api.URL + `","shop":"s-1","key":"s3cr3t-key"}`,
		),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	p, err := newProvider(cfg, sdk.Runtime{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.http.Close() // the SDK does it for a plugin that it serves

	ctx := context.Background()
	made, err := p.CreatePayment(
		ctx,
		sdk.CreatePaymentRequest{Reference: "pay_1", Amount: euros("12.50")},
	)
	fmt.Println(made.Status, made.NextAction.Redirect.URL, err)

	state = "paid"
	now, err := p.GetPayment(
		ctx,
		sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: "pay_1"}},
	)
	fmt.Println(now.Status, now.Amount, err)

	body := []byte(`{"id":"p-1","order":"pay_1","state":"paid","amount":"12.50"}`)
	header := http.Header{
		"Signature": {signature.HMACSHA256Hex("s3cr3t-key", string(body))},
	}
	notice, err := p.ParseWebhook(
		ctx,
		sdk.ParseWebhookRequest{Request: sdk.HTTPRequest{Body: body, Header: header}},
	)

	fmt.Println(notice.Events[0].Reference, notice.Events[0].Payment.Status, err)
	// Output:
	// requires_action https://pay.example/p-1 <nil>
	// succeeded 12.5 EUR <nil>
	// pay_1 succeeded <nil>
}
