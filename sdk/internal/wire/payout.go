package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeRecipient leaves out a recipient of whom nothing is known.
func encodeRecipient(p sdk.Recipient) *pb.Recipient {
	if p == (sdk.Recipient{}) {
		return nil
	}
	return &pb.Recipient{
		Id: p.ID, Email: p.Email, Name: p.Name, AccountNumber: p.AccountNumber, Iban: p.IBAN, Phone: p.Phone,
	}
}

func decodeRecipient(w *pb.Recipient) sdk.Recipient {
	return sdk.Recipient{
		ID: w.GetId(), Email: w.GetEmail(), Name: w.GetName(),
		AccountNumber: w.GetAccountNumber(), IBAN: w.GetIban(), Phone: w.GetPhone(),
	}
}

// encodePayout gives nil for nil: an event is about one of three things.
func encodePayout(p *sdk.Payout) *pb.Payout {
	if p == nil {
		return nil
	}
	return &pb.Payout{
		ProviderReference: p.ProviderReference,
		Status:            payoutStatuses.encode(p.Status),
		ProviderStatus:    p.ProviderStatus,
		Amount:            encodeMoneyOrNil(p.Amount),
		Message:           p.Message,
		ProviderState:     p.State,
	}
}

// decodePayout gives nil for an absent payout, and reports it.
func decodePayout(r *reader, w *pb.Payout) *sdk.Payout {
	if w == nil {
		r.fail("provider_reference", "the answer has no payout")
		return nil
	}
	return &sdk.Payout{
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Status:            present(r, "status", payoutStatuses.decode(w.GetStatus())),
		ProviderStatus:    w.GetProviderStatus(),
		Amount:            r.moneyOrNil("amount", w.GetAmount()),
		Message:           w.GetMessage(),
		State:             r.blob("state", w.GetProviderState(), maxState),
	}
}

func encodeListedPayout(p *sdk.ListedPayout) *pb.ListedPayout {
	return &pb.ListedPayout{Reference: p.Reference, Payout: encodePayout(&p.Payout)}
}

func decodeListedPayout(r *reader, w *pb.ListedPayout) sdk.ListedPayout {
	out := sdk.ListedPayout{Reference: r.reference("reference", w.GetReference())}
	if p := decodePayout(r.in("payout"), w.GetPayout()); p != nil {
		out.Payout = *p
	}
	return out
}

func encodePayoutContext(p *sdk.PayoutContext) *pb.PayoutContext {
	if p == nil {
		return nil
	}
	return &pb.PayoutContext{
		Reference:         p.Reference,
		ProviderReference: p.ProviderReference,
		Amount:            encodeMoney(p.Amount),
		MerchantReference: p.MerchantReference,
		Method:            p.Method,
		Recipient:         encodeRecipient(p.Recipient),
		Options:           p.Options,
		ProviderState:     p.State,
		CreatedAt:         encodeTime(p.CreatedAt),
		Sequence:          p.Sequence,
	}
}

// decodePayoutContext asks for nothing to be present, like decodePaymentContext.
func decodePayoutContext(r *reader, w *pb.PayoutContext) sdk.PayoutContext {
	return sdk.PayoutContext{
		Reference:         r.reference("reference", w.GetReference()),
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Amount:            r.money("amount", w.GetAmount()),
		MerchantReference: w.GetMerchantReference(),
		Method:            w.GetMethod(),
		Recipient:         decodeRecipient(w.GetRecipient()),
		Options:           r.object("options", w.GetOptions()),
		State:             r.blob("state", w.GetProviderState(), maxState),
		CreatedAt:         r.time("created_at", w.GetCreatedAt()),
		Sequence:          w.GetSequence(),
	}
}

func decodePayoutContextOrNil(r *reader, w *pb.PayoutContext) *sdk.PayoutContext {
	if w == nil {
		return nil
	}
	c := decodePayoutContext(r, w)
	return &c
}

// CreatePayout always moves money. Who is to be paid is the provider's to check: no two ask for the same.
var CreatePayout = Verb[sdk.PayoutCreator, sdk.CreatePayoutRequest, *sdk.Payout, *pb.CreatePayoutRequest, *pb.CreatePayoutResponse]{
	Name: "CreatePayout", Capability: sdk.CapabilityCreatePayout,
	Call: sdk.PayoutCreator.CreatePayout, Invoke: providerClient.CreatePayout,
	EncodeRequest: encodeCreatePayout, decodeRequest: decodeCreatePayout,
	encodeResponse: func(p *sdk.Payout) *pb.CreatePayoutResponse {
		if p == nil {
			return nil
		}
		return &pb.CreatePayoutResponse{Payout: encodePayout(p)}
	},
	decodeResponse: func(r *reader, w *pb.CreatePayoutResponse) *sdk.Payout {
		return decodePayout(r.in("payout"), w.GetPayout())
	},
	Idempotency: func(i *sdk.Info) sdk.IdempotencySupport { return i.CreatePayout },
}

