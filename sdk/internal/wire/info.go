package wire

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
)

// Names become file names, URLs and metrics: hosts rely on their form.
var (
	pluginName    = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	operationName = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

func EncodeInfo(i *sdk.Info) *pb.GetInfoResponse {
	return &pb.GetInfoResponse{
		Name:            i.Name,
		Version:         i.Version,
		ContractVersion: int32(i.ContractVersion),
		Capabilities:    capabilities.encodeAll(i.Capabilities),
		Currencies:      i.Currencies,
		Countries:       i.Countries,
		PaymentLimits:   encodeList(i.PaymentLimits, encodeLimit),
		PayoutLimits:    encodeList(i.PayoutLimits, encodeLimit),
		ConfigSchema:    i.ConfigSchema,
		Operations:      encodeList(i.Operations, encodeOperation),
		WebhookTrust:    webhookTrusts.encodeAll(i.WebhookTrust),
		CreatePayment:   encodeGuarantee(i.CreatePayment),
		CreateRefund:    encodeGuarantee(i.CreateRefund),
		CreatePayout:    encodeGuarantee(i.CreatePayout),
		CapturePayment:  encodeGuarantee(i.CapturePayment),
		PaymentLookup:   encodeLookup(i.PaymentLookup),
		PayoutLookup:    encodeLookup(i.PayoutLookup),
		RefundLookup:    encodeLookup(i.RefundLookup),
		Description:     i.Description,
		PaymentFields:   i.PaymentFields,
		PayoutFields:    i.PayoutFields,
	}
}

// decodeInfo holds a plugin to the form of what it says. Whether it is true shows when it is used.
func decodeInfo(r *reader, w *pb.GetInfoResponse) sdk.Info {
	if !pluginName.MatchString(w.GetName()) {
		r.fail("name", "1 to 32 characters of a-z 0-9 -")
	}
	return sdk.Info{
		Name:            w.GetName(),
		Version:         r.reference("version", w.GetVersion()),
		ContractVersion: int(w.GetContractVersion()),
		Capabilities:    capabilities.decodeAll(w.GetCapabilities()),
		Currencies:      decodeCurrencies(r, "currencies", w.GetCurrencies()),
		Countries:       w.GetCountries(),
		PaymentLimits:   decodeList(r, "payment_limits", w.GetPaymentLimits(), decodeLimit),
		PayoutLimits:    decodeList(r, "payout_limits", w.GetPayoutLimits(), decodeLimit),
		ConfigSchema:    decodeSchema(r, "config_schema", w.GetConfigSchema()),
		Operations:      decodeList(r, "operations", w.GetOperations(), decodeOperation),
		WebhookTrust:    webhookTrusts.decodeAll(w.GetWebhookTrust()),
		CreatePayment:   decodeGuarantee(r.in("create_payment"), w.GetCreatePayment()),
		CreateRefund:    decodeGuarantee(r.in("create_refund"), w.GetCreateRefund()),
		CreatePayout:    decodeGuarantee(r.in("create_payout"), w.GetCreatePayout()),
		CapturePayment:  decodeGuarantee(r.in("capture_payment"), w.GetCapturePayment()),
		PaymentLookup:   decodeLookup(w.GetPaymentLookup()),
		PayoutLookup:    decodeLookup(w.GetPayoutLookup()),
		RefundLookup:    decodeLookup(w.GetRefundLookup()),
		Description:     w.GetDescription(),
		PaymentFields:   decodeFields(r, "payment_fields", w.GetPaymentFields(), PaymentTexts(sdk.CreatePaymentRequest{})),
		PayoutFields:    decodeFields(r, "payout_fields", w.GetPayoutFields(), PayoutTexts(sdk.CreatePayoutRequest{})),
	}
}

// ReadInfo returns what a plugin says of itself, or what breaks the contract in it.
func ReadInfo(w *pb.GetInfoResponse) (sdk.Info, *sdk.Error) {
	r := newReader()
	info := decodeInfo(r, w)
	if err := r.problems.AnswerError("the plugin's GetInfo"); err != nil {
		return sdk.Info{}, err
	}
	return info, nil
}

// decodeFields refuses a name that no request has: it would turn every request away.
func decodeFields(r *reader, field string, list []string, known map[string]string) []string {
	for _, name := range list {
		if _, ok := known[name]; !ok {
			r.fail(field, "one of %s, not %q", strings.Join(slices.Sorted(maps.Keys(known)), ", "), name)
		}
	}
	return list
}

func encodeLimit(l *sdk.AmountLimit) *pb.AmountLimit {
	return &pb.AmountLimit{
		Currency: l.Currency, Min: encodeBound(l.Min), Max: encodeBound(l.Max), Decimals: l.Decimals,
	}
}

// decodeLimit keeps "nobody says" apart from zero: both bounds and the decimals may be absent.
func decodeLimit(r *reader, w *pb.AmountLimit) sdk.AmountLimit {
	if err := sdk.CheckCurrency(w.GetCurrency()); err != nil {
		r.fail("currency", "%s", err)
	}
	return sdk.AmountLimit{
		Currency: w.GetCurrency(), Min: r.amount("min", w.GetMin()), Max: r.amount("max", w.GetMax()),
		Decimals: w.Decimals,
	}
}

func encodeOperation(o *sdk.Operation) *pb.Operation {
	return &pb.Operation{
		Name: o.Name, Description: o.Description, MovesMoney: o.MovesMoney,
		InputSchema: o.InputSchema, OutputSchema: o.OutputSchema,
	}
}

func decodeOperation(r *reader, w *pb.Operation) sdk.Operation {
	if !operationName.MatchString(w.GetName()) {
		r.fail("name", "1 to 64 characters of a-z 0-9 _")
	}
	return sdk.Operation{
		Name: w.GetName(), Description: w.GetDescription(), MovesMoney: w.GetMovesMoney(),
		InputSchema:  decodeSchema(r, "input_schema", w.GetInputSchema()),
		OutputSchema: decodeSchema(r, "output_schema", w.GetOutputSchema()),
	}
}

// decodeSchema checks that it is JSON; hosts give schemas out as part of their own documents.
func decodeSchema(r *reader, field string, data []byte) json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	return r.json(field, data, MaxInput)
}

