package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeRefund returns nil for nil: an event is about one of three things.
func encodeRefund(refund *sdk.Refund) *pb.Refund {
	if refund == nil {
		return nil
	}

	return &pb.Refund{
		ProviderReference: refund.ProviderReference,
		Status:            refundStatuses.encode(refund.Status),
		ProviderStatus:    refund.ProviderStatus,
		Amount:            encodeMoneyOrNil(refund.Amount),
		Message:           refund.Message,
		ProviderState:     refund.State,
	}
}

// decodeRefund returns nil for an absent refund, and reports it.
func decodeRefund(read *reader, from *pb.Refund) *sdk.Refund {
	if from == nil {
		read.fail("provider_reference", "the answer has no refund")
		return nil
	}

	return &sdk.Refund{
		ProviderReference: read.reference("provider_reference", from.GetProviderReference()),
		Status:            present(read, "status", refundStatuses.decode(from.GetStatus())),
		ProviderStatus:    from.GetProviderStatus(),
		Amount:            read.moneyOrNil("amount", from.GetAmount()),
		Message:           from.GetMessage(),
		State:             read.blob("state", from.GetProviderState(), maxState),
	}
}

func encodeRefundContext(refund *sdk.RefundContext) *pb.RefundContext {
	return &pb.RefundContext{
		Reference:         refund.Reference,
		ProviderReference: refund.ProviderReference,
		Amount:            encodeMoney(refund.Amount),
		Payment:           encodePaymentContext(&refund.Payment),
		ProviderState:     refund.State,
		CreatedAt:         encodeTime(refund.CreatedAt),
		Sequence:          refund.Sequence,
	}
}

// decodeRefundContext insists on nothing, like decodePaymentContext.
func decodeRefundContext(read *reader, from *pb.RefundContext) sdk.RefundContext {
	return sdk.RefundContext{
		Reference:         read.reference("reference", from.GetReference()),
		ProviderReference: read.reference("provider_reference", from.GetProviderReference()),
		Amount:            read.money("amount", from.GetAmount()),
		Payment:           decodePaymentContext(read.in("payment"), from.GetPayment()),
		State:             read.blob("state", from.GetProviderState(), maxState),
		CreatedAt:         read.time("created_at", from.GetCreatedAt()),
		Sequence:          from.GetSequence(),
	}
}

// CreateRefund has its own reference and sequence.
var CreateRefund = &Verb[
	sdk.RefundCreator, sdk.CreateRefundRequest, *sdk.Refund,
	*pb.CreateRefundRequest, *pb.CreateRefundResponse,
]{
	Name:       "CreateRefund",
	Capability: sdk.CapabilityCreateRefund,
	Call:       sdk.RefundCreator.CreateRefund,
	Invoke:     providerClient.CreateRefund,

	EncodeRequest: func(account string, req sdk.CreateRefundRequest) *pb.CreateRefundRequest {
		return &pb.CreateRefundRequest{
			Account:        account,
			Reference:      req.Reference,
			Payment:        encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey,
			Sequence:       req.Sequence,
			Attempt:        int32(req.Attempt),
			Amount:         encodeMoney(req.Amount),
			Reason:         req.Reason,
		}
	},
	decodeRequest: func(read *reader, from *pb.CreateRefundRequest) sdk.CreateRefundRequest {
		return sdk.CreateRefundRequest{
			Reference:      from.GetReference(),
			Payment:        decodePaymentContext(read.in("payment"), from.GetPayment()),
			IdempotencyKey: from.GetIdempotencyKey(),
			Sequence:       from.GetSequence(),
			Attempt:        int(from.GetAttempt()),
			Amount:         read.money("amount", from.GetAmount()),
			Reason:         from.GetReason(),
		}
	},
	encodeResponse: func(refund *sdk.Refund) *pb.CreateRefundResponse {
		if refund == nil {
			return nil
		}
		return &pb.CreateRefundResponse{Refund: encodeRefund(refund)}
	},
	decodeResponse: func(read *reader, from *pb.CreateRefundResponse) *sdk.Refund {
		return decodeRefund(read.in("refund"), from.GetRefund())
	},
	Idempotency: func(info *sdk.Info) sdk.IdempotencySupport { return info.CreateRefund },
}

// GetRefund needs no key: it changes nothing.
var GetRefund = &Verb[
	sdk.RefundGetter, sdk.GetRefundRequest, *sdk.Refund,
	*pb.GetRefundRequest, *pb.GetRefundResponse,
]{
	Name:       "GetRefund",
	Capability: sdk.CapabilityGetRefund,
	Call:       sdk.RefundGetter.GetRefund,
	Invoke:     providerClient.GetRefund,

	EncodeRequest: func(account string, req sdk.GetRefundRequest) *pb.GetRefundRequest {
		return &pb.GetRefundRequest{
			Account: account,
			Refund:  encodeRefundContext(&req.Refund),
		}
	},
	decodeRequest: func(read *reader, from *pb.GetRefundRequest) sdk.GetRefundRequest {
		return sdk.GetRefundRequest{
			Refund: decodeRefundContext(read.in("refund"), from.GetRefund()),
		}
	},
	encodeResponse: func(refund *sdk.Refund) *pb.GetRefundResponse {
		if refund == nil {
			return nil
		}
		return &pb.GetRefundResponse{Refund: encodeRefund(refund)}
	},
	decodeResponse: func(read *reader, from *pb.GetRefundResponse) *sdk.Refund {
		return decodeRefund(read.in("refund"), from.GetRefund())
	},
}
