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

// provider serves one account, any number of calls at once.
type provider struct {
	cfg    config
	client *providerhttp.Client
	rt     sdk.Runtime
	listed atomic.Pointer[[]string] // currencies of the last answer of limit; nil before the first
}

var (
	_ sdk.Provider         = (*provider)(nil)
	_ sdk.MethodLister     = (*provider)(nil)
	_ sdk.CurrencyLearner  = (*provider)(nil)
	_ sdk.PaymentCreator   = (*provider)(nil)
	_ sdk.PaymentGetter    = (*provider)(nil)
	_ sdk.PaymentLister    = (*provider)(nil)
	_ sdk.OperationInvoker = (*provider)(nil)
	_ sdk.WebhookParser    = (*provider)(nil)
	_ sdk.ReturnParser     = (*provider)(nil)
)

func newProvider(cfg config, rt sdk.Runtime) (*provider, error) {
	client, err := newClient(cfg, rt)
	return &provider{cfg: cfg, client: client, rt: rt}, err
}

func (*provider) Info() sdk.Info {
	return sdk.Info{
		Name:        "paycrypto",
		Version:     version,
		Description: "PayCrypto Checkout: hosted payments in USD and USDT",
		Currencies:  []string{"USD", "USDT", "USDT-BEP20", "USDT-TRC20", "USDT-SPL"}, // [doc]
		Operations: []sdk.Operation{sdk.OperationOf[struct{}, struct{}](
			"send_test_webhook",
			"Has made-up data sent to the webhook URL of the back office, within 10 seconds.",
		)},
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},

		// A cust_order_id is taken once [seen]; for how long it is remembered is not
		// said. It makes but a link.
		CreatePayment: sdk.IdempotencySupport{Retry: sdk.RetryRejectsDuplicates, LinkOnly: true},
		// The document does not say that an order is found at once.
		PaymentLookup: sdk.Lookup{ByReference: true, Amounts: true, ListByTime: true},
	}
}

// ListPaymentMethods returns the one page that there is, once for each of the
// merchant's currencies, within limits that hold for all of them [decided] and
// are excluded [doc].
func (p *provider) ListPaymentMethods(
	ctx context.Context, _ sdk.ListPaymentMethodsRequest,
) (list []sdk.PaymentMethod, err error) {
	var got limitResult
	resp, err := p.do(ctx, "/api/v1/merchant/limit", nil, nil, &got)
	if err != nil {
		return nil, err
	}
	least := cmp.Or(got.Min, got.Limt)
	if !least.Present || !got.Max.Present || len(got.FiatList) == 0 {
		return nil, resp.Unexpected("it lacks a limit or a currency")
	}

	for i, currency := range got.FiatList {
		currency = strings.ToUpper(currency)
		got.FiatList[i] = currency
		list = append(list, sdk.PaymentMethod{
			ID:              "checkout",
			Name:            "PayCrypto",
			Currency:        currency,
			Flow:            sdk.FlowRedirect,
			Min:             &least.Decimal,
			Max:             &got.Max.Decimal,
			LimitsExclusive: true,
		})
	}
	p.listed.Store(&got.FiatList)
	return list, nil
}

// TakesCurrency adds to the document's currencies those that limit has named: a
// payment does not wait for another call to learn that its currency is not taken,
// and a caller who wants one of them asks for the payment methods first.
// [decided]
func (p *provider) TakesCurrency(code string) bool {
	listed := p.listed.Load()
	return listed != nil && slices.Contains(*listed, code)
}

// linkLost is for the operator: no call returns a redirect_url again, and its id
// is not always order_id. [doc] The customer does not have the link, so nothing
// is paid by it.
const linkLost = "the order was made, but the answer with its redirect_url was lost: the customer needs a new payment"

