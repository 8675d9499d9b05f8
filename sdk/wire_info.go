package sdk

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// Names become file names, URLs and metrics: hosts rely on their form.
var (
	pluginName    = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	operationName = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

func infoToWire(i *Info) *wire.GetInfoResponse {
	return &wire.GetInfoResponse{
		Name:            i.Name,
		Version:         i.Version,
		ContractVersion: int32(i.ContractVersion),
		Capabilities:    capabilities.sliceToWire(i.Capabilities),
		Currencies:      i.Currencies,
		Countries:       i.Countries,
		PaymentLimits:   listToWire(i.PaymentLimits, limitToWire),
		PayoutLimits:    listToWire(i.PayoutLimits, limitToWire),
		ConfigSchema:    i.ConfigSchema,
		Operations:      listToWire(i.Operations, operationToWire),
		WebhookTrust:    webhookTrusts.sliceToWire(i.WebhookTrust),
		CreatePayment:   guaranteeToWire(i.CreatePayment),
		CreateRefund:    guaranteeToWire(i.CreateRefund),
		CreatePayout:    guaranteeToWire(i.CreatePayout),
		CapturePayment:  guaranteeToWire(i.CapturePayment),
		PaymentLookup:   lookupToWire(i.PaymentLookup),
		PayoutLookup:    lookupToWire(i.PayoutLookup),
		RefundLookup:    lookupToWire(i.RefundLookup),
		Description:     i.Description,
		PaymentFields:   i.PaymentFields,
		PayoutFields:    i.PayoutFields,
	}
}

// infoFromWire holds a plugin to the form of what it says. Whether it is true shows when it is used.
func infoFromWire(r *reader, w *wire.GetInfoResponse) Info {
	if !pluginName.MatchString(w.GetName()) {
		r.fail("name", "1 to 32 characters of a-z 0-9 -")
	}
	return Info{
		Name:            w.GetName(),
		Version:         r.reference("version", w.GetVersion()),
		ContractVersion: int(w.GetContractVersion()),
		Capabilities:    capabilities.sliceFromWire(w.GetCapabilities()),
		Currencies:      currenciesFromWire(r, "currencies", w.GetCurrencies()),
		Countries:       w.GetCountries(),
		PaymentLimits:   listFromWire(r, "payment_limits", w.GetPaymentLimits(), limitFromWire),
		PayoutLimits:    listFromWire(r, "payout_limits", w.GetPayoutLimits(), limitFromWire),
		ConfigSchema:    schemaFromWire(r, "config_schema", w.GetConfigSchema()),
		Operations:      listFromWire(r, "operations", w.GetOperations(), operationFromWire),
		WebhookTrust:    webhookTrusts.sliceFromWire(w.GetWebhookTrust()),
		CreatePayment:   guaranteeFromWire(r.in("create_payment"), w.GetCreatePayment()),
		CreateRefund:    guaranteeFromWire(r.in("create_refund"), w.GetCreateRefund()),
		CreatePayout:    guaranteeFromWire(r.in("create_payout"), w.GetCreatePayout()),
		CapturePayment:  guaranteeFromWire(r.in("capture_payment"), w.GetCapturePayment()),
		PaymentLookup:   lookupFromWire(w.GetPaymentLookup()),
		PayoutLookup:    lookupFromWire(w.GetPayoutLookup()),
		RefundLookup:    lookupFromWire(w.GetRefundLookup()),
		Description:     w.GetDescription(),
		PaymentFields:   fieldsFromWire(r, "payment_fields", w.GetPaymentFields(), paymentTexts(CreatePaymentRequest{})),
		PayoutFields:    fieldsFromWire(r, "payout_fields", w.GetPayoutFields(), payoutTexts(CreatePayoutRequest{})),
	}
}

// fieldsFromWire refuses a name that no request has: it would turn every request away.
func fieldsFromWire(r *reader, field string, list []string, known map[string]string) []string {
	for _, name := range list {
		if _, ok := known[name]; !ok {
			r.fail(field, "one of %s, not %q", strings.Join(slices.Sorted(maps.Keys(known)), ", "), name)
		}
	}
	return list
}

func limitToWire(l *AmountLimit) *wire.AmountLimit {
	return &wire.AmountLimit{
		Currency: l.Currency, Min: boundToWire(l.Min), Max: boundToWire(l.Max), Decimals: l.Decimals,
	}
}

// limitFromWire keeps "nobody says" apart from zero: both bounds and the decimals may be absent.
func limitFromWire(r *reader, w *wire.AmountLimit) AmountLimit {
	if err := CheckCurrency(w.GetCurrency()); err != nil {
		r.fail("currency", "%s", err)
	}
	return AmountLimit{
		Currency: w.GetCurrency(), Min: r.amount("min", w.GetMin()), Max: r.amount("max", w.GetMax()),
		Decimals: w.Decimals,
	}
}

func operationToWire(o *Operation) *wire.Operation {
	return &wire.Operation{
		Name: o.Name, Description: o.Description, MovesMoney: o.MovesMoney,
		InputSchema: o.InputSchema, OutputSchema: o.OutputSchema,
	}
}

func operationFromWire(r *reader, w *wire.Operation) Operation {
	if !operationName.MatchString(w.GetName()) {
		r.fail("name", "1 to 64 characters of a-z 0-9 _")
	}
	return Operation{
		Name: w.GetName(), Description: w.GetDescription(), MovesMoney: w.GetMovesMoney(),
		InputSchema:  schemaFromWire(r, "input_schema", w.GetInputSchema()),
		OutputSchema: schemaFromWire(r, "output_schema", w.GetOutputSchema()),
	}
}

// schemaFromWire checks that it is JSON; hosts give schemas out as part of their own documents.
func schemaFromWire(r *reader, field string, data []byte) json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	return r.json(field, data, maxInput)
}

// guaranteeToWire leaves the zero value out: absent means none, and it moves money.
func guaranteeToWire(g IdempotencySupport) *wire.RepeatGuarantee {
	if g == (IdempotencySupport{}) {
		return nil
	}
	return &wire.RepeatGuarantee{
		Repeat: repeats.toWire(g.Retry), ReplayWindow: durationToWire(g.Window), LinkOnly: g.LinkOnly,
	}
}

// guaranteeFromWire reads an absent guarantee as the safest: none, and it moves money.
func guaranteeFromWire(r *reader, w *wire.RepeatGuarantee) IdempotencySupport {
	return IdempotencySupport{
		Retry: repeats.fromWire(w.GetRepeat()), Window: r.duration("window", w.GetReplayWindow()),
		LinkOnly: w.GetLinkOnly(),
	}
}

func lookupToWire(l Lookup) *wire.Lookup {
	if l == (Lookup{}) {
		return nil
	}
	return &wire.Lookup{
		ByReference: l.ByReference, Immediate: l.Immediate, Amounts: l.Amounts,
		ListByReference: l.ListByReference, ListByTime: l.ListByTime,
	}
}

func lookupFromWire(w *wire.Lookup) Lookup {
	return Lookup{
		ByReference: w.GetByReference(), Immediate: w.GetImmediate(), Amounts: w.GetAmounts(),
		ListByReference: w.GetListByReference(), ListByTime: w.GetListByTime(),
	}
}
