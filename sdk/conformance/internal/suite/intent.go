package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
)

// newReference returns a reference as the host makes them, with its sequence
// number.
func newReference(kind string) (reference string, number uint64) {
	number = sequence.Add(1)
	return fmt.Sprintf("%s_Kit-%08d", kind, number), number
}

// currency returns the first currency that the account or the plugin declares.
func (t *target) currency() string {
	for _, list := range [][]string{t.accountInfo.Currencies, t.info.Currencies} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return "USD"
}

// country returns the first country that the plugin declares, or Germany: a
// country that a provider refuses is for the simulator's samples to change.
func (t *target) country() string {
	if len(t.info.Countries) > 0 {
		return t.info.Countries[0]
	}
	return "DE"
}

// usualAmount is what the kit pays where the limits allow it, in units of the
// currency.
const usualAmount = 60

// amount returns the usual amount, or the nearest to it within the limits.
func (t *target) amount(limits []sdk.AmountLimit) sdk.Money {
	return limited(t.currency(), limits)
}

// limited returns the usual amount of a currency, or the nearest to it within
// the limits.
func limited(currency string, limits []sdk.AmountLimit) sdk.Money {
	money := sdk.Money{Amount: decimal.NewFromInt(usualAmount), Currency: currency}
	for _, limit := range limits {
		if limit.Currency == currency {
			money.Amount = within(money.Amount, limit.Min, limit.Max)
		}
	}
	return money
}

func within(amount decimal.Decimal, least, most *decimal.Decimal) decimal.Decimal {
	if (least != nil) && amount.LessThan(*least) {
		return *least
	}
	if (most != nil) && amount.GreaterThan(*most) {
		return *most
	}
	return amount
}

// methodsRequest asks for the methods of the kit's own payments.
func (t *target) methodsRequest() sdk.ListPaymentMethodsRequest {
	return sdk.ListPaymentMethodsRequest{
		Currency:   t.currency(),
		Country:    t.country(),
		CustomerID: "kit",
	}
}

// newPayment returns a valid request for a payment that was never made before.
// A nil sample is the usual one.
func (t *target) newPayment(sample *control.Sample) sdk.CreatePaymentRequest {
	reference, number := newReference("pay")
	name := strings.ToLower(reference)
	req := sdk.CreatePaymentRequest{
		Reference:         reference,
		IdempotencyKey:    "key-" + name,
		Sequence:          number,
		Attempt:           1,
		Amount:            t.amount(t.info.PaymentLimits),
		MerchantReference: "order/47",
		Description:       "Sample",
		Country:           t.country(),
		Language:          "en",
		Customer: sdk.Customer{
			ID:        "customer-" + name,
			Email:     name + "@example.com",
			Phone:     "+491701234567",
			FirstName: "Ada",
			LastName:  "Lovelace",
			IP:        "198.51.100.7",
		},
		NotifyURL: t.proxy.HostURL("webhooks/kit/token-" + name),
		ReturnURL: t.proxy.HostURL("return/back-" + name),
		CancelURL: t.proxy.HostURL("return/cancel-" + name),
		ExpiresAt: time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second),
		Metadata:  map[string]string{"order": "47"},
	}

	// The first method that takes the currency, in a country where it is
	// offered.
	for _, method := range t.methods {
		if (method.Currency == "") || (method.Currency == req.Amount.Currency) {
			req.Method = method.ID
			if method.Country != "" {
				req.Country = method.Country
			}
			break
		}
	}

	if sample == nil {
		sample = t.control.Samples.Payment
	}
	applyToPayment(sample, &req)

	return req
}

// newPayout returns a valid request for a payout that was never made before.
func (t *target) newPayout() sdk.CreatePayoutRequest {
	reference, number := newReference("po")
	name := strings.ToLower(reference)
	req := sdk.CreatePayoutRequest{
		Reference:         reference,
		IdempotencyKey:    "key-" + name,
		Sequence:          number,
		Attempt:           1,
		Amount:            t.amount(t.info.PayoutLimits),
		MerchantReference: "payout/47",
		Description:       "Sample",
		Recipient: sdk.Recipient{
			ID:            "recipient-" + name,
			Email:         name + "@example.com",
			Name:          "Ada Lovelace",
			Phone:         "+491701234567",
			AccountNumber: "0532013000",
			IBAN:          "DE89370400440532013000",
		},
		NotifyURL: t.proxy.HostURL("webhooks/kit/token-" + name),
		Metadata:  map[string]string{"order": "47"},
	}

	applyToPayout(t.control.Samples.Payout, &req)
	return req
}

// newRefund returns a valid request to give back half of a payment.
func (t *target) newRefund(payment sdk.PaymentContext) sdk.CreateRefundRequest {
	reference, number := newReference("re")
	return sdk.CreateRefundRequest{
		Reference:      reference,
		Payment:        payment,
		IdempotencyKey: "key-" + strings.ToLower(reference),
		Sequence:       number,
		Attempt:        1,
		Amount:         half(payment.Amount),
		Reason:         "Sample",
	}
}

