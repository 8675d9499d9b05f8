package wire

import (
	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// encodeRecipient returns nil for a recipient of whom nothing is known.
func encodeRecipient(recipient sdk.Recipient) *pb.Recipient {
	if recipient == (sdk.Recipient{}) {
		return nil
	}

	return &pb.Recipient{
		Id:            recipient.ID,
		Email:         recipient.Email,
		Name:          recipient.Name,
		AccountNumber: recipient.AccountNumber,
		Iban:          recipient.IBAN,
		Phone:         recipient.Phone,
	}
}

func decodeRecipient(from *pb.Recipient) sdk.Recipient {
	return sdk.Recipient{
		ID:            from.GetId(),
		Email:         from.GetEmail(),
		Name:          from.GetName(),
		AccountNumber: from.GetAccountNumber(),
		IBAN:          from.GetIban(),
		Phone:         from.GetPhone(),
	}
}

// encodePayout returns nil for nil: an event is about one of three things.
func encodePayout(payout *sdk.Payout) *pb.Payout {
	if payout == nil {
		return nil
	}

	return &pb.Payout{
		ProviderReference: payout.ProviderReference,
		Status:            payoutStatuses.encode(payout.Status),
		ProviderStatus:    payout.ProviderStatus,
		Amount:            encodeMoneyOrNil(payout.Amount),
		Message:           payout.Message,
		ProviderState:     payout.State,
	}
}

// decodePayout returns nil for an absent payout, and reports it.
func decodePayout(read *reader, from *pb.Payout) *sdk.Payout {
	if from == nil {
		read.fail("provider_reference", "the answer has no payout")
		return nil
	}

	return &sdk.Payout{
		ProviderReference: read.reference("provider_reference", from.GetProviderReference()),
		Status:            present(read, "status", payoutStatuses.decode(from.GetStatus())),
		ProviderStatus:    from.GetProviderStatus(),
		Amount:            read.moneyOrNil("amount", from.GetAmount()),
		Message:           from.GetMessage(),
		State:             read.blob("state", from.GetProviderState(), maxState),
	}
}

func encodeListedPayout(listed *sdk.ListedPayout) *pb.ListedPayout {
	return &pb.ListedPayout{Reference: listed.Reference, Payout: encodePayout(&listed.Payout)}
}

func decodeListedPayout(read *reader, from *pb.ListedPayout) sdk.ListedPayout {
	listed := sdk.ListedPayout{Reference: read.reference("reference", from.GetReference())}
	payout := decodePayout(read.in("payout"), from.GetPayout())
	if payout != nil {
		listed.Payout = *payout
	}
	return listed
}

func encodePayoutContext(payout *sdk.PayoutContext) *pb.PayoutContext {
	if payout == nil {
		return nil
	}

	return &pb.PayoutContext{
		Reference:         payout.Reference,
		ProviderReference: payout.ProviderReference,
		Amount:            encodeMoney(payout.Amount),
		MerchantReference: payout.MerchantReference,
		Method:            payout.Method,
		Recipient:         encodeRecipient(payout.Recipient),
		Options:           payout.Options,
		ProviderState:     payout.State,
		CreatedAt:         encodeTime(payout.CreatedAt),
		Sequence:          payout.Sequence,
	}
}

// decodePayoutContext insists on nothing, like decodePaymentContext.
func decodePayoutContext(read *reader, from *pb.PayoutContext) sdk.PayoutContext {
	return sdk.PayoutContext{
		Reference:         read.reference("reference", from.GetReference()),
		ProviderReference: read.reference("provider_reference", from.GetProviderReference()),
		Amount:            read.money("amount", from.GetAmount()),
		MerchantReference: from.GetMerchantReference(),
		Method:            from.GetMethod(),
		Recipient:         decodeRecipient(from.GetRecipient()),
		Options:           read.object("options", from.GetOptions()),
		State:             read.blob("state", from.GetProviderState(), maxState),
		CreatedAt:         read.time("created_at", from.GetCreatedAt()),
		Sequence:          from.GetSequence(),
	}
}

func decodePayoutContextOrNil(read *reader, from *pb.PayoutContext) *sdk.PayoutContext {
	if from == nil {
		return nil
	}
	payout := decodePayoutContext(read, from)
	return &payout
}

// CreatePayout always moves money.
var CreatePayout = &Verb[
	sdk.PayoutCreator, sdk.CreatePayoutRequest, *sdk.Payout,
	*pb.CreatePayoutRequest, *pb.CreatePayoutResponse,
]{
	Name:       "CreatePayout",
	Capability: sdk.CapabilityCreatePayout,
	Call:       sdk.PayoutCreator.CreatePayout,
	Invoke:     providerClient.CreatePayout,

	EncodeRequest: encodeCreatePayout,
	decodeRequest: decodeCreatePayout,
	encodeResponse: func(payout *sdk.Payout) *pb.CreatePayoutResponse {
		if payout == nil {
			return nil
		}
		return &pb.CreatePayoutResponse{Payout: encodePayout(payout)}
	},
	decodeResponse: func(read *reader, from *pb.CreatePayoutResponse) *sdk.Payout {
		return decodePayout(read.in("payout"), from.GetPayout())
	},
	Idempotency: func(info *sdk.Info) sdk.IdempotencySupport { return info.CreatePayout },
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

func decodeCreatePayout(read *reader, from *pb.CreatePayoutRequest) sdk.CreatePayoutRequest {
	return sdk.CreatePayoutRequest{
		Reference:         from.GetReference(),
		IdempotencyKey:    from.GetIdempotencyKey(),
		Sequence:          from.GetSequence(),
		Attempt:           int(from.GetAttempt()),
		Amount:            read.money("amount", from.GetAmount()),
		MerchantReference: from.GetMerchantReference(),
		Description:       from.GetDescription(),
		Method:            from.GetMethod(),
		Recipient:         decodeRecipient(from.GetRecipient()),
		NotifyURL:         from.GetNotifyUrl(),
		Metadata:          from.GetMetadata(),
		Options:           read.object("provider_options", from.GetOptions()),
	}
}

// GetPayout needs no key: it changes nothing.
var GetPayout = &Verb[
	sdk.PayoutGetter, sdk.GetPayoutRequest, *sdk.Payout,
	*pb.GetPayoutRequest, *pb.GetPayoutResponse,
]{
	Name:       "GetPayout",
	Capability: sdk.CapabilityGetPayout,
	Call:       sdk.PayoutGetter.GetPayout,
	Invoke:     providerClient.GetPayout,

	EncodeRequest: func(account string, req sdk.GetPayoutRequest) *pb.GetPayoutRequest {
		return &pb.GetPayoutRequest{
			Account: account,
			Payout:  encodePayoutContext(&req.Payout),
		}
	},
	decodeRequest: func(read *reader, from *pb.GetPayoutRequest) sdk.GetPayoutRequest {
		return sdk.GetPayoutRequest{
			Payout: decodePayoutContext(read.in("payout"), from.GetPayout()),
		}
	},
	encodeResponse: func(payout *sdk.Payout) *pb.GetPayoutResponse {
		if payout == nil {
			return nil
		}
		return &pb.GetPayoutResponse{Payout: encodePayout(payout)}
	},
	decodeResponse: func(read *reader, from *pb.GetPayoutResponse) *sdk.Payout {
		return decodePayout(read.in("payout"), from.GetPayout())
	},
}

// ListPayouts is asked in one of two ways, as the provider declares.
var ListPayouts = &Verb[
	sdk.PayoutLister, sdk.ListPayoutsRequest, *sdk.ListPayoutsResponse,
	*pb.ListPayoutsRequest, *pb.ListPayoutsResponse,
]{
	Name:       "ListPayouts",
	Capability: sdk.CapabilityListPayouts,
	Call:       sdk.PayoutLister.ListPayouts,
	Invoke:     providerClient.ListPayouts,

	EncodeRequest: func(account string, req sdk.ListPayoutsRequest) *pb.ListPayoutsRequest {
		return &pb.ListPayoutsRequest{
			Account:   account,
			Payouts:   encodeList(req.Payouts, encodePayoutContext),
			From:      encodeTime(req.From),
			To:        encodeTime(req.To),
			PageToken: req.PageToken,
		}
	},
	decodeRequest: func(read *reader, from *pb.ListPayoutsRequest) sdk.ListPayoutsRequest {
		return sdk.ListPayoutsRequest{
			Payouts:   decodeList(read, "payouts", from.GetPayouts(), decodePayoutContext),
			From:      read.time("from", from.GetFrom()),
			To:        read.time("to", from.GetTo()),
			PageToken: read.bounded("page_token", from.GetPageToken(), maxPageToken),
		}
	},
	encodeResponse: func(resp *sdk.ListPayoutsResponse) *pb.ListPayoutsResponse {
		if resp == nil {
			return nil
		}
		return &pb.ListPayoutsResponse{
			Payouts:       encodeList(resp.Payouts, encodeListedPayout),
			NextPageToken: resp.NextPageToken,
		}
	},
	decodeResponse: func(read *reader, from *pb.ListPayoutsResponse) *sdk.ListPayoutsResponse {
		return &sdk.ListPayoutsResponse{
			Payouts:       decodeList(read, "payouts", from.GetPayouts(), decodeListedPayout),
			NextPageToken: read.bounded("next_page_token", from.GetNextPageToken(), maxPageToken),
		}
	},
}
