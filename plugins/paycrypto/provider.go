package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

type provider struct {
	cfg    config
	rt     sdk.Runtime
	client *providerhttp.Client
	listed atomic.Pointer[[]string] // the currencies of the last answer of limit; nil before the first
}

var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.MethodLister     = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.PaymentGetter    = (*provider)(nil)
	_ sdk.PaymentLister    = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
	_ sdk.ReturnParser     = (*provider)(nil)
	_ sdk.OperationInvoker = (*provider)(nil)
	_ sdk.CurrencyLearner  = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	c, err := newClient(cfg, rt)
	return &provider{cfg: cfg, rt: rt, client: c}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name: "paycrypto", Version: version, Description: "PayCrypto Checkout: hosted payments in USD and USDT",
		Currencies: []string{"USD", "USDT", "USDT-BEP20", "USDT-TRC20", "USDT-SPL"}, // [doc]
		Operations: []sdk.Operation{sdk.OperationOf[struct{}, struct{}](
			"send_test_webhook", "Has made-up data sent to the webhook URL of the back office, within 10 seconds.",
		)},
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},
		// A cust_order_id is taken once [seen]; for how long it is remembered is not said. It makes but a link.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryRejectsDuplicates, LinkOnly: true},
		PaymentLookup: sdk.Lookup{ByReference: true, Amounts: true, ListByTime: true}, // nothing says that it is immediate
	}
}

// ListPaymentMethods gives the one page that there is, once for each of the merchant's currencies, within limits that
// hold for all of them [decided] and are excluded [doc]. The document's table writes min_limt, its example min_limit.
func (p *provider) ListPaymentMethods(ctx context.Context, _ sdk.ListPaymentMethodsRequest) (list []sdk.PaymentMethod, err error) {
	var limits struct {
		Min      providerhttp.Amount `json:"min_limit"`
		Limt     providerhttp.Amount `json:"min_limt"`
		Max      providerhttp.Amount `json:"max_limit"`
		FiatList []string            `json:"fiat_list"`
	}
	resp, err := p.do(ctx, "/api/v1/merchant/limit", nil, nil, &limits)
	if err != nil {
		return nil, err
	}
	least, most := cmp.Or(limits.Min, limits.Limt), limits.Max
	if !least.Present || !most.Present || len(limits.FiatList) == 0 {
		return nil, resp.Unexpected("it lacks a limit or a currency")
	}
	for i, currency := range limits.FiatList {
		limits.FiatList[i] = strings.ToUpper(currency)
		list = append(list, sdk.PaymentMethod{
			ID: "checkout", Name: "PayCrypto", Currency: limits.FiatList[i], Flow: sdk.FlowRedirect,
			Min: &least.Decimal, Max: &most.Decimal, LimitsExclusive: true,
		})
	}
	p.listed.Store(&limits.FiatList)
	return list, nil
}

// TakesCurrency adds to the document's currencies those that limit has named: a payment does not wait for another call
// to be told that its currency is none, and whoever wants one of them asks for the payment methods first. [decided]
func (p *provider) TakesCurrency(code string) bool {
	listed := p.listed.Load()
	return listed != nil && slices.Contains(*listed, code)
}

// linkLost is for people: no call tells a redirect_url again, and its id is not always order_id. [doc] Nobody has the
// link, so nobody pays by it.
const linkLost = "the order was made, but the answer with its redirect_url was lost: the customer needs a new payment"

// CreatePayment makes an order. When an earlier attempt of the same payment has made it, the payment is what is there,
// without its link: there is never a second order.
func (p *provider) CreatePayment(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
	body := map[string]any{
		"currency": req.Amount.Currency, "amount": req.Amount.Amount.String(), "cust_order_id": req.Reference,
		"return_url": req.ReturnURL, "notify_url": req.NotifyURL,
		"company_name": p.cfg.CompanyName, "company_email": p.cfg.CompanyEmail,
		"expire": max(0, req.ExpiresAt.UnixMilli()),
	}
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == "" || v == int64(0) })
	if req.Customer.Email != "" {
		body["customer"] = map[string]string{"notify_email": req.Customer.Email}
	}
	var made ordered.Value
	resp, err := p.do(ctx, "/api/v1/payment", nil, body, &made)
	if sdk.CodeOf(err) == sdk.CodeDuplicate && req.Attempt > 1 {
		there, notThere := p.GetPayment(ctx, sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: req.Reference}})
		if notThere == nil {
			if there.Status == sdk.PaymentRequiresAction {
				there.Message = linkLost
			}
			return there, nil
		}
	}
	if err != nil {
		return nil, err
	}
	o := readOrder(made)
	return resp.Redirect(o.id, o.page)
}

