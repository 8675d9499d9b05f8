package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/payhost/payhost/host/internal/strictjson"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// The bounds of a request. They are generous; what a provider takes is often
// less.
const (
	maxText          = 255
	maxDescription   = 1000
	maxURL           = 2000
	maxMetadata      = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
	maxOptions       = 16 << 10
	maxDigits        = 40
	// maxYear is the last year that a time in JSON can have.
	maxYear = 9999
)

const inThePast = "is in the past"

// CheckPayment returns what CreatePayment would find wrong with a request
// before it does anything, so that it can be reported together with what is
// found elsewhere. A repeated request is not refused for the time that has
// passed.
func CheckPayment(r payment.Request, key string, now time.Time) []sdk.Violation {
	return violationsOf(checkPayment(r, key, now))
}

// CheckPayout is CheckPayment for payouts.
func CheckPayout(r payment.PayoutRequest, key string) []sdk.Violation {
	return violationsOf(checkPayout(r, key))
}

// violationsOf returns the violations in an error, nil when it has none.
func violationsOf(err error) []sdk.Violation {
	var e *payment.Error
	if errors.As(err, &e) {
		return e.Violations
	}
	return nil
}

// checkPayment finds what is wrong with a request by itself, whatever the
// provider takes.
func checkPayment(r payment.Request, key string, now time.Time) error {
	var c checklist
	c.key(key)
	c.required("provider", r.Provider, maxText)
	c.money(r.Amount, r.Currency)
	c.text("merchant_reference", r.MerchantReference, maxText)
	c.text("description", r.Description, maxDescription)
	c.text("method", r.Method, maxText)
	c.text("country", r.Country, maxText)

	c.text("language", r.Language, maxText)
	c.text("customer.id", r.Customer.ID, maxText)
	c.text("customer.email", r.Customer.Email, maxText)
	c.text("customer.phone", r.Customer.Phone, maxText)
	c.text("customer.first_name", r.Customer.FirstName, maxText)
	c.text("customer.last_name", r.Customer.LastName, maxText)
	c.text("customer.ip", r.Customer.IP, maxText)
	c.url("success_url", r.SuccessURL)

	c.url("cancel_url", r.CancelURL)
	c.moment("expires_at", r.ExpiresAt)
	c.metadata(r.Metadata)
	c.options(r.ProviderOptions)

	// By itself, passed time does not make a request wrong that is a repeat.
	if len(c.violations) > 0 && past(r.ExpiresAt, now) {
		c.add("expires_at", inThePast)
	}

	return c.err()
}

