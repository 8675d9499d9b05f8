package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

func TestRequestsAreCheckedBeforeTheProviderSeesThem(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(context.Context, *fake, string, any) (any, error) {
			t.Error("the provider was called")
			return nil, nil
		}},
	)

	ctx, a := t.Context(), r.main()
	payment := func(change func(*sdk.CreatePaymentRequest)) func() error {
		return func() error {
			req := validPayment()
			change(&req)
			_, err := a.CreatePayment(ctx, req)
			return err
		}
	}

	payout := func(change func(*sdk.CreatePayoutRequest)) func() error {
		return func() error {
			req := sdk.CreatePayoutRequest{
				Reference:      "po_1",
				IdempotencyKey: "k",
				Sequence:       1,
				Attempt:        1,
				Amount:         amount("5", "USD"),
			}
			change(&req)

			_, err := a.CreatePayout(ctx, req)
			return err
		}
	}

	operation := func(name, input, key string) func() error {
		return func() error {
			_, err := a.InvokeOperation(ctx, sdk.InvokeOperationRequest{
				Operation:      name,
				Input:          json.RawMessage(input),
				IdempotencyKey: key,
			})
			return err
		}
	}

	list := func(req sdk.ListPaymentsRequest) func() error {
		return func() error { _, err := a.ListPayments(ctx, req); return err }
	}
	for name, c := range map[string]struct {
		call   func() error
		code   sdk.Code
		fields string // of the violations, in order
	}{
		"no reference":      {payment(func(r *sdk.CreatePaymentRequest) { r.Reference = "" }), sdk.CodeInvalidRequest, "reference"},
		"long reference":    {payment(func(r *sdk.CreatePaymentRequest) { r.Reference = strings.Repeat("x", 37) }), sdk.CodeInvalidRequest, "reference"},
		"odd reference":     {payment(func(r *sdk.CreatePaymentRequest) { r.Reference = "a/b" }), sdk.CodeInvalidRequest, "reference"},
		"no key":            {payment(func(r *sdk.CreatePaymentRequest) { r.IdempotencyKey = "" }), sdk.CodeInvalidRequest, "idempotency_key"},
		"odd key":           {payment(func(r *sdk.CreatePaymentRequest) { r.IdempotencyKey = "é" }), sdk.CodeInvalidRequest, "idempotency_key"},
		"long key":          {payment(func(r *sdk.CreatePaymentRequest) { r.IdempotencyKey = strings.Repeat("x", 256) }), sdk.CodeInvalidRequest, "idempotency_key"},
		"no sequence":       {payment(func(r *sdk.CreatePaymentRequest) { r.Sequence = 0 }), sdk.CodeInvalidRequest, "sequence"},
		"no attempt":        {payment(func(r *sdk.CreatePaymentRequest) { r.Attempt = 0 }), sdk.CodeInvalidRequest, "attempt"},
		"no amount":         {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = sdk.Money{} }), sdk.CodeInvalidRequest, "amount"},
		"zero":              {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("0", "EUR") }), sdk.CodeInvalidRequest, "amount"},
		"negative":          {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("-1", "EUR") }), sdk.CodeInvalidRequest, "amount"},
		"huge":              {payment(func(r *sdk.CreatePaymentRequest) { r.Amount.Amount = decimal.New(1, math.MaxInt32) }), sdk.CodeInvalidRequest, "amount"},
		"lower-case":        {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("5", "usd") }), sdk.CodeInvalidRequest, "currency"},
		"another currency":  {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("5", "GBP") }), sdk.CodeInvalidRequest, "currency"},
		"no currency":       {payment(func(r *sdk.CreatePaymentRequest) { r.Amount.Currency = "" }), sdk.CodeInvalidRequest, "currency"},
		"too little":        {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("0.99", "USD") }), sdk.CodeLimit, "amount"},
		"too much":          {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("1000.01", "USD") }), sdk.CodeLimit, "amount"},
		"too exact":         {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("5.001", "USD") }), sdk.CodeInvalidRequest, "amount"},
		"finer than cents":  {payment(func(r *sdk.CreatePaymentRequest) { r.Amount = amount("0.001", "EUR") }), sdk.CodeInvalidRequest, "amount"},
		"options no object": {payment(func(r *sdk.CreatePaymentRequest) { r.Options = json.RawMessage(`[1]`) }), sdk.CodeInvalidRequest, "provider_options"},
		"options no JSON":   {payment(func(r *sdk.CreatePaymentRequest) { r.Options = json.RawMessage(`{"a"`) }), sdk.CodeInvalidRequest, "provider_options"},
		"all at once": {
			payment(func(r *sdk.CreatePaymentRequest) {
				*r = sdk.CreatePaymentRequest{Amount: amount("0.5", "USD"), Options: json.RawMessage("1")}
			}),
			sdk.CodeInvalidRequest, "provider_options reference sequence idempotency_key attempt amount",
		},

		"payout too much":    {payout(func(r *sdk.CreatePayoutRequest) { r.Amount = amount("1001", "USD") }), sdk.CodeLimit, "amount"},
		"payout no sequence": {payout(func(r *sdk.CreatePayoutRequest) { r.Sequence = 0 }), sdk.CodeInvalidRequest, "sequence"},
		"payout in another":  {payout(func(r *sdk.CreatePayoutRequest) { r.Amount.Currency = "GBP" }), sdk.CodeInvalidRequest, "currency"},

		"refund of nothing": {func() error {
			_, err := a.CreateRefund(ctx, sdk.CreateRefundRequest{Reference: "re_1", IdempotencyKey: "k", Sequence: 1, Attempt: 1})
			return err
		}, sdk.CodeInvalidRequest, "amount"},
		"capture of zero": {func() error {
			zero := amount("0", "USD")
			_, err := a.CapturePayment(ctx, sdk.CapturePaymentRequest{IdempotencyKey: "k", Attempt: 1, Amount: &zero})
			return err
		}, sdk.CodeInvalidRequest, "amount"},
		"capture without key": {func() error {
			_, err := a.CapturePayment(ctx, sdk.CapturePaymentRequest{Attempt: 1})
			return err
		}, sdk.CodeInvalidRequest, "idempotency_key"},
		"cancel without attempt": {func() error {
			_, err := a.CancelPayment(ctx, sdk.CancelPaymentRequest{IdempotencyKey: "k"})
			return err
		}, sdk.CodeInvalidRequest, "attempt"},
		"confirm without key": {func() error {
			_, err := a.ConfirmPayment(ctx, sdk.ConfirmPaymentRequest{Attempt: 1})
			return err
		}, sdk.CodeInvalidRequest, "idempotency_key"},
		"large attachment": {func() error {
			_, err := a.ConfirmPayment(ctx, sdk.ConfirmPaymentRequest{
				IdempotencyKey: "k",
				Attempt:        1,
				Attachments:    []sdk.Attachment{{}, {Content: make([]byte, sdk.MaxAttachment+1)}},
			})
			return err
		}, sdk.CodeInvalidRequest, "attachments[1].content"},

		"unknown operation": {operation("none", `{}`, ""), sdk.CodeNotFound, ""},
		"operation's key":   {operation("move", `{}`, ""), sdk.CodeInvalidRequest, "idempotency_key"},
		"operation's input": {operation("look", `{`, ""), sdk.CodeInvalidRequest, "input"},
		"no input":          {operation("look", ``, ""), sdk.CodeInvalidRequest, "input"},
		"much input":        {operation("look", `"`+strings.Repeat("x", 1<<20)+`"`, ""), sdk.CodeInvalidRequest, "input"},

		"list of nothing":   {list(sdk.ListPaymentsRequest{}), sdk.CodeInvalidRequest, "payments"},
		"list by reference": {list(sdk.ListPaymentsRequest{Payments: make([]sdk.PaymentContext, 1)}), sdk.CodeInvalidRequest, "payments"},
		"list by time": {func() error {
			_, err := a.ListPayouts(ctx, sdk.ListPayoutsRequest{From: sdkTime})
			return err
		}, sdk.CodeInvalidRequest, "from"},
		"list both ways": {
			list(sdk.ListPaymentsRequest{Payments: make([]sdk.PaymentContext, 1), From: sdkTime}), sdk.CodeInvalidRequest, "payments",
		},
		"context's state": {func() error {
			_, err := a.GetPayment(ctx, sdk.GetPaymentRequest{Payment: sdk.PaymentContext{State: make([]byte, 4097)}})
			return err
		}, sdk.CodeInvalidRequest, "payment.state"},
	} {
		t.Run(name, func(t *testing.T) {
			e := want(t, c.call(), c.code, sdk.OutcomeNotSent)
			var fields []string
			for _, v := range e.Violations {
				fields = append(fields, v.Field)
			}
			if got := strings.Join(fields, " "); got != c.fields {
				t.Errorf("violations of %q, want %q: %v", got, c.fields, e)
			}
		})
	}
}

