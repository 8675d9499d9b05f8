package sdk

import wire "github.com/payhost/payhost/sdk/internal/providerv1"

// recipientToWire leaves out a recipient of whom nothing is known.
func recipientToWire(p Recipient) *wire.Recipient {
	if p == (Recipient{}) {
		return nil
	}
	return &wire.Recipient{
		Id: p.ID, Email: p.Email, Name: p.Name, AccountNumber: p.AccountNumber, Iban: p.IBAN, Phone: p.Phone,
	}
}

func recipientFromWire(w *wire.Recipient) Recipient {
	return Recipient{
		ID: w.GetId(), Email: w.GetEmail(), Name: w.GetName(),
		AccountNumber: w.GetAccountNumber(), IBAN: w.GetIban(), Phone: w.GetPhone(),
	}
}

// payoutToWire gives nil for nil: an event is about one of three things.
func payoutToWire(p *Payout) *wire.Payout {
	if p == nil {
		return nil
	}
	return &wire.Payout{
		ProviderReference: p.ProviderReference,
		Status:            payoutStatuses.toWire(p.Status),
		ProviderStatus:    p.ProviderStatus,
		Amount:            moneyOrNilToWire(p.Amount),
		Message:           p.Message,
		ProviderState:     p.State,
	}
}

// payoutFromWire gives nil for an absent payout, and reports it.
func payoutFromWire(r *reader, w *wire.Payout) *Payout {
	if w == nil {
		r.fail("provider_reference", "the answer has no payout")
		return nil
	}
	return &Payout{
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Status:            present(r, "status", payoutStatuses.fromWire(w.GetStatus())),
		ProviderStatus:    w.GetProviderStatus(),
		Amount:            r.moneyOrNil("amount", w.GetAmount()),
		Message:           w.GetMessage(),
		State:             r.blob("state", w.GetProviderState(), maxState),
	}
}

func listedPayoutToWire(p *ListedPayout) *wire.ListedPayout {
	return &wire.ListedPayout{Reference: p.Reference, Payout: payoutToWire(&p.Payout)}
}

func listedPayoutFromWire(r *reader, w *wire.ListedPayout) ListedPayout {
	out := ListedPayout{Reference: r.reference("reference", w.GetReference())}
	if p := payoutFromWire(r.in("payout"), w.GetPayout()); p != nil {
		out.Payout = *p
	}
	return out
}

func payoutContextToWire(p *PayoutContext) *wire.PayoutContext {
	if p == nil {
		return nil
	}
	return &wire.PayoutContext{
		Reference:         p.Reference,
		ProviderReference: p.ProviderReference,
		Amount:            moneyToWire(p.Amount),
		MerchantReference: p.MerchantReference,
		Method:            p.Method,
		Recipient:         recipientToWire(p.Recipient),
		Options:           p.Options,
		ProviderState:     p.State,
		CreatedAt:         timeToWire(p.CreatedAt),
		Sequence:          p.Sequence,
	}
}

// payoutContextFromWire asks for nothing to be present, like paymentContextFromWire.
func payoutContextFromWire(r *reader, w *wire.PayoutContext) PayoutContext {
	return PayoutContext{
		Reference:         r.reference("reference", w.GetReference()),
		ProviderReference: r.reference("provider_reference", w.GetProviderReference()),
		Amount:            r.money("amount", w.GetAmount()),
		MerchantReference: w.GetMerchantReference(),
		Method:            w.GetMethod(),
		Recipient:         recipientFromWire(w.GetRecipient()),
		Options:           r.object("options", w.GetOptions()),
		State:             r.blob("state", w.GetProviderState(), maxState),
		CreatedAt:         r.time("created_at", w.GetCreatedAt()),
		Sequence:          w.GetSequence(),
	}
}

func payoutContextOrNilFromWire(r *reader, w *wire.PayoutContext) *PayoutContext {
	if w == nil {
		return nil
	}
	c := payoutContextFromWire(r, w)
	return &c
}

