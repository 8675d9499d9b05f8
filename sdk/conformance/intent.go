package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// newReference gives a reference as the host makes them, with its sequence number.
func newReference(kind string) (string, uint64) {
	n := sequence.Add(1)
	return fmt.Sprintf("%s_Kit-%08d", kind, n), n
}

// currency is the first that the account or the plugin declares.
func (s *subject) currency() string {
	for _, list := range [][]string{s.account.Currencies, s.info.Currencies} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return "USD"
}

// Germany where the plugin does not say: a country that a provider refuses is for Samples to change.
func (s *subject) country() string {
	if len(s.info.Countries) > 0 {
		return s.info.Countries[0]
	}
	return "DE"
}

// amount is 60, or what is nearest to it within the limits.
func (s *subject) amount(limits []sdk.AmountLimit) sdk.Money {
	m := sdk.Money{Amount: decimal.NewFromInt(60), Currency: s.currency()}
	for _, l := range limits {
		if l.Currency == m.Currency {
			m.Amount = within(m.Amount, l.Min, l.Max)
		}
	}
	return m
}

func within(amount decimal.Decimal, least, most *decimal.Decimal) decimal.Decimal {
	if least != nil && amount.LessThan(*least) {
		return *least
	}
	if most != nil && amount.GreaterThan(*most) {
		return *most
	}
	return amount
}

// hostURL is an address of the host that the plugin serves: the tap listens there and thanks for everything, so that a
// simulator which sends notices is not kept waiting.
func (s *subject) hostURL(path string) string { return s.tap.url + hostPath + path }

// newPayment gives a valid request for a payment that was never made before.
func (s *subject) newPayment(sample *Sample) sdk.CreatePaymentRequest {
	reference, n := newReference("pay")
	name := strings.ToLower(reference)
	req := sdk.CreatePaymentRequest{
		Reference: reference, IdempotencyKey: "key-" + name, Sequence: n, Attempt: 1,
		Amount: s.amount(s.info.PaymentLimits), MerchantReference: "order/47", Description: "Sample",
		Country: s.country(), Language: "en",
		Customer: sdk.Customer{
			ID: "customer-" + name, Email: name + "@example.com", Phone: "+491701234567",
			FirstName: "Ada", LastName: "Lovelace", IP: "198.51.100.7",
		},
		NotifyURL: s.hostURL("webhooks/kit/token-" + name),
		ReturnURL: s.hostURL("return/back-" + name),
		CancelURL: s.hostURL("return/cancel-" + name),
		ExpiresAt: time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second),
		Metadata:  map[string]string{"order": "47"},
	}
	for _, m := range s.methods {
		if m.Currency == "" || m.Currency == req.Amount.Currency {
			req.Method = m.ID
			req.Country = cmp.Or(m.Country, req.Country)
			break
		}
	}
	if sample == nil {
		sample = s.control.samples.Payment
	}
	sample.payment(&req)
	return req
}

// newPayout gives a valid request for a payout that was never made before.
func (s *subject) newPayout() sdk.CreatePayoutRequest {
	reference, n := newReference("po")
	name := strings.ToLower(reference)
	req := sdk.CreatePayoutRequest{
		Reference: reference, IdempotencyKey: "key-" + name, Sequence: n, Attempt: 1,
		Amount: s.amount(s.info.PayoutLimits), MerchantReference: "payout/47", Description: "Sample",
		Recipient: sdk.Recipient{
			ID: "recipient-" + name, Email: name + "@example.com", Name: "Ada Lovelace", Phone: "+491701234567",
			AccountNumber: "0532013000", IBAN: "DE89370400440532013000",
		},
		NotifyURL: s.hostURL("webhooks/kit/token-" + name),
		Metadata:  map[string]string{"order": "47"},
	}
	s.control.samples.Payout.payout(&req)
	return req
}

// contextOf is what a host knows of a payment after its create call.
func contextOf(req sdk.CreatePaymentRequest, p *sdk.Payment) sdk.PaymentContext {
	c := sdk.PaymentContext{
		Reference: req.Reference, Amount: req.Amount, MerchantReference: req.MerchantReference, Method: req.Method,
		Country: req.Country, Customer: req.Customer, Options: req.Options, CreatedAt: time.Now().UTC(), Sequence: req.Sequence,
	}
	if p != nil {
		c.ProviderReference, c.State = p.ProviderReference, p.State
	}
	return c
}