func TestRequestsAtTheLimitsPass(t *testing.T) {
	r := serveScript(t, &script{})
	for _, m := range []sdk.Money{
		amount("1", "USD"), amount("1000", "USD"), amount("1000.00", "USD"), amount("5.010", "USD"),
		// no limits are declared: only the currency's own
		amount("0.01", "EUR"), amount("123456789", "EUR"),
		amount("0.0000001", "XLM"), // not declared, but learned; nobody knows its smallest unit
	} {
		req := validPayment()
		req.Amount = m
		if _, err := r.main().CreatePayment(t.Context(), req); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}

	if _, err := r.main().ConfirmPayment(t.Context(), sdk.ConfirmPaymentRequest{
		IdempotencyKey: "k",
		Attempt:        1,
		Attachments:    []sdk.Attachment{{Content: make([]byte, sdk.MaxAttachment)}, {Content: make([]byte, sdk.MaxAttachment)}},
	}); err != nil {
		t.Errorf("two attachments: %v", err)
	}

	if _, err := r.main().InvokeOperation(t.Context(), sdk.InvokeOperationRequest{
		Operation:      "move",
		IdempotencyKey: "k",
		Input:          json.RawMessage(`"` + strings.Repeat("x", 1<<20-2) + `"`),
	}); err != nil {
		t.Errorf("operation: %v", err)
	}
}

