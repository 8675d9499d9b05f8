package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// providerClient shortens the method expressions of the verbs.
type providerClient = pb.ProviderServiceClient

// CreatePayment moves money unless Info says that it only makes a link: everything that a provider could get wrong about
// the amount or the keys is refused here, before anything is sent.
var CreatePayment = Verb[sdk.PaymentCreator, sdk.CreatePaymentRequest, *sdk.Payment, *pb.CreatePaymentRequest, *pb.CreatePaymentResponse]{
	Name: "CreatePayment", Capability: sdk.CapabilityCreatePayment,
	Call: sdk.PaymentCreator.CreatePayment, Invoke: providerClient.CreatePayment,
	EncodeRequest: encodeCreatePayment, decodeRequest: decodeCreatePayment,
	encodeResponse: func(p *sdk.Payment) *pb.CreatePaymentResponse {
		if p == nil {
			return nil
		}
		return &pb.CreatePaymentResponse{Payment: encodePayment(p)}
	},
	decodeResponse: func(r *reader, w *pb.CreatePaymentResponse) *sdk.Payment {
		return decodePayment(r.in("payment"), w.GetPayment())
	},
	Idempotency: func(i *sdk.Info) sdk.IdempotencySupport { return i.CreatePayment },
}

// encodeCreatePayment leaves an absent amount out, which the server then reports as missing.
func encodeCreatePayment(account string, req sdk.CreatePaymentRequest) *pb.CreatePaymentRequest {
	return &pb.CreatePaymentRequest{
		Account:           account,
		Reference:         req.Reference,
		IdempotencyKey:    req.IdempotencyKey,
		Sequence:          req.Sequence,
		Attempt:           int32(req.Attempt),
		Amount:            encodeMoney(req.Amount),
		MerchantReference: req.MerchantReference,
		Description:       req.Description,
		Method:            req.Method,
		Country:           req.Country,
		Language:          req.Language,
		Customer:          encodeCustomer(req.Customer),
		NotifyUrl:         req.NotifyURL,
		ReturnUrl:         req.ReturnURL,
		CancelUrl:         req.CancelURL,
		ExpiresAt:         encodeTime(req.ExpiresAt),
		Metadata:          req.Metadata,
		Options:           req.Options,
	}
}

// decodeCreatePayment names the options as merchants do.
func decodeCreatePayment(r *reader, w *pb.CreatePaymentRequest) sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
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
		Customer:          decodeCustomer(w.GetCustomer()),
		NotifyURL:         w.GetNotifyUrl(),
		ReturnURL:         w.GetReturnUrl(),
		CancelURL:         w.GetCancelUrl(),
		ExpiresAt:         r.time("expires_at", w.GetExpiresAt()),
		Metadata:          w.GetMetadata(),
		Options:           r.object("provider_options", w.GetOptions()),
	}
}