// payoutContextOf is the same for a payout.
func payoutContextOf(req sdk.CreatePayoutRequest, p *sdk.Payout) sdk.PayoutContext {
	c := sdk.PayoutContext{
		Reference: req.Reference, Amount: req.Amount, MerchantReference: req.MerchantReference, Method: req.Method,
		Recipient: req.Recipient, Options: req.Options, CreatedAt: time.Now().UTC(), Sequence: req.Sequence,
	}
	if p != nil {
		c.ProviderReference, c.State = p.ProviderReference, p.State
	}
	return c
}

// refundContextOf is what a host knows of a refund; r is nil when nothing came back.
func refundContextOf(req sdk.CreateRefundRequest, r *sdk.Refund) sdk.RefundContext {
	c := sdk.RefundContext{Reference: req.Reference, Amount: req.Amount, Payment: req.Payment, CreatedAt: time.Now().UTC(), Sequence: req.Sequence}
	if r != nil {
		c.ProviderReference, c.State = r.ProviderReference, r.State
	}
	return c
}

// pay creates a payment; nil is the usual one.
func (x *trial) pay(sample *Sample) (sdk.CreatePaymentRequest, *sdk.Payment) {
	req := x.newPayment(sample)
	p, err := x.a.CreatePayment(x.ctx, req)
	x.must(err, "CreatePayment")
	return req, p
}

// paid creates a payment that the customer has paid, and gives what a host knows of it.
func (x *trial) paid(sample *Sample) sdk.PaymentContext {
	req, p := x.pay(sample)
	x.settle(req.Reference)
	return contextOf(req, p)
}

// payOut creates a payout.
func (x *trial) payOut() (sdk.CreatePayoutRequest, *sdk.Payout) {
	req := x.newPayout()
	p, err := x.a.CreatePayout(x.ctx, req)
	x.must(err, "CreatePayout")
	return req, p
}

// newRefund gives a valid request to give back half of a payment.
func (x *trial) newRefund(of sdk.PaymentContext) sdk.CreateRefundRequest {
	reference, n := newReference("re")
	return sdk.CreateRefundRequest{
		Reference: reference, Payment: of, IdempotencyKey: "key-" + strings.ToLower(reference), Sequence: n, Attempt: 1,
		Amount: half(of.Amount), Reason: "Sample",
	}
}

func half(m sdk.Money) sdk.Money { return share(m, 2) }

// share returns one of several equal parts in whole units, so that currencies
// without decimals are served as well.
func share(m sdk.Money, parts int64) sdk.Money {
	part := m.Amount.Div(decimal.NewFromInt(parts)).Truncate(0)
	return sdk.Money{Amount: part, Currency: m.Currency}
}

// newConfirm answers every field that the payment's next action asks for.
func (x *trial) newConfirm(req sdk.CreatePaymentRequest, p *sdk.Payment) sdk.ConfirmPaymentRequest {
	out := sdk.ConfirmPaymentRequest{
		Payment: contextOf(req, p), IdempotencyKey: "confirm-" + strings.ToLower(req.Reference), Attempt: 1,
		Fields: map[string]string{},
	}
	if p.NextAction == nil || p.NextAction.Confirm == nil {
		x.fatal("a payment that is to be confirmed has no next action that asks for proof: see Samples.Confirmable")
	}
	for _, f := range p.NextAction.Confirm.Fields {
		switch f.Kind {
		case sdk.FieldAmount:
			out.Fields[f.Name] = req.Amount.Amount.String()
		case sdk.FieldFile:
			out.Attachments = append(out.Attachments, sdk.Attachment{
				Field: f.Name, Filename: "proof.png", MediaType: "image/png", Content: onePixel,
			})
		default:
			out.Fields[f.Name] = "TX" + fmt.Sprintf("%010d", req.Sequence)
		}
	}
	for name, value := range x.control.samples.Confirm {
		out.Fields[name] = named(value, req.Reference)
	}
	return out
}

// onePixel is a PNG.
var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU" +
	"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82")

// oneOf reports whether a status is one that a provider may say.
func oneOf[S ~string](status S, list ...S) bool { return slices.Contains(list, status) }
