package sdk

import wire "github.com/payhost/payhost/sdk/internal/providerv1"

// providerClient shortens the method expressions of the verbs.
type providerClient = wire.ProviderServiceClient

// createPayment moves money unless Info says that it only makes a link: everything that a provider could get wrong about
// the amount or the keys is refused here, before anything is sent.
var createPayment = verb[PaymentCreator, CreatePaymentRequest, *Payment, *wire.CreatePaymentRequest, *wire.CreatePaymentResponse]{
	name: "CreatePayment", capability: CapabilityCreatePayment,
	call: PaymentCreator.CreatePayment, invoke: providerClient.CreatePayment,
	requestToWire: createPaymentToWire, requestFromWire: createPaymentFromWire,
	responseToWire: func(p *Payment) *wire.CreatePaymentResponse {
		if p == nil {
			return nil
		}
		return &wire.CreatePaymentResponse{Payment: paymentToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.CreatePaymentResponse) *Payment {
		return paymentFromWire(r.in("payment"), w.GetPayment())
	},
	check: func(r *reader, a *account, req CreatePaymentRequest) {
		checkIntent(r, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
		checkAmount(r, a, req.Amount, a.plugin.PaymentLimits)
		checkFields(r, a.plugin.PaymentFields, paymentTexts(req))
	},
	guarantee: func(i *Info) IdempotencySupport { return i.CreatePayment },
}

// createPaymentToWire leaves an absent amount out, which the server then reports as missing.
func createPaymentToWire(account string, req CreatePaymentRequest) *wire.CreatePaymentRequest {
	return &wire.CreatePaymentRequest{
		Account:           account,
		Reference:         req.Reference,
		IdempotencyKey:    req.IdempotencyKey,
		Sequence:          req.Sequence,
		Attempt:           int32(req.Attempt),
		Amount:            moneyToWire(req.Amount),
		MerchantReference: req.MerchantReference,
		Description:       req.Description,
		Method:            req.Method,
		Country:           req.Country,
		Language:          req.Language,
		Customer:          customerToWire(req.Customer),
		NotifyUrl:         req.NotifyURL,
		ReturnUrl:         req.ReturnURL,
		CancelUrl:         req.CancelURL,
		ExpiresAt:         timeToWire(req.ExpiresAt),
		Metadata:          req.Metadata,
		Options:           req.Options,
	}
}

// createPaymentFromWire names the options as merchants do.
func createPaymentFromWire(r *reader, w *wire.CreatePaymentRequest) CreatePaymentRequest {
	return CreatePaymentRequest{
		Reference:         w.GetReference(),
		IdempotencyKey:    w.GetIdempotencyKey(),
		Sequence:          w.GetSequence(),
		Attempt:           int(w.GetAttempt()),
		Amount:            r.money("amount", w.GetAmount()),
		MerchantReference: w.GetMerchantReference(),
		Description:       w.GetDescription(),
		Method:            w.GetMethod(),
		Country:           w.GetCountry(),
		Language:          w.GetLanguage(),
		Customer:          customerFromWire(w.GetCustomer()),
		NotifyURL:         w.GetNotifyUrl(),
		ReturnURL:         w.GetReturnUrl(),
		CancelURL:         w.GetCancelUrl(),
		ExpiresAt:         r.time("expires_at", w.GetExpiresAt()),
		Metadata:          w.GetMetadata(),
		Options:           r.object("provider_options", w.GetOptions()),
	}
}

// confirmPayment has no sequence: what the customer sent back belongs to a payment that has one.
var confirmPayment = verb[PaymentConfirmer, ConfirmPaymentRequest, *Payment, *wire.ConfirmPaymentRequest, *wire.ConfirmPaymentResponse]{
	name: "ConfirmPayment", capability: CapabilityConfirmPayment,
	call: PaymentConfirmer.ConfirmPayment, invoke: providerClient.ConfirmPayment,
	requestToWire: func(account string, req ConfirmPaymentRequest) *wire.ConfirmPaymentRequest {
		return &wire.ConfirmPaymentRequest{
			Account: account, Payment: paymentContextToWire(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Attempt: int32(req.Attempt),
			Fields: req.Fields, Attachments: listToWire(req.Attachments, attachmentToWire),
		}
	},
	requestFromWire: func(r *reader, w *wire.ConfirmPaymentRequest) ConfirmPaymentRequest {
		return ConfirmPaymentRequest{
			Payment:        paymentContextFromWire(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Attempt: int(w.GetAttempt()),
			Fields:      w.GetFields(),
			Attachments: listFromWire(r, "attachments", w.GetAttachments(), attachmentFromWire),
		}
	},
	responseToWire: func(p *Payment) *wire.ConfirmPaymentResponse {
		if p == nil {
			return nil
		}
		return &wire.ConfirmPaymentResponse{Payment: paymentToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.ConfirmPaymentResponse) *Payment {
		return paymentFromWire(r.in("payment"), w.GetPayment())
	},
	check: func(r *reader, _ *account, req ConfirmPaymentRequest) { checkKey(r, req.IdempotencyKey, req.Attempt) },
}

// getPayment needs no key: it changes nothing.
var getPayment = verb[PaymentGetter, GetPaymentRequest, *Payment, *wire.GetPaymentRequest, *wire.GetPaymentResponse]{
	name: "GetPayment", capability: CapabilityGetPayment,
	call: PaymentGetter.GetPayment, invoke: providerClient.GetPayment,
	requestToWire: func(account string, req GetPaymentRequest) *wire.GetPaymentRequest {
		return &wire.GetPaymentRequest{Account: account, Payment: paymentContextToWire(&req.Payment)}
	},
	requestFromWire: func(r *reader, w *wire.GetPaymentRequest) GetPaymentRequest {
		return GetPaymentRequest{Payment: paymentContextFromWire(r.in("payment"), w.GetPayment())}
	},
	responseToWire: func(p *Payment) *wire.GetPaymentResponse {
		if p == nil {
			return nil
		}
		return &wire.GetPaymentResponse{Payment: paymentToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.GetPaymentResponse) *Payment {
		return paymentFromWire(r.in("payment"), w.GetPayment())
	},
}

// listPayments is asked in one of two ways, as the provider declares.
var listPayments = verb[PaymentLister, ListPaymentsRequest, *ListPaymentsResponse, *wire.ListPaymentsRequest, *wire.ListPaymentsResponse]{
	name: "ListPayments", capability: CapabilityListPayments,
	call: PaymentLister.ListPayments, invoke: providerClient.ListPayments,
	requestToWire: func(account string, req ListPaymentsRequest) *wire.ListPaymentsRequest {
		return &wire.ListPaymentsRequest{
			Account: account, Payments: listToWire(req.Payments, paymentContextToWire),
			From: timeToWire(req.From), To: timeToWire(req.To), PageToken: req.PageToken,
		}
	},
	requestFromWire: func(r *reader, w *wire.ListPaymentsRequest) ListPaymentsRequest {
		return ListPaymentsRequest{
			Payments: listFromWire(r, "payments", w.GetPayments(), paymentContextFromWire),
			From:     r.time("from", w.GetFrom()), To: r.time("to", w.GetTo()),
			PageToken: r.bounded("page_token", w.GetPageToken(), maxPageToken),
		}
	},
	responseToWire: func(resp *ListPaymentsResponse) *wire.ListPaymentsResponse {
		if resp == nil {
			return nil
		}
		return &wire.ListPaymentsResponse{
			Payments: listToWire(resp.Payments, listedPaymentToWire), NextPageToken: resp.NextPageToken,
		}
	},
	responseFromWire: func(r *reader, w *wire.ListPaymentsResponse) *ListPaymentsResponse {
		return &ListPaymentsResponse{
			Payments:      listFromWire(r, "payments", w.GetPayments(), listedPaymentFromWire),
			NextPageToken: r.bounded("next_page_token", w.GetNextPageToken(), maxPageToken),
		}
	},
	check: func(r *reader, a *account, req ListPaymentsRequest) {
		checkList(r, "payments", a.plugin.PaymentLookup, len(req.Payments), req.From, req.To)
	},
}

// capturePayment takes all that is authorized when no amount is given. The limits are for creating: a part may be less.
var capturePayment = verb[PaymentCapturer, CapturePaymentRequest, *Payment, *wire.CapturePaymentRequest, *wire.CapturePaymentResponse]{
	name: "CapturePayment", capability: CapabilityCapturePayment,
	call: PaymentCapturer.CapturePayment, invoke: providerClient.CapturePayment,
	requestToWire: func(account string, req CapturePaymentRequest) *wire.CapturePaymentRequest {
		return &wire.CapturePaymentRequest{
			Account: account, Payment: paymentContextToWire(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Attempt: int32(req.Attempt), Amount: moneyOrNilToWire(req.Amount),
		}
	},
	requestFromWire: func(r *reader, w *wire.CapturePaymentRequest) CapturePaymentRequest {
		return CapturePaymentRequest{
			Payment:        paymentContextFromWire(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Attempt: int(w.GetAttempt()),
			Amount: r.moneyOrNil("amount", w.GetAmount()),
		}
	},
	responseToWire: func(p *Payment) *wire.CapturePaymentResponse {
		if p == nil {
			return nil
		}
		return &wire.CapturePaymentResponse{Payment: paymentToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.CapturePaymentResponse) *Payment {
		return paymentFromWire(r.in("payment"), w.GetPayment())
	},
	check: func(r *reader, a *account, req CapturePaymentRequest) {
		checkKey(r, req.IdempotencyKey, req.Attempt)
		if req.Amount != nil {
			checkAmount(r, a, *req.Amount, nil)
		}
	},
	guarantee: func(i *Info) IdempotencySupport { return i.CapturePayment },
}

// cancelPayment has a key, because a repeat must not cancel what was made since.
var cancelPayment = verb[PaymentCanceler, CancelPaymentRequest, *Payment, *wire.CancelPaymentRequest, *wire.CancelPaymentResponse]{
	name: "CancelPayment", capability: CapabilityCancelPayment,
	call: PaymentCanceler.CancelPayment, invoke: providerClient.CancelPayment,
	requestToWire: func(account string, req CancelPaymentRequest) *wire.CancelPaymentRequest {
		return &wire.CancelPaymentRequest{
			Account: account, Payment: paymentContextToWire(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Attempt: int32(req.Attempt), Reason: req.Reason,
		}
	},
	requestFromWire: func(r *reader, w *wire.CancelPaymentRequest) CancelPaymentRequest {
		return CancelPaymentRequest{
			Payment:        paymentContextFromWire(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Attempt: int(w.GetAttempt()), Reason: w.GetReason(),
		}
	},
	responseToWire: func(p *Payment) *wire.CancelPaymentResponse {
		if p == nil {
			return nil
		}
		return &wire.CancelPaymentResponse{Payment: paymentToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.CancelPaymentResponse) *Payment {
		return paymentFromWire(r.in("payment"), w.GetPayment())
	},
	check: func(r *reader, _ *account, req CancelPaymentRequest) { checkKey(r, req.IdempotencyKey, req.Attempt) },
}