// TestAnswersThatBreakTheContract returns what no host should have to handle.
func TestAnswersThatBreakTheContract(t *testing.T) {
	good := func(change func(*sdk.Payment)) *sdk.Payment {
		p := &sdk.Payment{Status: sdk.PaymentProcessing}
		change(p)
		return p
	}

	negative := amount("-1", "USD")
	for name, c := range map[string]struct {
		verb   string
		answer any
		field  string
	}{
		"no status":         {"CreatePayment", &sdk.Payment{}, "payment.status"},
		"made-up status":    {"CreatePayment", &sdk.Payment{Status: "paid"}, "payment.status"},
		"host's status":     {"CreatePayment", &sdk.Payment{Status: "unknown"}, "payment.status"},
		"large state":       {"CreatePayment", good(func(p *sdk.Payment) { p.State = make([]byte, 4097) }), "payment.state"},
		"long reference":    {"CreatePayment", good(func(p *sdk.Payment) { p.ProviderReference = strings.Repeat("x", 201) }), "payment.provider_reference"},
		"negative amount":   {"CreatePayment", good(func(p *sdk.Payment) { p.Amount = &negative }), "payment.amount"},
		"huge paid":         {"CreatePayment", good(func(p *sdk.Payment) { p.Paid = &sdk.Money{Amount: decimal.New(1, 99999), Currency: "USD"} }), "payment.paid_amount"},
		"amount of nothing": {"CreatePayment", good(func(p *sdk.Payment) { p.Amount = &sdk.Money{} }), "payment.currency"},
		"receipt's id":      {"CreatePayment", good(func(p *sdk.Payment) { p.Receipts = []sdk.Receipt{{Amount: amount("1", "USD")}} }), "payment.receipts[0].id"},
		"empty action":      {"CreatePayment", good(func(p *sdk.Payment) { p.NextAction = &sdk.NextAction{} }), "payment.next_action.redirect"},
		"redirect nowhere":  {"CreatePayment", good(func(p *sdk.Payment) { p.NextAction = sdk.RedirectTo("") }), "payment.next_action.redirect.url"},
		"redirect by PUT": {"CreatePayment", good(func(p *sdk.Payment) {
			p.NextAction = &sdk.NextAction{Redirect: &sdk.Redirect{URL: "https://p.example", Method: "PUT"}}
		}), "payment.next_action.redirect.method"},
		"two actions": {"CreatePayment", good(func(p *sdk.Payment) {
			p.NextAction = sdk.RedirectTo("https://p.example")
			p.NextAction.Confirm = &sdk.Confirm{}
		}), "payment.next_action.redirect"},
		"nameless field": {"CreatePayment", good(func(p *sdk.Payment) {
			p.NextAction = &sdk.NextAction{Confirm: &sdk.Confirm{Fields: make([]sdk.Field, 1)}}
		}), "payment.next_action.confirm.fields[0].name"},
		"payout's status": {"CreatePayout", &sdk.Payout{}, "payout.status"},
		"refund's status": {"CreateRefund", &sdk.Refund{}, "refund.status"},
		"health's state":  {"CheckHealth", sdk.Health{Message: "fine"}, "state"},
		"listed payment":  {"ListPayments", &sdk.ListPaymentsResponse{Payments: make([]sdk.ListedPayment, 2)}, "payments[0].payment.status"},
		"listed payout":   {"ListPayouts", &sdk.ListPayoutsResponse{Payouts: make([]sdk.ListedPayout, 1)}, "payouts[0].payout.status"},
		"page token":      {"ListPayouts", &sdk.ListPayoutsResponse{NextPageToken: strings.Repeat("x", 4097)}, "next_page_token"},
		"balance":         {"GetBalances", []sdk.Balance{{Name: "x"}}, "balances[0].currency"},
		"event of none":   {"ParseWebhook", &sdk.WebhookResult{Events: []sdk.Event{{ID: "1"}}}, "events[0].payment"},
		"event of two":    {"ParseReturn", &sdk.Return{Events: []sdk.Event{{Payment: good(func(*sdk.Payment) {}), Refund: &sdk.Refund{Status: sdk.RefundPending}}}}, "events[0].payment"},
		"answer's status": {"ParseWebhook", &sdk.WebhookResult{Response: sdk.HTTPResponse{Status: 99}}, "response.status"},
		"output":          {"InvokeOperation", json.RawMessage(`{`), "output"},
	} {
		t.Run(name, func(t *testing.T) {
			r := serveScript(
				t,
				&script{
					verb: func(context.Context, *fake, string, any) (any, error) { return c.answer, nil },
				},
			)

			_, err := calls[c.verb](t.Context(), r.main())
			e := want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown)
			if len(e.Violations) == 0 ||
				!strings.HasPrefix(e.Violations[0].Field, c.field) {
				t.Errorf("got %v, want a violation of %s", e, c.field)
			}

			if log := r.log.String(); !strings.Contains(log, c.field) {
				t.Errorf("the log does not say it: %s", log)
			}
		})
	}
}

