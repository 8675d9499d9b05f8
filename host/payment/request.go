package payment

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// Request asks for a payment. It is the body of POST /v1/payments, and what the
// host records. The zero value of every optional field means "not said".
type Request struct {
	// Provider is the name of a configured account. Required.
	Provider string `json:"provider" example:"acme" doc:"the name of a configured account"`
	// Amount is more than zero, in units of Currency. Required.
	Amount decimal.Decimal `json:"-"`
	// Currency is an upper-case code. Required.
	Currency string `json:"currency" example:"USD" doc:"an upper-case currency or asset code"`
	// MerchantReference is the caller's own; it may repeat. At most 255
	// characters.
	MerchantReference string `json:"merchant_reference,omitempty" example:"66510effg2eec" doc:"yours; it may repeat"`
	// Description is for the customer and the provider. At most 1000
	// characters.
	Description string `json:"description,omitempty" example:"Sample"`
	// Method is the ID of one of the provider's payment methods.
	Method   string `json:"method,omitempty" doc:"an id of the provider's payment methods; empty when the provider or the customer chooses"`
	Country  string `json:"country,omitempty"`
	Language string `json:"language,omitempty"`
	// Customer is the payer; some providers require a part of it.
	Customer Customer `json:"customer,omitzero" doc:"who pays"`
	// SuccessURL and CancelURL are where the customer is sent at the end, with
	// payment_id and status added. They must be absolute http or https URLs.
	// Without one the host shows a plain page.
	SuccessURL string `json:"success_url,omitempty" example:"https://example.com/success" doc:"where the customer goes after paying; payment_id and status are added"`
	CancelURL  string `json:"cancel_url,omitempty" example:"https://example.com/fail" doc:"where the customer goes after giving up"`
	// ExpiresAt is when an unfinished payment becomes expired; without it the
	// account's payment_ttl counts.
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"when an unfinished payment expires, as in RFC 3339, to the microsecond; without it the account's payment_ttl counts"`
	// Metadata is the caller's own: at most 50 entries, keys of at most 40,
	// values of at most 500 characters.
	Metadata map[string]string `json:"metadata,omitempty" doc:"yours: at most 50 entries, names of at most 40, values of at most 500 characters"`
	// ProviderOptions are the provider's own: one JSON object of at most 16
	// KiB.
	ProviderOptions json.RawMessage `json:"provider_options,omitempty" doc:"one JSON object with what only this provider knows"`
}

// MarshalJSON adds the amount with the decimals it was written with. The time
// is in UTC: a zone with seconds, or of a day, has no form in JSON.
func (r Request) MarshalJSON() ([]byte, error) {
	type plain Request // has no MarshalJSON
	if !r.ExpiresAt.IsZero() {
		r.ExpiresAt = r.ExpiresAt.UTC()
	}
	return json.Marshal(struct {
		Amount Amount `json:"amount"`
		plain
	}{Amount{r.Amount}, plain(r)})
}

// UnmarshalJSON reads the body of a request, or what MarshalJSON wrote. An
// amount or a time that cannot be read does not keep the other fields from
// being read: the error is then an *Error that has a violation for each such
// field.
func (r *Request) UnmarshalJSON(data []byte) error {
	type plain Request
	written := struct {
		Amount    json.RawMessage `json:"amount"`
		ExpiresAt json.RawMessage `json:"expires_at"`
		*plain
	}{plain: (*plain)(r)}
	err := json.Unmarshal(data, &written)

	// json has read on behind a field of the wrong type, and so do these.
	var fields fieldReader
	r.Amount = fields.amount("amount", written.Amount)
	r.ExpiresAt = fields.time("expires_at", written.ExpiresAt)

	return errors.Join(err, fields.err())
}

// Customer is the payer, as far as the caller knows.
type Customer struct {
	ID        string `json:"id,omitempty"`
	Email     string `json:"email,omitempty"`
	Phone     string `json:"phone,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	IP        string `json:"ip,omitempty"`
}