// ConfirmPayment has no sequence: what the customer sent back belongs to a payment that has one.
var ConfirmPayment = Verb[sdk.PaymentConfirmer, sdk.ConfirmPaymentRequest, *sdk.Payment, *pb.ConfirmPaymentRequest, *pb.ConfirmPaymentResponse]{
	Name: "ConfirmPayment", Capability: sdk.CapabilityConfirmPayment,
	Call: sdk.PaymentConfirmer.ConfirmPayment, Invoke: providerClient.ConfirmPayment,
	EncodeRequest: func(account string, req sdk.ConfirmPaymentRequest) *pb.ConfirmPaymentRequest {
		return &pb.ConfirmPaymentRequest{
			Account: account, Payment: encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Attempt: int32(req.Attempt),
			Fields: req.Fields, Attachments: encodeList(req.Attachments, encodeAttachment),
		}
	},
	decodeRequest: func(r *reader, w *pb.ConfirmPaymentRequest) sdk.ConfirmPaymentRequest {
		return sdk.ConfirmPaymentRequest{
			Payment:        decodePaymentContext(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Attempt: int(w.GetAttempt()),
			Fields:      w.GetFields(),
			Attachments: decodeList(r, "attachments", w.GetAttachments(), decodeAttachment),
		}
	},
	encodeResponse: func(p *sdk.Payment) *pb.ConfirmPaymentResponse {
		if p == nil {
			return nil
		}
		return &pb.ConfirmPaymentResponse{Payment: encodePayment(p)}
	},
	decodeResponse: func(r *reader, w *pb.ConfirmPaymentResponse) *sdk.Payment {
		return decodePayment(r.in("payment"), w.GetPayment())
	},
}

// GetPayment needs no key: it changes nothing.
var GetPayment = Verb[sdk.PaymentGetter, sdk.GetPaymentRequest, *sdk.Payment, *pb.GetPaymentRequest, *pb.GetPaymentResponse]{
	Name: "GetPayment", Capability: sdk.CapabilityGetPayment,
	Call: sdk.PaymentGetter.GetPayment, Invoke: providerClient.GetPayment,
	EncodeRequest: func(account string, req sdk.GetPaymentRequest) *pb.GetPaymentRequest {
		return &pb.GetPaymentRequest{Account: account, Payment: encodePaymentContext(&req.Payment)}
	},
	decodeRequest: func(r *reader, w *pb.GetPaymentRequest) sdk.GetPaymentRequest {
		return sdk.GetPaymentRequest{Payment: decodePaymentContext(r.in("payment"), w.GetPayment())}
	},
	encodeResponse: func(p *sdk.Payment) *pb.GetPaymentResponse {
		if p == nil {
			return nil
		}
		return &pb.GetPaymentResponse{Payment: encodePayment(p)}
	},
	decodeResponse: func(r *reader, w *pb.GetPaymentResponse) *sdk.Payment {
		return decodePayment(r.in("payment"), w.GetPayment())
	},
}

// ListPayments is asked in one of two ways, as the provider declares.
var ListPayments = Verb[sdk.PaymentLister, sdk.ListPaymentsRequest, *sdk.ListPaymentsResponse, *pb.ListPaymentsRequest, *pb.ListPaymentsResponse]{
	Name: "ListPayments", Capability: sdk.CapabilityListPayments,
	Call: sdk.PaymentLister.ListPayments, Invoke: providerClient.ListPayments,
	EncodeRequest: func(account string, req sdk.ListPaymentsRequest) *pb.ListPaymentsRequest {
		return &pb.ListPaymentsRequest{
			Account: account, Payments: encodeList(req.Payments, encodePaymentContext),
			From: encodeTime(req.From), To: encodeTime(req.To), PageToken: req.PageToken,
		}
	},
	decodeRequest: func(r *reader, w *pb.ListPaymentsRequest) sdk.ListPaymentsRequest {
		return sdk.ListPaymentsRequest{
			Payments: decodeList(r, "payments", w.GetPayments(), decodePaymentContext),
			From:     r.time("from", w.GetFrom()), To: r.time("to", w.GetTo()),
			PageToken: r.bounded("page_token", w.GetPageToken(), maxPageToken),
		}
	},
	encodeResponse: func(resp *sdk.ListPaymentsResponse) *pb.ListPaymentsResponse {
		if resp == nil {
			return nil
		}
		return &pb.ListPaymentsResponse{
			Payments: encodeList(resp.Payments, encodeListedPayment), NextPageToken: resp.NextPageToken,
		}
	},
	decodeResponse: func(r *reader, w *pb.ListPaymentsResponse) *sdk.ListPaymentsResponse {
		return &sdk.ListPaymentsResponse{
			Payments:      decodeList(r, "payments", w.GetPayments(), decodeListedPayment),
			NextPageToken: r.bounded("next_page_token", w.GetNextPageToken(), maxPageToken),
		}
	},
}

// CapturePayment takes all that is authorized when no amount is given. The limits are for creating: a part may be less.
var CapturePayment = Verb[sdk.PaymentCapturer, sdk.CapturePaymentRequest, *sdk.Payment, *pb.CapturePaymentRequest, *pb.CapturePaymentResponse]{
	Name: "CapturePayment", Capability: sdk.CapabilityCapturePayment,
	Call: sdk.PaymentCapturer.CapturePayment, Invoke: providerClient.CapturePayment,
	EncodeRequest: func(account string, req sdk.CapturePaymentRequest) *pb.CapturePaymentRequest {
		return &pb.CapturePaymentRequest{
			Account: account, Payment: encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Attempt: int32(req.Attempt), Amount: encodeMoneyOrNil(req.Amount),
		}
	},
	decodeRequest: func(r *reader, w *pb.CapturePaymentRequest) sdk.CapturePaymentRequest {
		return sdk.CapturePaymentRequest{
			Payment:        decodePaymentContext(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Attempt: int(w.GetAttempt()),
			Amount: r.moneyOrNil("amount", w.GetAmount()),
		}
	},
	encodeResponse: func(p *sdk.Payment) *pb.CapturePaymentResponse {
		if p == nil {
			return nil
		}
		return &pb.CapturePaymentResponse{Payment: encodePayment(p)}
	},
	decodeResponse: func(r *reader, w *pb.CapturePaymentResponse) *sdk.Payment {
		return decodePayment(r.in("payment"), w.GetPayment())
	},
	Idempotency: func(i *sdk.Info) sdk.IdempotencySupport { return i.CapturePayment },
}

// CancelPayment has a key, because a repeat must not cancel what was made since.
var CancelPayment = Verb[sdk.PaymentCanceler, sdk.CancelPaymentRequest, *sdk.Payment, *pb.CancelPaymentRequest, *pb.CancelPaymentResponse]{
	Name: "CancelPayment", Capability: sdk.CapabilityCancelPayment,
	Call: sdk.PaymentCanceler.CancelPayment, Invoke: providerClient.CancelPayment,
	EncodeRequest: func(account string, req sdk.CancelPaymentRequest) *pb.CancelPaymentRequest {
		return &pb.CancelPaymentRequest{
			Account: account, Payment: encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Attempt: int32(req.Attempt), Reason: req.Reason,
		}
	},
	decodeRequest: func(r *reader, w *pb.CancelPaymentRequest) sdk.CancelPaymentRequest {
		return sdk.CancelPaymentRequest{
			Payment:        decodePaymentContext(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Attempt: int(w.GetAttempt()), Reason: w.GetReason(),
		}
	},
	encodeResponse: func(p *sdk.Payment) *pb.CancelPaymentResponse {
		if p == nil {
			return nil
		}
		return &pb.CancelPaymentResponse{Payment: encodePayment(p)}
	},
	decodeResponse: func(r *reader, w *pb.CancelPaymentResponse) *sdk.Payment {
		return decodePayment(r.in("payment"), w.GetPayment())
	},
}
