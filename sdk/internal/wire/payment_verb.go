package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// CreatePayment moves money unless Info says that it only makes a link.
var CreatePayment = &Verb[
	sdk.PaymentCreator, sdk.CreatePaymentRequest, *sdk.Payment,
	*pb.CreatePaymentRequest, *pb.CreatePaymentResponse,
]{
	Name:       "CreatePayment",
	Capability: sdk.CapabilityCreatePayment,
	Call:       sdk.PaymentCreator.CreatePayment,
	Invoke:     providerClient.CreatePayment,

	EncodeRequest: encodeCreatePayment,
	decodeRequest: decodeCreatePayment,
	encodeResponse: func(payment *sdk.Payment) *pb.CreatePaymentResponse {
		if payment == nil {
			return nil
		}
		return &pb.CreatePaymentResponse{Payment: encodePayment(payment)}
	},
	decodeResponse: paymentOf[*pb.CreatePaymentResponse],
	Idempotency:    func(info *sdk.Info) sdk.IdempotencySupport { return info.CreatePayment },
}

// encodeCreatePayment leaves an absent amount out, which the plugin's end then
// reports as missing.
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
func decodeCreatePayment(read *reader, from *pb.CreatePaymentRequest) sdk.CreatePaymentRequest {
	return sdk.CreatePaymentRequest{
		Reference:         from.GetReference(),
		IdempotencyKey:    from.GetIdempotencyKey(),
		Sequence:          from.GetSequence(),
		Attempt:           int(from.GetAttempt()),
		Amount:            read.money("amount", from.GetAmount()),
		MerchantReference: from.GetMerchantReference(),
		Description:       from.GetDescription(),
		Method:            from.GetMethod(),
		Country:           from.GetCountry(),
		Language:          from.GetLanguage(),
		Customer:          decodeCustomer(from.GetCustomer()),
		NotifyURL:         from.GetNotifyUrl(),
		ReturnURL:         from.GetReturnUrl(),
		CancelURL:         from.GetCancelUrl(),
		ExpiresAt:         read.time("expires_at", from.GetExpiresAt()),
		Metadata:          from.GetMetadata(),
		Options:           read.object("provider_options", from.GetOptions()),
	}
}

// ConfirmPayment has no sequence: what the customer sent back belongs to a
// payment that has one.
var ConfirmPayment = &Verb[
	sdk.PaymentConfirmer, sdk.ConfirmPaymentRequest, *sdk.Payment,
	*pb.ConfirmPaymentRequest, *pb.ConfirmPaymentResponse,
]{
	Name:       "ConfirmPayment",
	Capability: sdk.CapabilityConfirmPayment,
	Call:       sdk.PaymentConfirmer.ConfirmPayment,
	Invoke:     providerClient.ConfirmPayment,

	EncodeRequest: func(account string, req sdk.ConfirmPaymentRequest) *pb.ConfirmPaymentRequest {
		return &pb.ConfirmPaymentRequest{
			Account:        account,
			Payment:        encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey,
			Attempt:        int32(req.Attempt),
			Fields:         req.Fields,
			Attachments:    encodeList(req.Attachments, encodeAttachment),
		}
	},
	decodeRequest: func(read *reader, from *pb.ConfirmPaymentRequest) sdk.ConfirmPaymentRequest {
		return sdk.ConfirmPaymentRequest{
			Payment:        decodePaymentContext(read.in("payment"), from.GetPayment()),
			IdempotencyKey: from.GetIdempotencyKey(),
			Attempt:        int(from.GetAttempt()),
			Fields:         from.GetFields(),
			Attachments:    decodeList(read, "attachments", from.GetAttachments(), decodeAttachment),
		}
	},
	encodeResponse: func(payment *sdk.Payment) *pb.ConfirmPaymentResponse {
		if payment == nil {
			return nil
		}
		return &pb.ConfirmPaymentResponse{Payment: encodePayment(payment)}
	},
	decodeResponse: paymentOf[*pb.ConfirmPaymentResponse],
}

// GetPayment needs no key: it changes nothing.
var GetPayment = &Verb[
	sdk.PaymentGetter, sdk.GetPaymentRequest, *sdk.Payment,
	*pb.GetPaymentRequest, *pb.GetPaymentResponse,
]{
	Name:       "GetPayment",
	Capability: sdk.CapabilityGetPayment,
	Call:       sdk.PaymentGetter.GetPayment,
	Invoke:     providerClient.GetPayment,

	EncodeRequest: func(account string, req sdk.GetPaymentRequest) *pb.GetPaymentRequest {
		return &pb.GetPaymentRequest{
			Account: account,
			Payment: encodePaymentContext(&req.Payment),
		}
	},
	decodeRequest: func(read *reader, from *pb.GetPaymentRequest) sdk.GetPaymentRequest {
		return sdk.GetPaymentRequest{
			Payment: decodePaymentContext(read.in("payment"), from.GetPayment()),
		}
	},
	encodeResponse: func(payment *sdk.Payment) *pb.GetPaymentResponse {
		if payment == nil {
			return nil
		}
		return &pb.GetPaymentResponse{Payment: encodePayment(payment)}
	},
	decodeResponse: paymentOf[*pb.GetPaymentResponse],
}