// PayoutRequest asks for money to be sent. It is the body of POST /v1/payouts,
// and what the host records. Fields shared with Request mean the same.
type PayoutRequest struct {
	Provider          string            `json:"provider" example:"acme" doc:"the name of a configured account"`
	Amount            decimal.Decimal   `json:"-"`
	Currency          string            `json:"currency" example:"USD" doc:"an upper-case currency or asset code"`
	MerchantReference string            `json:"merchant_reference,omitempty" doc:"yours; it may repeat"`
	Method            string            `json:"method,omitempty"`
	Recipient         Recipient         `json:"recipient,omitzero" doc:"who is paid"`
	Description       string            `json:"description,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty" doc:"yours: at most 50 entries, names of at most 40, values of at most 500 characters"`
	ProviderOptions   json.RawMessage   `json:"provider_options,omitempty" doc:"one JSON object with what only this provider knows"`
}

// MarshalJSON adds the amount with the decimals it was written with.
func (r PayoutRequest) MarshalJSON() ([]byte, error) {
	type plain PayoutRequest
	return json.Marshal(struct {
		Amount Amount `json:"amount"`
		plain
	}{Amount{r.Amount}, plain(r)})
}

// UnmarshalJSON reads as Request.UnmarshalJSON does.
func (r *PayoutRequest) UnmarshalJSON(data []byte) error {
	type plain PayoutRequest
	written := struct {
		Amount json.RawMessage `json:"amount"`
		*plain
	}{plain: (*plain)(r)}
	err := json.Unmarshal(data, &written)

	var fields fieldReader
	r.Amount = fields.amount("amount", written.Amount)
	return errors.Join(err, fields.err())
}

// Recipient is the payee; which parts are required depends on the provider and
// the method.
type Recipient struct {
	ID            string `json:"id,omitempty"`
	Email         string `json:"email,omitempty"`
	Name          string `json:"name,omitempty"`
	AccountNumber string `json:"account_number,omitempty"`
	IBAN          string `json:"iban,omitempty"`
	Phone         string `json:"phone,omitempty"`
}

// RefundRequest asks to give back all of a payment or part of it. It is the
// body of POST /v1/payments/{id}/refunds.
type RefundRequest struct {
	// Amount is in the payment's currency; zero: all that was paid.
	Amount decimal.Decimal `json:"-"`
	// Reason is for the provider and the record. At most 1000 characters.
	Reason string `json:"reason,omitempty" maxLength:"1000"`
}

// MarshalJSON adds the amount, unless it is zero.
func (r RefundRequest) MarshalJSON() ([]byte, error) {
	type plain RefundRequest
	return json.Marshal(struct {
		Amount *Amount `json:"amount,omitempty"`
		plain
	}{partOf(r.Amount), plain(r)})
}

// UnmarshalJSON reads as Request.UnmarshalJSON does. An amount that is written
// must be more than zero.
func (r *RefundRequest) UnmarshalJSON(data []byte) error {
	type plain RefundRequest
	written := struct {
		Amount json.RawMessage `json:"amount"`
		*plain
	}{plain: (*plain)(r)}
	err := json.Unmarshal(data, &written)

	var fields fieldReader
	r.Amount = fields.part("amount", written.Amount)
	return errors.Join(err, fields.err())
}

// CaptureRequest is the body of POST /v1/payments/{id}/capture.
type CaptureRequest struct {
	// Amount is in the payment's currency; zero: all that is left to capture.
	Amount decimal.Decimal `json:"-"`
}

// MarshalJSON adds the amount, unless it is zero.
func (r CaptureRequest) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Amount *Amount `json:"amount,omitempty"`
	}{partOf(r.Amount)})
}

// UnmarshalJSON reads as RefundRequest.UnmarshalJSON does.
func (r *CaptureRequest) UnmarshalJSON(data []byte) error {
	var written struct {
		Amount json.RawMessage `json:"amount"`
	}
	err := json.Unmarshal(data, &written)

	var fields fieldReader
	r.Amount = fields.part("amount", written.Amount)
	return errors.Join(err, fields.err())
}