func encodeCreatePayout(account string, req sdk.CreatePayoutRequest) *pb.CreatePayoutRequest {
	return &pb.CreatePayoutRequest{
		Account:           account,
		Reference:         req.Reference,
		IdempotencyKey:    req.IdempotencyKey,
		Sequence:          req.Sequence,
		Attempt:           int32(req.Attempt),
		Amount:            encodeMoney(req.Amount),
		MerchantReference: req.MerchantReference,
		Description:       req.Description,
		Method:            req.Method,
		Recipient:         encodeRecipient(req.Recipient),
		NotifyUrl:         req.NotifyURL,
		Metadata:          req.Metadata,
		Options:           req.Options,
	}
}

func decodeCreatePayout(r *reader, w *pb.CreatePayoutRequest) sdk.CreatePayoutRequest {
	return sdk.CreatePayoutRequest{
		Reference:         w.GetReference(),
		IdempotencyKey:    w.GetIdempotencyKey(),
		Sequence:          w.GetSequence(),
		Attempt:           int(w.GetAttempt()),
		Amount:            r.money("amount", w.GetAmount()),
		MerchantReference: w.GetMerchantReference(),
		Description:       w.GetDescription(),
		Method:            w.GetMethod(),
		Recipient:         decodeRecipient(w.GetRecipient()),
		NotifyURL:         w.GetNotifyUrl(),
		Metadata:          w.GetMetadata(),
		Options:           r.object("provider_options", w.GetOptions()),
	}
}

// GetPayout needs no key: it changes nothing.
var GetPayout = Verb[sdk.PayoutGetter, sdk.GetPayoutRequest, *sdk.Payout, *pb.GetPayoutRequest, *pb.GetPayoutResponse]{
	Name: "GetPayout", Capability: sdk.CapabilityGetPayout,
	Call: sdk.PayoutGetter.GetPayout, Invoke: providerClient.GetPayout,
	EncodeRequest: func(account string, req sdk.GetPayoutRequest) *pb.GetPayoutRequest {
		return &pb.GetPayoutRequest{Account: account, Payout: encodePayoutContext(&req.Payout)}
	},
	decodeRequest: func(r *reader, w *pb.GetPayoutRequest) sdk.GetPayoutRequest {
		return sdk.GetPayoutRequest{Payout: decodePayoutContext(r.in("payout"), w.GetPayout())}
	},
	encodeResponse: func(p *sdk.Payout) *pb.GetPayoutResponse {
		if p == nil {
			return nil
		}
		return &pb.GetPayoutResponse{Payout: encodePayout(p)}
	},
	decodeResponse: func(r *reader, w *pb.GetPayoutResponse) *sdk.Payout {
		return decodePayout(r.in("payout"), w.GetPayout())
	},
}

// ListPayouts is asked in one of two ways, as the provider declares.
var ListPayouts = Verb[sdk.PayoutLister, sdk.ListPayoutsRequest, *sdk.ListPayoutsResponse, *pb.ListPayoutsRequest, *pb.ListPayoutsResponse]{
	Name: "ListPayouts", Capability: sdk.CapabilityListPayouts,
	Call: sdk.PayoutLister.ListPayouts, Invoke: providerClient.ListPayouts,
	EncodeRequest: func(account string, req sdk.ListPayoutsRequest) *pb.ListPayoutsRequest {
		return &pb.ListPayoutsRequest{
			Account: account, Payouts: encodeList(req.Payouts, encodePayoutContext),
			From: encodeTime(req.From), To: encodeTime(req.To), PageToken: req.PageToken,
		}
	},
	decodeRequest: func(r *reader, w *pb.ListPayoutsRequest) sdk.ListPayoutsRequest {
		return sdk.ListPayoutsRequest{
			Payouts: decodeList(r, "payouts", w.GetPayouts(), decodePayoutContext),
			From:    r.time("from", w.GetFrom()), To: r.time("to", w.GetTo()),
			PageToken: r.bounded("page_token", w.GetPageToken(), maxPageToken),
		}
	},
	encodeResponse: func(resp *sdk.ListPayoutsResponse) *pb.ListPayoutsResponse {
		if resp == nil {
			return nil
		}
		return &pb.ListPayoutsResponse{
			Payouts: encodeList(resp.Payouts, encodeListedPayout), NextPageToken: resp.NextPageToken,
		}
	},
	decodeResponse: func(r *reader, w *pb.ListPayoutsResponse) *sdk.ListPayoutsResponse {
		return &sdk.ListPayoutsResponse{
			Payouts:       decodeList(r, "payouts", w.GetPayouts(), decodeListedPayout),
			NextPageToken: r.bounded("next_page_token", w.GetNextPageToken(), maxPageToken),
		}
	},
}