// ListPayments is asked in one of two ways, as the provider declares.
var ListPayments = &Verb[
	sdk.PaymentLister, sdk.ListPaymentsRequest, *sdk.ListPaymentsResponse,
	*pb.ListPaymentsRequest, *pb.ListPaymentsResponse,
]{
	Name:       "ListPayments",
	Capability: sdk.CapabilityListPayments,
	Call:       sdk.PaymentLister.ListPayments,
	Invoke:     providerClient.ListPayments,

	EncodeRequest: func(account string, req sdk.ListPaymentsRequest) *pb.ListPaymentsRequest {
		return &pb.ListPaymentsRequest{
			Account:   account,
			Payments:  encodeList(req.Payments, encodePaymentContext),
			From:      encodeTime(req.From),
			To:        encodeTime(req.To),
			PageToken: req.PageToken,
		}
	},
	decodeRequest: func(read *reader, from *pb.ListPaymentsRequest) sdk.ListPaymentsRequest {
		return sdk.ListPaymentsRequest{
			Payments:  decodeList(read, "payments", from.GetPayments(), decodePaymentContext),
			From:      read.time("from", from.GetFrom()),
			To:        read.time("to", from.GetTo()),
			PageToken: read.bounded("page_token", from.GetPageToken(), maxPageToken),
		}
	},
	encodeResponse: func(resp *sdk.ListPaymentsResponse) *pb.ListPaymentsResponse {
		if resp == nil {
			return nil
		}
		return &pb.ListPaymentsResponse{
			Payments:      encodeList(resp.Payments, encodeListedPayment),
			NextPageToken: resp.NextPageToken,
		}
	},
	decodeResponse: func(read *reader, from *pb.ListPaymentsResponse) *sdk.ListPaymentsResponse {
		return &sdk.ListPaymentsResponse{
			Payments:      decodeList(read, "payments", from.GetPayments(), decodeListedPayment),
			NextPageToken: read.bounded("next_page_token", from.GetNextPageToken(), maxPageToken),
		}
	},
}

// CapturePayment takes all that is authorized when no amount is given.
var CapturePayment = &Verb[
	sdk.PaymentCapturer, sdk.CapturePaymentRequest, *sdk.Payment,
	*pb.CapturePaymentRequest, *pb.CapturePaymentResponse,
]{
	Name:       "CapturePayment",
	Capability: sdk.CapabilityCapturePayment,
	Call:       sdk.PaymentCapturer.CapturePayment,
	Invoke:     providerClient.CapturePayment,

	EncodeRequest: func(account string, req sdk.CapturePaymentRequest) *pb.CapturePaymentRequest {
		return &pb.CapturePaymentRequest{
			Account:        account,
			Payment:        encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey,
			Attempt:        int32(req.Attempt),
			Amount:         encodeMoneyOrNil(req.Amount),
		}
	},
	decodeRequest: func(read *reader, from *pb.CapturePaymentRequest) sdk.CapturePaymentRequest {
		return sdk.CapturePaymentRequest{
			Payment:        decodePaymentContext(read.in("payment"), from.GetPayment()),
			IdempotencyKey: from.GetIdempotencyKey(),
			Attempt:        int(from.GetAttempt()),
			Amount:         read.moneyOrNil("amount", from.GetAmount()),
		}
	},
	encodeResponse: func(payment *sdk.Payment) *pb.CapturePaymentResponse {
		if payment == nil {
			return nil
		}
		return &pb.CapturePaymentResponse{Payment: encodePayment(payment)}
	},
	decodeResponse: paymentOf[*pb.CapturePaymentResponse],
	Idempotency:    func(info *sdk.Info) sdk.IdempotencySupport { return info.CapturePayment },
}

// CancelPayment has a key: a retry must not cancel what was made since.
var CancelPayment = &Verb[
	sdk.PaymentCanceler, sdk.CancelPaymentRequest, *sdk.Payment,
	*pb.CancelPaymentRequest, *pb.CancelPaymentResponse,
]{
	Name:       "CancelPayment",
	Capability: sdk.CapabilityCancelPayment,
	Call:       sdk.PaymentCanceler.CancelPayment,
	Invoke:     providerClient.CancelPayment,

	EncodeRequest: func(account string, req sdk.CancelPaymentRequest) *pb.CancelPaymentRequest {
		return &pb.CancelPaymentRequest{
			Account:        account,
			Payment:        encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey,
			Attempt:        int32(req.Attempt),
			Reason:         req.Reason,
		}
	},
	decodeRequest: func(read *reader, from *pb.CancelPaymentRequest) sdk.CancelPaymentRequest {
		return sdk.CancelPaymentRequest{
			Payment:        decodePaymentContext(read.in("payment"), from.GetPayment()),
			IdempotencyKey: from.GetIdempotencyKey(),
			Attempt:        int(from.GetAttempt()),
			Reason:         from.GetReason(),
		}
	},
	encodeResponse: func(payment *sdk.Payment) *pb.CancelPaymentResponse {
		if payment == nil {
			return nil
		}
		return &pb.CancelPaymentResponse{Payment: encodePayment(payment)}
	},
	decodeResponse: paymentOf[*pb.CancelPaymentResponse],
}

// paymentOf reads the payment that an answer is about.
func paymentOf[Response interface{ GetPayment() *pb.Payment }](
	read *reader, from Response,
) *sdk.Payment {
	return decodePayment(read.in("payment"), from.GetPayment())
}
