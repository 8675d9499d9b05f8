package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeRefund gives nil for nil: an event is about one of three things.
func encodeRefund(p *sdk.Refund) *pb.Refund {
	if p == nil {
		return nil
	}
	return &pb.Refund{
		ProviderReference: p.ProviderReference,
		Status:            refundStatuses.encode(p.Status),
		ProviderStatus:    p.ProviderStatus,
		Amount:            encodeMoneyOrNil(p.Amount),
		Message:           p.Message,
		ProviderState:     p.State,
	}
}

// decodeRefund gives nil for an absent refund, and reports it.
func decodeRefund(r *reader, w *pb.Refund) *sdk.Refund {
	if w == nil {
		r.fail("provider_reference", "the answer has no refund")
		return nil
	}
	return &sdk.Refund{
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Status:            present(r, "status", refundStatuses.decode(w.GetStatus())),
		ProviderStatus:    w.GetProviderStatus(),
		Amount:            r.moneyOrNil("amount", w.GetAmount()),
		Message:           w.GetMessage(),
		State:             r.blob("state", w.GetProviderState(), maxState),
	}
}

func encodeRefundContext(p *sdk.RefundContext) *pb.RefundContext {
	return &pb.RefundContext{
		Reference:         p.Reference,
		ProviderReference: p.ProviderReference,
		Amount:            encodeMoney(p.Amount),
		Payment:           encodePaymentContext(&p.Payment),
		ProviderState:     p.State,
		CreatedAt:         encodeTime(p.CreatedAt),
		Sequence:          p.Sequence,
	}
}

// decodeRefundContext asks for nothing to be present, like decodePaymentContext.
func decodeRefundContext(r *reader, w *pb.RefundContext) sdk.RefundContext {
	return sdk.RefundContext{
		Reference:         r.reference("reference", w.GetReference()),
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Amount:            r.money("amount", w.GetAmount()),
		Payment:           decodePaymentContext(r.in("payment"), w.GetPayment()),
		State:             r.blob("state", w.GetProviderState(), maxState),
		CreatedAt:         r.time("created_at", w.GetCreatedAt()),
		Sequence:          w.GetSequence(),
	}
}

// CreateRefund has its own reference and sequence. Limits are those of payments, so none are checked here.
var CreateRefund = Verb[sdk.RefundCreator, sdk.CreateRefundRequest, *sdk.Refund, *pb.CreateRefundRequest, *pb.CreateRefundResponse]{
	Name: "CreateRefund", Capability: sdk.CapabilityCreateRefund,
	Call: sdk.RefundCreator.CreateRefund, Invoke: providerClient.CreateRefund,
	EncodeRequest: func(account string, req sdk.CreateRefundRequest) *pb.CreateRefundRequest {
		return &pb.CreateRefundRequest{
			Account: account, Reference: req.Reference, Payment: encodePaymentContext(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Sequence: req.Sequence, Attempt: int32(req.Attempt),
			Amount: encodeMoney(req.Amount), Reason: req.Reason,
		}
	},
	decodeRequest: func(r *reader, w *pb.CreateRefundRequest) sdk.CreateRefundRequest {
		return sdk.CreateRefundRequest{
			Reference: w.GetReference(), Payment: decodePaymentContext(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Sequence: w.GetSequence(), Attempt: int(w.GetAttempt()),
			Amount: r.money("amount", w.GetAmount()), Reason: w.GetReason(),
		}
	},
	encodeResponse: func(p *sdk.Refund) *pb.CreateRefundResponse {
		if p == nil {
			return nil
		}
		return &pb.CreateRefundResponse{Refund: encodeRefund(p)}
	},
	decodeResponse: func(r *reader, w *pb.CreateRefundResponse) *sdk.Refund {
		return decodeRefund(r.in("refund"), w.GetRefund())
	},
	Idempotency: func(i *sdk.Info) sdk.IdempotencySupport { return i.CreateRefund },
}

// GetRefund needs no key: it changes nothing.
var GetRefund = Verb[sdk.RefundGetter, sdk.GetRefundRequest, *sdk.Refund, *pb.GetRefundRequest, *pb.GetRefundResponse]{
	Name: "GetRefund", Capability: sdk.CapabilityGetRefund,
	Call: sdk.RefundGetter.GetRefund, Invoke: providerClient.GetRefund,
	EncodeRequest: func(account string, req sdk.GetRefundRequest) *pb.GetRefundRequest {
		return &pb.GetRefundRequest{Account: account, Refund: encodeRefundContext(&req.Refund)}
	},
	decodeRequest: func(r *reader, w *pb.GetRefundRequest) sdk.GetRefundRequest {
		return sdk.GetRefundRequest{Refund: decodeRefundContext(r.in("refund"), w.GetRefund())}
	},
	encodeResponse: func(p *sdk.Refund) *pb.GetRefundResponse {
		if p == nil {
			return nil
		}
		return &pb.GetRefundResponse{Refund: encodeRefund(p)}
	},
	decodeResponse: func(r *reader, w *pb.GetRefundResponse) *sdk.Refund {
		return decodeRefund(r.in("refund"), w.GetRefund())
	},
}