func TestFreeTextIsCut(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(ctx context.Context, _ *fake, _ string, _ any) (any, error) {
			long := strings.Repeat("é", 1<<20)
			sdk.RecordExchange(
				ctx,
				sdk.Exchange{URL: long, RequestBody: long, ResponseBody: long, Error: long},
			)

			return &sdk.Payment{
				Status:         sdk.PaymentFailed,
				Message:        long,
				ProviderStatus: long,
			}, nil
		}},
	)

	ctx, log := sdk.WithExchangeLog(t.Context())
	p, err := r.main().CreatePayment(ctx, validPayment())
	if err != nil {
		t.Fatal(err)
	}

	e := log.Exchanges()[0]
	for text, limit := range map[string]int{
		p.Message: 2000, p.ProviderStatus: 200, e.URL: 8 << 10, e.RequestBody: 64 << 10, e.Error: 2000,
	} {
		if len(text) > limit || len(text) < limit-2 || !strings.HasSuffix(text, "é…") {
			t.Errorf("%d bytes, want %d", len(text), limit)
		}
	}
}

// TestLargeErrorsArrive: exchanges of a failed call travel in a trailer, where
// room is short.
func TestLargeErrorsArrive(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(ctx context.Context, _ *fake, _ string, _ any) (any, error) {
			body := strings.Repeat("x", 64<<10)
			for range 16 {
				sdk.RecordExchange(ctx, sdk.Exchange{RequestBody: body, ResponseBody: body})
			}
			return nil, sdk.Refused(sdk.CodeDeclined, "1", "no")
		}},
	)

	ctx, log := sdk.WithExchangeLog(t.Context())
	_, err := r.main().CreatePayment(ctx, validPayment())
	want(t, err, sdk.CodeDeclined, sdk.OutcomeRefused)
	if got := log.Exchanges(); len(got) != 16 || len(got[15].ResponseBody) != 64<<10 {
		t.Errorf("%d exchanges", len(got))
	}
}

func TestWebhookArrivesToTheByte(t *testing.T) {
	var got sdk.ParseWebhookRequest
	answer := &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Response: sdk.HTTPResponse{
			Status: 200,
			Header: http.Header{"Content-Type": {"text/plain"}},
			Body:   []byte("OK\xff\x00"),
		},
	}

	r := serveScript(
		t,
		&script{verb: func(_ context.Context, _ *fake, _ string, req any) (any, error) {
			got = req.(sdk.ParseWebhookRequest)
			return answer, nil
		}},
	)

	body := []byte("raw \xff\xfe\x00 bytes")
	n, err := r.main().ParseWebhook(t.Context(), sdk.ParseWebhookRequest{
		Request: sdk.HTTPRequest{
			Method:        "POST",
			Query:         "a=1&a=2&b=%20",
			Body:          body,
			RemoteAddress: "192.0.2.1",
			ReceivedAt:    sdkTime,
			Header:        http.Header{"X-Sign": {"one", "two"}, "X-Latin": {"\xe9"}},
		},
		Scope:  sdk.ScopeIntent,
		Payout: &sdk.PayoutContext{Reference: "po_1"},
	})
	if err != nil {
		t.Fatal(err)
	}

	if !bytes.Equal(got.Request.Body, body) || got.Request.Query != "a=1&a=2&b=%20" ||
		len(got.Request.Header["X-Sign"]) != 2 ||
		got.Payment != nil ||
		got.Payout.Reference != "po_1" ||
		!got.Request.ReceivedAt.Equal(sdkTime) {
		t.Errorf("got %+v", got)
	}

	if n.Verification != sdk.VerifiedBySignature ||
		!bytes.Equal(n.Response.Body, answer.Response.Body) ||
		n.Response.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("answer %+v", n)
	}
}