// createPayout always moves money. Who is to be paid is the provider's to check: no two ask for the same.
var createPayout = verb[PayoutCreator, CreatePayoutRequest, *Payout, *wire.CreatePayoutRequest, *wire.CreatePayoutResponse]{
	name: "CreatePayout", capability: CapabilityCreatePayout,
	call: PayoutCreator.CreatePayout, invoke: providerClient.CreatePayout,
	requestToWire: createPayoutToWire, requestFromWire: createPayoutFromWire,
	responseToWire: func(p *Payout) *wire.CreatePayoutResponse {
		if p == nil {
			return nil
		}
		return &wire.CreatePayoutResponse{Payout: payoutToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.CreatePayoutResponse) *Payout {
		return payoutFromWire(r.in("payout"), w.GetPayout())
	},
	check: func(r *reader, a *account, req CreatePayoutRequest) {
		checkIntent(r, req.Reference, req.IdempotencyKey, req.Sequence, req.Attempt)
		checkAmount(r, a, req.Amount, a.plugin.PayoutLimits)
		checkFields(r, a.plugin.PayoutFields, payoutTexts(req))
	},
	guarantee: func(i *Info) IdempotencySupport { return i.CreatePayout },
}

func createPayoutToWire(account string, req CreatePayoutRequest) *wire.CreatePayoutRequest {
	return &wire.CreatePayoutRequest{
		Account:           account,
		Reference:         req.Reference,
		IdempotencyKey:    req.IdempotencyKey,
		Sequence:          req.Sequence,
		Attempt:           int32(req.Attempt),
		Amount:            moneyToWire(req.Amount),
		MerchantReference: req.MerchantReference,
		Description:       req.Description,
		Method:            req.Method,
		Recipient:         recipientToWire(req.Recipient),
		NotifyUrl:         req.NotifyURL,
		Metadata:          req.Metadata,
		Options:           req.Options,
	}
}

func createPayoutFromWire(r *reader, w *wire.CreatePayoutRequest) CreatePayoutRequest {
	return CreatePayoutRequest{
		Reference:         w.GetReference(),
		IdempotencyKey:    w.GetIdempotencyKey(),
		Sequence:          w.GetSequence(),
		Attempt:           int(w.GetAttempt()),
		Amount:            r.money("amount", w.GetAmount()),
		MerchantReference: w.GetMerchantReference(),
		Description:       w.GetDescription(),
		Method:            w.GetMethod(),
		Recipient:         recipientFromWire(w.GetRecipient()),
		NotifyURL:         w.GetNotifyUrl(),
		Metadata:          w.GetMetadata(),
		Options:           r.object("provider_options", w.GetOptions()),
	}
}

// getPayout needs no key: it changes nothing.
var getPayout = verb[PayoutGetter, GetPayoutRequest, *Payout, *wire.GetPayoutRequest, *wire.GetPayoutResponse]{
	name: "GetPayout", capability: CapabilityGetPayout,
	call: PayoutGetter.GetPayout, invoke: providerClient.GetPayout,
	requestToWire: func(account string, req GetPayoutRequest) *wire.GetPayoutRequest {
		return &wire.GetPayoutRequest{Account: account, Payout: payoutContextToWire(&req.Payout)}
	},
	requestFromWire: func(r *reader, w *wire.GetPayoutRequest) GetPayoutRequest {
		return GetPayoutRequest{Payout: payoutContextFromWire(r.in("payout"), w.GetPayout())}
	},
	responseToWire: func(p *Payout) *wire.GetPayoutResponse {
		if p == nil {
			return nil
		}
		return &wire.GetPayoutResponse{Payout: payoutToWire(p)}
	},
	responseFromWire: func(r *reader, w *wire.GetPayoutResponse) *Payout {
		return payoutFromWire(r.in("payout"), w.GetPayout())
	},
}

// listPayouts is asked in one of two ways, as the provider declares.
var listPayouts = verb[PayoutLister, ListPayoutsRequest, *ListPayoutsResponse, *wire.ListPayoutsRequest, *wire.ListPayoutsResponse]{
	name: "ListPayouts", capability: CapabilityListPayouts,
	call: PayoutLister.ListPayouts, invoke: providerClient.ListPayouts,
	requestToWire: func(account string, req ListPayoutsRequest) *wire.ListPayoutsRequest {
		return &wire.ListPayoutsRequest{
			Account: account, Payouts: listToWire(req.Payouts, payoutContextToWire),
			From: timeToWire(req.From), To: timeToWire(req.To), PageToken: req.PageToken,
		}
	},
	requestFromWire: func(r *reader, w *wire.ListPayoutsRequest) ListPayoutsRequest {
		return ListPayoutsRequest{
			Payouts: listFromWire(r, "payouts", w.GetPayouts(), payoutContextFromWire),
			From:    r.time("from", w.GetFrom()), To: r.time("to", w.GetTo()),
			PageToken: r.bounded("page_token", w.GetPageToken(), maxPageToken),
		}
	},
	responseToWire: func(resp *ListPayoutsResponse) *wire.ListPayoutsResponse {
		if resp == nil {
			return nil
		}
		return &wire.ListPayoutsResponse{
			Payouts: listToWire(resp.Payouts, listedPayoutToWire), NextPageToken: resp.NextPageToken,
		}
	},
	responseFromWire: func(r *reader, w *wire.ListPayoutsResponse) *ListPayoutsResponse {
		return &ListPayoutsResponse{
			Payouts:       listFromWire(r, "payouts", w.GetPayouts(), listedPayoutFromWire),
			NextPageToken: r.bounded("next_page_token", w.GetNextPageToken(), maxPageToken),
		}
	},
	check: func(r *reader, a *account, req ListPayoutsRequest) {
		checkList(r, "payouts", a.plugin.PayoutLookup, len(req.Payouts), req.From, req.To)
	},
}