// CreatePayment makes an order. When an earlier attempt of the same payment has
// made it, the payment is that order, without its link: there is never a second
// one.
func (p *provider) CreatePayment(
	ctx context.Context, req sdk.CreatePaymentRequest,
) (*sdk.Payment, error) {
	body := map[string]any{
		"currency":      req.Amount.Currency,
		"amount":        req.Amount.Amount.String(),
		"cust_order_id": req.Reference,
		"return_url":    req.ReturnURL,
		"notify_url":    req.NotifyURL,
		"company_name":  p.cfg.CompanyName,
		"company_email": p.cfg.CompanyEmail,
		"expire":        max(0, req.ExpiresAt.UnixMilli()),
	}
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == "" || v == int64(0) })
	if req.Customer.Email != "" {
		body["customer"] = map[string]string{"notify_email": req.Customer.Email}
	}

	// A duplicate on a later attempt is the order that an earlier one made; on
	// the first attempt it may be another's, and stays in doubt.
	var made ordered.Value
	resp, err := p.do(ctx, "/api/v1/payment", nil, body, &made)
	if sdk.CodeOf(err) == sdk.CodeDuplicate && req.Attempt > 1 {
		earlier, notThere := p.GetPayment(ctx, sdk.GetPaymentRequest{
			Payment: sdk.PaymentContext{Reference: req.Reference},
		})
		if notThere == nil {
			if earlier.Status == sdk.PaymentRequiresAction {
				earlier.Message = linkLost
			}
			return earlier, nil
		}
	}
	if err != nil {
		return nil, err
	}

	order := readOrder(made)
	return resp.Redirect(order.id, order.page)
}

// GetPayment asks with our reference, which is always known and safe to sign. An
// answer about another order does not count.
func (p *provider) GetPayment(
	ctx context.Context, req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	list, got, err := p.orders(ctx, url.Values{"cust_order_id": {req.Payment.Reference}})
	switch {
	case err != nil:
		return nil, err
	case len(got.list) == 0:
		return nil, sdk.Refused(sdk.CodeNotFound, "", "") // as good as 111003 [decided]
	case len(list) != 1 || list[0].Reference != req.Payment.Reference:
		return nil, got.resp.Unexpected(
			"it is not the order that was asked for, with id, status, amount and currency")
	}
	return &list[0].Payment, nil
}

// orders returns the records that can be read: one odd order must not hide the
// others.
func (p *provider) orders(
	ctx context.Context, query url.Values,
) (list []sdk.ListedPayment, got page, err error) {
	got.resp, err = p.do(ctx, "/api/v1/orders", query, nil, &got)
	if err == nil && json.Unmarshal(got.Records, &got.list) != nil {
		err = got.resp.Unexpected("it has no records")
	}

	for _, text := range got.list {
		record, _ := ordered.ParseLoosely(text)
		order := readOrder(record)
		payment := order.payment()
		if order.id != "" && payment.Status != "" &&
			payment.Amount != nil && payment.Amount.Amount.IsPositive() {
			list = append(list, sdk.ListedPayment{Reference: order.reference, Payment: *payment})
		}
	}
	return list, got, err
}

// ListPayments asks for one page of one window: the page token names both.
// Windows share their borders, to miss nothing.
func (p *provider) ListPayments(
	ctx context.Context, req sdk.ListPaymentsRequest,
) (*sdk.ListPaymentsResponse, error) {
	from := req.From.UnixMilli()
	to := cmp.Or(req.To, p.rt.Now()).UnixMilli()
	number := 1
	_, err := fmt.Sscanf(req.PageToken, "%d-%d", &from, &number)
	if (err != nil && req.PageToken != "") || req.From.IsZero() {
		return nil, sdk.Invalid(sdk.Violation{
			Field:   "from",
			Message: "is needed, and a page_token of the same list",
		})
	}

	// A range must be less than a month [doc], also in February.
	end := min(from+(27*24*time.Hour).Milliseconds(), to)
	list, got, err := p.orders(ctx, providerhttp.Query(
		"start_time", strconv.FormatInt(from, 10), // so named in the SDKs [seen]
		"end_time", strconv.FormatInt(end, 10),
		"page_num", strconv.Itoa(number),
		"page_size", "50",
	))
	if err != nil {
		return nil, err
	}

	// Records that could not be read count as well: they took their places on
	// the page.
	count := len(got.list)
	out := &sdk.ListPaymentsResponse{Payments: list}
	switch {
	case count > 0 && int64(number) < got.Pages.Decimal.IntPart(),
		count >= 50 && !got.Pages.Present: // a full page is then not the last
		out.NextPageToken = fmt.Sprintf("%d-%d", from, number+1)
	case end < to:
		out.NextPageToken = fmt.Sprintf("%d-1", end)
	}
	return out, nil
}

// InvokeOperation has only send_test_webhook: the SDK turns other names away.
func (p *provider) InvokeOperation(
	ctx context.Context, _ sdk.InvokeOperationRequest,
) (json.RawMessage, error) {
	_, err := p.do(ctx, "/api/v1/events/test", nil, struct{}{}, nil)
	return json.RawMessage(`{}`), err
}
