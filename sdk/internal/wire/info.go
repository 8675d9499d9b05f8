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

// EncodeInfo returns the answer to GetInfo.
func EncodeInfo(info *sdk.Info) *pb.GetInfoResponse {
	return &pb.GetInfoResponse{
		Name:            info.Name,
		Version:         info.Version,
		Description:     info.Description,
		ContractVersion: int32(info.ContractVersion),
		Capabilities:    capabilities.encodeAll(info.Capabilities),
		Currencies:      info.Currencies,
		Countries:       info.Countries,
		PaymentLimits:   encodeList(info.PaymentLimits, encodeLimit),
		PayoutLimits:    encodeList(info.PayoutLimits, encodeLimit),
		PaymentFields:   info.PaymentFields,
		PayoutFields:    info.PayoutFields,
		ConfigSchema:    info.ConfigSchema,
		Operations:      encodeList(info.Operations, encodeOperation),
		WebhookTrust:    webhookTrusts.encodeAll(info.WebhookTrust),
		CreatePayment:   encodeIdempotency(info.CreatePayment),
		CreateRefund:    encodeIdempotency(info.CreateRefund),
		CreatePayout:    encodeIdempotency(info.CreatePayout),
		CapturePayment:  encodeIdempotency(info.CapturePayment),
		PaymentLookup:   encodeLookup(info.PaymentLookup),
		PayoutLookup:    encodeLookup(info.PayoutLookup),
		RefundLookup:    encodeLookup(info.RefundLookup),
	}
}

// ReadInfo returns what a plugin says of itself. The error is an answer that
// breaks the contract.
func ReadInfo(from *pb.GetInfoResponse) (sdk.Info, *sdk.Error) {
	read := newReader()
	info := decodeInfo(read, from)
	if err := read.problems.AnswerError("the plugin's", "GetInfo"); err != nil {
		return sdk.Info{}, err
	}
	return info, nil
}

// decodeInfo holds a plugin to the form of what it says. Whether it is true
// shows when it is used.
func decodeInfo(read *reader, from *pb.GetInfoResponse) sdk.Info {
	if !pluginName.MatchString(from.GetName()) {
		read.fail("name", "1 to 32 characters of a-z 0-9 -")
	}
	paymentFields := PaymentTexts(sdk.CreatePaymentRequest{})
	payoutFields := PayoutTexts(sdk.CreatePayoutRequest{})

	return sdk.Info{
		Name:            from.GetName(),
		Version:         read.reference("version", from.GetVersion()),
		Description:     from.GetDescription(),
		ContractVersion: int(from.GetContractVersion()),
		Capabilities:    capabilities.decodeAll(from.GetCapabilities()),
		Currencies:      decodeCurrencies(read, "currencies", from.GetCurrencies()),
		Countries:       from.GetCountries(),
		PaymentLimits:   decodeList(read, "payment_limits", from.GetPaymentLimits(), decodeLimit),
		PayoutLimits:    decodeList(read, "payout_limits", from.GetPayoutLimits(), decodeLimit),
		ConfigSchema:    decodeSchema(read, "config_schema", from.GetConfigSchema()),
		Operations:      decodeList(read, "operations", from.GetOperations(), decodeOperation),
		WebhookTrust:    webhookTrusts.decodeAll(from.GetWebhookTrust()),
		CreatePayment:   decodeIdempotency(read.in("create_payment"), from.GetCreatePayment()),
		CreateRefund:    decodeIdempotency(read.in("create_refund"), from.GetCreateRefund()),
		CreatePayout:    decodeIdempotency(read.in("create_payout"), from.GetCreatePayout()),
		CapturePayment:  decodeIdempotency(read.in("capture_payment"), from.GetCapturePayment()),
		PaymentLookup:   decodeLookup(from.GetPaymentLookup()),
		PayoutLookup:    decodeLookup(from.GetPayoutLookup()),
		RefundLookup:    decodeLookup(from.GetRefundLookup()),
		PaymentFields:   decodeFields(read, "payment_fields", from.GetPaymentFields(), paymentFields),
		PayoutFields:    decodeFields(read, "payout_fields", from.GetPayoutFields(), payoutFields),
	}
}