// partOf returns an amount to which zero means all, as JSON has it: nil for all.
func partOf(amount decimal.Decimal) *Amount {
	if amount.IsZero() {
		return nil
	}
	return &Amount{amount}
}

// Confirmation is what a customer sent back, as NextAction asked for it. It has
// no JSON form: the HTTP API reads it from JSON or from a form.
type Confirmation struct {
	// Fields are by name.
	Fields map[string]string
	// Attachments are files, such as a screenshot; each of at most
	// sdk.MaxAttachment bytes.
	Attachments []sdk.Attachment
}

// Resolution is what an operator decides about something that nothing else can
// settle.
type Resolution struct {
	// Status is the new one: succeeded or failed; for payments also canceled or
	// expired.
	Status Status `json:"status" example:"failed" doc:"what it is from now on: succeeded, failed, and for payments canceled or expired"`
	// Reason is required, and kept in the history.
	Reason string `json:"reason" example:"confirmed by phone with the provider" doc:"why; kept in the history"`
	// ProviderReference is the provider's name for it, if it was not known.
	ProviderReference string `json:"provider_reference,omitempty" doc:"the provider's name for it, if it was not known"`
	// Operator names the person who decided, for the history.
	Operator string `json:"-"`
}

// Filter narrows a list of payments or payouts. Zero values do not narrow.
type Filter struct {
	Provider string
	Status   Status
	// Statuses are several of which it has one; Status is one of them.
	Statuses          []Status
	MerchantReference string
	// ProviderReference is any name that a provider has for it, and
	// IdempotencyKey the key of the request that created it or that did something
	// to it.
	ProviderReference string
	IdempotencyKey    string
	// Amount, Currency and Customer are searched for along the time: with an
	// amount or a customer CreatedFrom is required, and no more than 31 days are
	// searched. Customer is the ID, the e-mail or the phone of who pays or is paid,
	// all of it.
	Amount      decimal.Decimal
	Currency    string
	Customer    string
	CreatedFrom time.Time // created then or later
	CreatedTo   time.Time // created before then
	// Cursor is the next of the page before; "" is the newest.
	Cursor string
	// Limit is how many at most, from 1 to 200; 0 is 50.
	Limit int
}

// fieldReader reads the fields that JSON has as texts, and collects what is
// wrong with them.
type fieldReader struct{ wrong []sdk.Violation }

func (f *fieldReader) add(field, message string) {
	f.wrong = append(f.wrong, sdk.Violation{Field: field, Message: message})
}

// amount reads an amount; what is absent, null or unreadable is zero.
func (f *fieldReader) amount(field string, raw json.RawMessage) decimal.Decimal {
	var amount Amount
	if absent(raw) {
		return decimal.Zero
	}
	if err := amount.UnmarshalJSON(raw); err != nil {
		f.add(field, err.Error())
	}
	return amount.Decimal
}

// part reads an amount to which zero, the same as absent, means all.
func (f *fieldReader) part(field string, raw json.RawMessage) decimal.Decimal {
	// One violation for a field is enough.
	before := len(f.wrong)
	amount := f.amount(field, raw)
	if !absent(raw) && !amount.IsPositive() && (len(f.wrong) == before) {
		f.add(field, "must be more than zero")
	}
	return amount
}

// time reads a time; what is absent, null or unreadable is the zero time, which
// cannot be written as it would be taken for absent.
func (f *fieldReader) time(field string, raw json.RawMessage) time.Time {
	if absent(raw) {
		return time.Time{}
	}

	var text string
	_ = json.Unmarshal(raw, &text) // what is not a text is not a time either
	at, err := ParseTime(text)

	switch {
	case err != nil:
		f.add(field, err.Error())
	case at.IsZero():
		f.add(field, "is in the past")
	}

	return at
}

// err returns an *Error with everything that is wrong, nil when nothing is.
func (f *fieldReader) err() error {
	if len(f.wrong) == 0 {
		return nil
	}
	return &Error{
		Code:       string(sdk.CodeInvalidRequest),
		Outcome:    sdk.OutcomeNotSent,
		Message:    "the request is not valid, and nothing was done",
		Violations: f.wrong,
	}
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