// GetPayment asks by our reference, which is always known and safe to sign. Another order is no answer.
func (p *provider) GetPayment(ctx context.Context, req sdk.GetPaymentRequest) (*sdk.Payment, error) {
	list, page, err := p.orders(ctx, url.Values{"cust_order_id": {req.Payment.Reference}})
	switch {
	case err != nil:
		return nil, err
	case len(page.list) == 0:
		return nil, sdk.Refused(sdk.CodeNotFound, "", "") // as good as 111003 [decided]
	case len(list) != 1 || list[0].Reference != req.Payment.Reference:
		return nil, page.resp.Unexpected("it is not the order that was asked for, with id, status, amount and currency")
	}
	return &list[0].Payment, nil
}

type page struct {
	Pages   providerhttp.Amount `json:"pages"`
	Records json.RawMessage     `json:"records"` // null is none [decided]

	list []json.RawMessage
	resp *providerhttp.Response
}

// orders gives the records that can be read: one odd order must not hide the others.
func (p *provider) orders(ctx context.Context, query url.Values) (list []sdk.ListedPayment, got page, err error) {
	got.resp, err = p.do(ctx, "/api/v1/orders", query, nil, &got)
	if err == nil && json.Unmarshal(got.Records, &got.list) != nil {
		err = got.resp.Unexpected("it has no records")
	}
	for _, text := range got.list {
		record, _ := ordered.ParseLoosely(text)
		o := readOrder(record)
		payment := o.payment()
		if o.id != "" && payment.Status != "" && payment.Amount != nil && payment.Amount.Amount.IsPositive() {
			list = append(list, sdk.ListedPayment{Reference: o.reference, Payment: *payment})
		}
	}
	return list, got, err
}

// ListPayments asks for one page of one window: the page token names both. Windows share their borders, to miss nothing.
func (p *provider) ListPayments(ctx context.Context, req sdk.ListPaymentsRequest) (*sdk.ListPaymentsResponse, error) {
	from, to, number := req.From.UnixMilli(), cmp.Or(req.To, p.rt.Now()).UnixMilli(), 1
	if _, err := fmt.Sscanf(req.PageToken, "%d-%d", &from, &number); err != nil && req.PageToken != "" || req.From.IsZero() {
		return nil, sdk.Invalid(sdk.Violation{Field: "from", Message: "is needed, and a page_token of the same list"})
	}
	end := min(from+(27*24*time.Hour).Milliseconds(), to) // a range must be less than a month [doc], also in February
	list, page, err := p.orders(ctx, url.Values{
		"start_time": {strconv.FormatInt(from, 10)}, "end_time": {strconv.FormatInt(end, 10)}, // so named in the SDKs [seen]
		"page_num": {strconv.Itoa(number)}, "page_size": {"50"},
	})
	got, pages, next := len(page.list), page.Pages.Decimal.IntPart(), ""
	switch {
	case err != nil:
		return nil, err
	case got > 0 && int64(number) < pages, got >= 50 && !page.Pages.Present:
		next = fmt.Sprintf("%d-%d", from, number+1)
	case end < to:
		next = fmt.Sprintf("%d-%d", end, 1)
	}
	return &sdk.ListPaymentsResponse{Payments: list, NextPageToken: next}, nil
}

// InvokeOperation has only send_test_webhook: the SDK turns other names away.
func (p *provider) InvokeOperation(ctx context.Context, _ sdk.InvokeOperationRequest) (json.RawMessage, error) {
	_, err := p.do(ctx, "/api/v1/events/test", nil, struct{}{}, nil)
	return json.RawMessage(`{}`), err
}