// decodeFields refuses a name that no request has: it would turn every request
// away.
func decodeFields(
	read *reader, field string, names []string, known map[string]string,
) []string {
	for _, name := range names {
		if _, ok := known[name]; !ok {
			all := strings.Join(slices.Sorted(maps.Keys(known)), ", ")
			read.fail(field, "one of %s, not %q", all, name)
		}
	}
	return names
}

func encodeLimit(limit *sdk.AmountLimit) *pb.AmountLimit {
	return &pb.AmountLimit{
		Currency: limit.Currency,
		Min:      encodeBound(limit.Min),
		Max:      encodeBound(limit.Max),
		Decimals: limit.Decimals,
	}
}

// decodeLimit keeps what is not declared apart from zero: both bounds and the
// decimals may be absent.
func decodeLimit(read *reader, from *pb.AmountLimit) sdk.AmountLimit {
	if err := sdk.CheckCurrency(from.GetCurrency()); err != nil {
		read.fail("currency", "%s", err)
	}
	return sdk.AmountLimit{
		Currency: from.GetCurrency(),
		Min:      read.amount("min", from.GetMin()),
		Max:      read.amount("max", from.GetMax()),
		Decimals: from.Decimals,
	}
}

func encodeOperation(operation *sdk.Operation) *pb.Operation {
	return &pb.Operation{
		Name:         operation.Name,
		Description:  operation.Description,
		MovesMoney:   operation.MovesMoney,
		InputSchema:  operation.InputSchema,
		OutputSchema: operation.OutputSchema,
	}
}

func decodeOperation(read *reader, from *pb.Operation) sdk.Operation {
	if !operationName.MatchString(from.GetName()) {
		read.fail("name", "1 to 64 characters of a-z 0-9 _")
	}

	return sdk.Operation{
		Name:         from.GetName(),
		Description:  from.GetDescription(),
		MovesMoney:   from.GetMovesMoney(),
		InputSchema:  decodeSchema(read, "input_schema", from.GetInputSchema()),
		OutputSchema: decodeSchema(read, "output_schema", from.GetOutputSchema()),
	}
}

// decodeSchema insists on JSON: hosts publish schemas as part of their own
// documents.
func decodeSchema(read *reader, field string, data []byte) json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	return read.json(field, data, MaxInput)
}

// encodeIdempotency leaves the zero value out, which is read as the safest.
func encodeIdempotency(support sdk.IdempotencySupport) *pb.RepeatGuarantee {
	if support == (sdk.IdempotencySupport{}) {
		return nil
	}
	return &pb.RepeatGuarantee{
		Repeat:       retryBehaviors.encode(support.Retry),
		ReplayWindow: encodeDuration(support.Window),
		LinkOnly:     support.LinkOnly,
	}
}

// decodeIdempotency reads an absent message as the safest: a retry makes a second
// one, and creating moves money.
func decodeIdempotency(read *reader, from *pb.RepeatGuarantee) sdk.IdempotencySupport {
	return sdk.IdempotencySupport{
		Retry:    retryBehaviors.decode(from.GetRepeat()),
		Window:   read.duration("window", from.GetReplayWindow()),
		LinkOnly: from.GetLinkOnly(),
	}
}

func encodeLookup(lookup sdk.Lookup) *pb.Lookup {
	if lookup == (sdk.Lookup{}) {
		return nil
	}

	return &pb.Lookup{
		ByReference:     lookup.ByReference,
		Immediate:       lookup.Immediate,
		Amounts:         lookup.Amounts,
		ListByReference: lookup.ListByReference,
		ListByTime:      lookup.ListByTime,
	}
}

func decodeLookup(from *pb.Lookup) sdk.Lookup {
	return sdk.Lookup{
		ByReference:     from.GetByReference(),
		Immediate:       from.GetImmediate(),
		Amounts:         from.GetAmounts(),
		ListByReference: from.GetListByReference(),
		ListByTime:      from.GetListByTime(),
	}
}