// contextOf returns what a host knows of a payment after its create call; the
// payment is nil when no answer came.
func contextOf(req sdk.CreatePaymentRequest, payment *sdk.Payment) sdk.PaymentContext {
	known := sdk.PaymentContext{
		Reference:         req.Reference,
		Amount:            req.Amount,
		MerchantReference: req.MerchantReference,
		Method:            req.Method,
		Country:           req.Country,
		Customer:          req.Customer,
		Options:           req.Options,
		CreatedAt:         time.Now().UTC(),
		Sequence:          req.Sequence,
	}

	if payment != nil {
		known.ProviderReference = payment.ProviderReference
		known.State = payment.State
	}

	return known
}

// payoutContextOf returns the same for a payout.
func payoutContextOf(req sdk.CreatePayoutRequest, payout *sdk.Payout) sdk.PayoutContext {
	known := sdk.PayoutContext{
		Reference:         req.Reference,
		Amount:            req.Amount,
		MerchantReference: req.MerchantReference,
		Method:            req.Method,
		Recipient:         req.Recipient,
		Options:           req.Options,
		CreatedAt:         time.Now().UTC(),
		Sequence:          req.Sequence,
	}

	if payout != nil {
		known.ProviderReference = payout.ProviderReference
		known.State = payout.State
	}

	return known
}

// refundContextOf returns the same for a refund.
func refundContextOf(req sdk.CreateRefundRequest, refund *sdk.Refund) sdk.RefundContext {
	known := sdk.RefundContext{
		Reference: req.Reference,
		Amount:    req.Amount,
		Payment:   req.Payment,
		CreatedAt: time.Now().UTC(),
		Sequence:  req.Sequence,
	}
	if refund != nil {
		known.ProviderReference = refund.ProviderReference
		known.State = refund.State
	}

	return known
}

// pay creates a payment; a nil sample is the usual one.
func (run *caseRun) pay(sample *control.Sample) (sdk.CreatePaymentRequest, *sdk.Payment) {
	req := run.newPayment(sample)
	payment, err := run.account.CreatePayment(run.ctx, req)
	run.must(err, "CreatePayment")
	return req, payment
}

// paid creates a payment that the customer has paid, and returns what a host
// knows of it.
func (run *caseRun) paid(sample *control.Sample) sdk.PaymentContext {
	req, payment := run.pay(sample)
	run.settle(req.Reference)
	return contextOf(req, payment)
}

// payOut creates a payout.
func (run *caseRun) payOut() (sdk.CreatePayoutRequest, *sdk.Payout) {
	req := run.newPayout()
	payout, err := run.account.CreatePayout(run.ctx, req)
	run.must(err, "CreatePayout")
	return req, payout
}

func half(money sdk.Money) sdk.Money { return share(money, 2) }

// share returns one of several equal parts in whole units, so that currencies
// without decimals are served as well.
func share(money sdk.Money, parts int64) sdk.Money {
	part := money.Amount.Div(decimal.NewFromInt(parts)).Truncate(0)
	return sdk.Money{Amount: part, Currency: money.Currency}
}

// newConfirm returns an answer to every field that the payment's next action
// asks for.
func (run *caseRun) newConfirm(
	req sdk.CreatePaymentRequest, payment *sdk.Payment,
) sdk.ConfirmPaymentRequest {
	if (payment.NextAction == nil) || (payment.NextAction.Confirm == nil) {
		run.fatal(
			"a payment that is to be confirmed has no next action that asks for proof: " +
				"see Samples.Confirmable",
		)
	}

	confirm := sdk.ConfirmPaymentRequest{
		Payment:        contextOf(req, payment),
		IdempotencyKey: "confirm-" + strings.ToLower(req.Reference),
		Attempt:        1,
		Fields:         map[string]string{},
	}

	for _, field := range payment.NextAction.Confirm.Fields {
		switch field.Kind {
		case sdk.FieldAmount:
			confirm.Fields[field.Name] = req.Amount.Amount.String()
		case sdk.FieldFile:
			confirm.Attachments = append(confirm.Attachments, sdk.Attachment{
				Field:     field.Name,
				Filename:  "proof.png",
				MediaType: "image/png",
				Content:   onePixel,
			})

		default:
			confirm.Fields[field.Name] = "TX" + fmt.Sprintf("%010d", req.Sequence)
		}
	}

	// The simulator's own answers replace the kit's.
	for name, value := range run.control.Samples.Confirm {
		confirm.Fields[name] = withReference(value, req.Reference)
	}

	return confirm
}

// onePixel is a PNG.
var onePixel = []byte(
	"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01" +
		"\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q" +
		"\x00\x00\x00\x00IEND\xaeB`\x82",
)

// oneOf reports whether a status is one of the list.
func oneOf[S ~string](status S, list ...S) bool { return slices.Contains(list, status) }