// past reports whether a time has passed; the zero time never has.
func past(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

// checkPayout is checkPayment for payouts.
func checkPayout(r payment.PayoutRequest, key string) error {
	var c checklist
	c.key(key)
	c.required("provider", r.Provider, maxText)
	c.money(r.Amount, r.Currency)
	c.text("merchant_reference", r.MerchantReference, maxText)
	c.text("description", r.Description, maxDescription)
	c.text("method", r.Method, maxText)
	c.text("recipient.id", r.Recipient.ID, maxText)

	c.text("recipient.email", r.Recipient.Email, maxText)
	c.text("recipient.name", r.Recipient.Name, maxText)
	c.text("recipient.account_number", r.Recipient.AccountNumber, maxText)
	c.text("recipient.iban", r.Recipient.IBAN, maxText)
	c.text("recipient.phone", r.Recipient.Phone, maxText)
	c.metadata(r.Metadata)
	c.options(r.ProviderOptions)

	return c.err()
}

// checklist collects everything that is wrong with a request.
type checklist struct{ violations []sdk.Violation }

func (c *checklist) add(field, format string, args ...any) {
	c.violations = append(c.violations,
		sdk.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
}

// err returns everything that was found in one error, nil for nothing.
func (c *checklist) err() error {
	if len(c.violations) == 0 {
		return nil
	}
	return invalid(c.violations)
}

// invalid is for a request that is wrong by itself.
func invalid(violations []sdk.Violation) *payment.Error {
	return &payment.Error{
		Code:       string(sdk.CodeInvalidRequest),
		Outcome:    sdk.OutcomeNotSent,
		Message:    "the request is not valid, and nothing was done",
		Violations: violations,
	}
}

// text checks a string: its length, UTF-8, and no control characters (which
// could break a provider's line formats).
func (c *checklist) text(field, value string, most int) {
	switch {
	case utf8.RuneCountInString(value) > most:
		c.add(field, "has more than %d characters", most)
	case !utf8.ValidString(value):
		c.add(field, "is not valid UTF-8")
	case strings.ContainsFunc(value, unicode.IsControl):
		c.add(field, "holds a control character")
	}
}

func (c *checklist) required(field, value string, most int) {
	if value == "" {
		c.add(field, "is required")
		return
	}
	c.text(field, value, most)
}

// reason checks why an operator decided: spaces say nothing.
func (c *checklist) reason(value string) {
	c.required("reason", strings.TrimSpace(value), maxDescription)
}

// money checks an amount and its currency.
func (c *checklist) money(amount decimal.Decimal, currency string) {
	if !amount.IsPositive() {
		c.add("amount", "must be more than zero")
	}
	c.digits(amount)
	if currency == "" {
		c.add("currency", "is required")
	} else if err := sdk.CheckCurrency(currency); err != nil {
		c.add("currency", "%s", err)
	}
}

// digits bounds an amount's figures. Its exponent is looked at first: a few
// bytes of it can mean gigabytes of digits.
func (c *checklist) digits(amount decimal.Decimal) {
	exponent := amount.Exponent()
	tooLarge := exponent > maxDigits || exponent < -maxDigits
	if tooLarge || len(payment.Amount{Decimal: amount}.String()) > maxDigits {
		c.add("amount", "has more than %d digits", maxDigits)
	}
}

// url checks where the merchant's customer is sent to; it may be missing.
func (c *checklist) url(field, value string) {
	if value == "" {
		return
	}
	u, err := url.Parse(value)

	switch {
	case len(value) > maxURL:
		c.add(field, "has more than %d characters", maxURL)
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		c.add(field, "must be an absolute http or https URL")
	case u.User != nil:
		c.add(field, "must not carry a user name or password")
	}
}

// moment checks a time that must be returned as it came; the zero time is none.
func (c *checklist) moment(field string, at time.Time) {
	if year := at.UTC().Year(); year < 1 || year > maxYear {
		c.add(field, "must be in the years 1 to %d of UTC", maxYear)
	}
}

// metadata checks what the merchant keeps with an intent for itself.
func (c *checklist) metadata(m map[string]string) {
	if len(m) > maxMetadata {
		c.add("metadata", "has more than %d entries", maxMetadata)
		return
	}
	for key, value := range m {
		c.required("metadata."+key, key, maxMetadataKey)
		c.text("metadata."+key, value, maxMetadataValue)
	}
}

// options checks what is for the provider's plugin: a JSON object that all
// readers understand alike.
func (c *checklist) options(raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	if len(raw) > maxOptions {
		c.add("provider_options", "has more than %d bytes", maxOptions)
		return
	}

	var object map[string]json.RawMessage
	err := json.Unmarshal(raw, &object)
	if err != nil || object == nil || strictjson.Check(raw) != nil {
		c.add("provider_options", "must be a JSON object")
	}
}

// key checks an idempotency key: 1 to 255 printable ASCII characters.
func (c *checklist) key(key string) {
	if key == "" {
		c.add("Idempotency-Key", "is required: it makes a repeat of this request harmless")
		return
	}
	unprintable := func(r rune) bool { return r < 0x20 || r > 0x7e }
	if len(key) > maxText || strings.ContainsFunc(key, unprintable) {
		c.add("Idempotency-Key", "must be 1 to %d printable ASCII characters", maxText)
	}
}