// encodeGuarantee leaves the zero value out: absent means none, and it moves money.
func encodeGuarantee(g sdk.IdempotencySupport) *pb.RepeatGuarantee {
	if g == (sdk.IdempotencySupport{}) {
		return nil
	}
	return &pb.RepeatGuarantee{
		Repeat: repeats.encode(g.Retry), ReplayWindow: encodeDuration(g.Window), LinkOnly: g.LinkOnly,
	}
}

// decodeGuarantee reads an absent guarantee as the safest: none, and it moves money.
func decodeGuarantee(r *reader, w *pb.RepeatGuarantee) sdk.IdempotencySupport {
	return sdk.IdempotencySupport{
		Retry: repeats.decode(w.GetRepeat()), Window: r.duration("window", w.GetReplayWindow()),
		LinkOnly: w.GetLinkOnly(),
	}
}

func encodeLookup(l sdk.Lookup) *pb.Lookup {
	if l == (sdk.Lookup{}) {
		return nil
	}
	return &pb.Lookup{
		ByReference: l.ByReference, Immediate: l.Immediate, Amounts: l.Amounts,
		ListByReference: l.ListByReference, ListByTime: l.ListByTime,
	}
}

func decodeLookup(w *pb.Lookup) sdk.Lookup {
	return sdk.Lookup{
		ByReference: w.GetByReference(), Immediate: w.GetImmediate(), Amounts: w.GetAmounts(),
		ListByReference: w.GetListByReference(), ListByTime: w.GetListByTime(),
	}
}
