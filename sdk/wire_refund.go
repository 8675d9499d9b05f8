package sdk

import wire "github.com/payhost/payhost/sdk/internal/providerv1"

// refundToWire gives nil for nil: an event is about one of three things.
func refundToWire(p *Refund) *wire.Refund {
	if p == nil {
		return nil
	}
	return &wire.Refund{
		ProviderReference: p.ProviderReference,
		Status:            refundStatuses.toWire(p.Status),
		ProviderStatus:    p.ProviderStatus,
		Amount:            moneyOrNilToWire(p.Amount),
		Message:           p.Message,
		ProviderState:     p.State,
	}
}

// refundFromWire gives nil for an absent refund, and reports it.
func refundFromWire(r *reader, w *wire.Refund) *Refund {
	if w == nil {
		r.fail("provider_reference", "the answer has no refund")
		return nil
	}
	return &Refund{
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Status:            present(r, "status", refundStatuses.fromWire(w.GetStatus())),
		ProviderStatus:    w.GetProviderStatus(),
		Amount:            r.moneyOrNil("amount", w.GetAmount()),
		Message:           w.GetMessage(),
		State:             r.blob("state", w.GetProviderState(), maxState),
	}
}

func refundContextToWire(p *RefundContext) *wire.RefundContext {
	return &wire.RefundContext{
		Reference:         p.Reference,
		ProviderReference: p.ProviderReference,
		Amount:            moneyToWire(p.Amount),
		Payment:           paymentContextToWire(&p.Payment),
		ProviderState:     p.State,
		CreatedAt:         timeToWire(p.CreatedAt),
		Sequence:          p.Sequence,
	}
}

// refundContextFromWire asks for nothing to be present, like paymentContextFromWire.
func refundContextFromWire(r *reader, w *wire.RefundContext) RefundContext {
	return RefundContext{
		Reference:         r.reference("reference", w.GetReference()),
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Amount:            r.money("amount", w.GetAmount()),
		Payment:           paymentContextFromWire(r.in("payment"), w.GetPayment()),
		State:             r.blob("state", w.GetProviderState(), maxState),
		CreatedAt:         r.time("created_at", w.GetCreatedAt()),
		Sequence:          w.GetSequence(),
	}
}

// createRefund has its own reference and sequence. Limits are those of payments, so none are checked here.
var createRefund = verb[RefundCreator, CreateRefundRequest, *Refund, *wire.CreateRefundRequest, *wire.CreateRefundResponse]{
	name: "CreateRefund", capability: CapabilityCreateRefund,
	call: RefundCreator.CreateRefund, invoke: providerClient.CreateRefund,
	requestToWire: func(account string, req CreateRefundRequest) *wire.CreateRefundRequest {
		return &wire.CreateRefundRequest{
			Account: account, Reference: req.Reference, Payment: paymentContextToWire(&req.Payment),
			IdempotencyKey: req.IdempotencyKey, Sequence: req.Sequence, Attempt: int32(req.Attempt),
			Amount: moneyToWire(req.Amount), Reason: req.Reason,
		}
	},
	requestFromWire: func(r *reader, w *wire.CreateRefundRequest) CreateRefundRequest {
		return CreateRefundRequest{
			Reference: w.GetReference(), Payment: paymentContextFromWire(r.in("payment"), w.GetPayment()),
			IdempotencyKey: w.GetIdempotencyKey(), Sequence: w.GetSequence(), Attempt: int(w.GetAttempt()),
			Amount: r.money("amount", w.GetAmount()), Reason: w.GetReason(),
		}
	},
	responseToWire: func(p *Refund) *wire.CreateRefundResponse {
		if p == nil {
			return nil
		}
		return &wire.CreateRefundResponse{Refund: refundToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.CreateRefundResponse) *Refund {
		return refundFromWire(r.in("refund"), w.GetRefund())
	},
	check: func(r *reader, a *account, req CreateRefundRequest) {
		checkIntent(r, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
		checkAmount(r, a, req.Amount, nil)
	},
	guarantee: func(i *Info) IdempotencySupport { return i.CreateRefund },
}

// getRefund needs no key: it changes nothing.
var getRefund = verb[RefundGetter, GetRefundRequest, *Refund, *wire.GetRefundRequest, *wire.GetRefundResponse]{
	name: "GetRefund", capability: CapabilityGetRefund,
	call: RefundGetter.GetRefund, invoke: providerClient.GetRefund,
	requestToWire: func(account string, req GetRefundRequest) *wire.GetRefundRequest {
		return &wire.GetRefundRequest{Account: account, Refund: refundContextToWire(&req.Refund)}
	},
	requestFromWire: func(r *reader, w *wire.GetRefundRequest) GetRefundRequest {
		return GetRefundRequest{Refund: refundContextFromWire(r.in("refund"), w.GetRefund())}
	},
	responseToWire: func(p *Refund) *wire.GetRefundResponse {
		if p == nil {
			return nil
		}
		return &wire.GetRefundResponse{Refund: refundToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.GetRefundResponse) *Refund {
		return refundFromWire(r.in("refund"), w.GetRefund())
	},
}
