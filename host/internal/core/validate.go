package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// The bounds of a request. They are generous; what a provider takes is often less.
const (
	maxText          = 255
	maxDescription   = 1000
	maxURL           = 2000
	maxMetadata      = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
	maxOptions       = 16 << 10
	maxDigits        = 40
)

// checks collects everything that is wrong with a request.
type checks struct{ violations []sdk.Violation }

func (c *checks) add(field, format string, args ...any) {
	c.violations = append(c.violations, sdk.Violation{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (c *checks) err() error {
	if len(c.violations) == 0 {
		return nil
	}
	return invalid(c.violations)
}

// invalid is for a request that is wrong by itself.
func invalid(violations []sdk.Violation) *payment.Error {
	return &payment.Error{Code: string(sdk.CodeInvalidRequest), Outcome: sdk.OutcomeNotSent,
		Message: "the request is not valid, and nothing was done", Violations: violations}
}

// text checks a string: its length, UTF-8, and no control characters (which could break a provider's line formats).
func (c *checks) text(field, value string, most int) {
	switch {
	case utf8.RuneCountInString(value) > most:
		c.add(field, "has more than %d characters", most)
	case !utf8.ValidString(value):
		c.add(field, "is not valid UTF-8")
	case strings.ContainsFunc(value, unicode.IsControl):
		c.add(field, "holds a control character")
	}
}

func (c *checks) required(field, value string, most int) {
	if value == "" {
		c.add(field, "is required")
		return
	}
	c.text(field, value, most)
}

// reason checks why somebody decided: spaces say nothing.
func (c *checks) reason(value string) {
	c.required("reason", strings.TrimSpace(value), maxDescription)
}

func (c *checks) money(amount decimal.Decimal, currency string) {
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

// digits bounds an amount's figures. Its exponent is looked at first: a few bytes of it can mean gigabytes of digits.
func (c *checks) digits(amount decimal.Decimal) {
	if e := amount.Exponent(); e > maxDigits || e < -maxDigits || len(payment.Amount{Decimal: amount}.String()) > maxDigits {
		c.add("amount", "has more than %d digits", maxDigits)
	}
}

func (c *checks) url(field, value string) {
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

func (c *checks) metadata(m map[string]string) {
	if len(m) > maxMetadata {
		c.add("metadata", "has more than %d entries", maxMetadata)
		return
	}
	for k, v := range m {
		c.required("metadata."+k, k, maxMetadataKey)
		c.text("metadata."+k, v, maxMetadataValue)
	}
}

func (c *checks) options(raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	var object map[string]json.RawMessage
	if len(raw) > maxOptions {
		c.add("provider_options", "has more than %d bytes", maxOptions)
	} else if err := json.Unmarshal(raw, &object); err != nil || object == nil || strictjson.Check(raw) != nil {
		c.add("provider_options", "must be a JSON object")
	}
}

// key checks an idempotency key: 1 to 255 printable ASCII characters.
func (c *checks) key(key string) {
	if key == "" {
		c.add("Idempotency-Key", "is required: it makes a repeat of this request harmless")
		return
	}
	if len(key) > maxText || strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		c.add("Idempotency-Key", "must be 1 to %d printable ASCII characters", maxText)
	}
}

func checkPayment(r payment.Request, key string, now time.Time) error {
	var c checks
	c.key(key)
	c.required("provider", r.Provider, maxText)
	c.money(r.Amount, r.Currency)
	c.text("merchant_reference", r.MerchantReference, maxText)
	c.text("description", r.Description, maxDescription)
	c.text("method", r.Method, maxText)
	c.text("country", r.Country, maxText)
	c.text("language", r.Language, maxText)
	cu := r.Customer
	for _, f := range []struct{ name, value string }{
		{"id", cu.ID}, {"email", cu.Email}, {"phone", cu.Phone}, {"first_name", cu.FirstName}, {"last_name", cu.LastName}, {"ip", cu.IP},
	} {
		c.text("customer."+f.name, f.value, maxText)
	}
	c.url("success_url", r.SuccessURL)
	c.url("cancel_url", r.CancelURL)
	c.moment("expires_at", r.ExpiresAt)
	c.metadata(r.Metadata)
	c.options(r.ProviderOptions)
	if len(c.violations) > 0 && past(r.ExpiresAt, now) { // by itself it does not make a request wrong that is a repeat
		c.add("expires_at", inThePast)
	}
	return c.err()
}

const inThePast = "is in the past"

func past(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

func checkPayout(r payment.PayoutRequest, key string) error {
	var c checks
	c.key(key)
	c.required("provider", r.Provider, maxText)
	c.money(r.Amount, r.Currency)
	c.text("merchant_reference", r.MerchantReference, maxText)
	c.text("description", r.Description, maxDescription)
	c.text("method", r.Method, maxText)
	re := r.Recipient
	for _, f := range []struct{ name, value string }{
		{"id", re.ID}, {"email", re.Email}, {"name", re.Name}, {"account_number", re.AccountNumber}, {"iban", re.IBAN}, {"phone", re.Phone},
	} {
		c.text("recipient."+f.name, f.value, maxText)
	}
	c.metadata(r.Metadata)
	c.options(r.ProviderOptions)
	return c.err()
}

// requestHashes tell two requests under one key apart. They are of the JSON values: key order and white space do not count,
// nor do zeros at the ends of the amount. The first is how a key is recorded now; keys of former versions have the second,
// which took 60.0 and 60.00 for two amounts.
func requestHashes(action, subject string, request json.RawMessage) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(request))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}

	former, err := valueHash(action, subject, v)
	if err != nil {
		return nil, err
	}
	switch said := v.(type) {
	case map[string]any:
		if amount, ok := said["amount"].(string); ok {
			said["amount"] = plainAmount(amount)
		}
	case string:
		if action == verbCapture {
			v = plainAmount(said)
		}
	}
	now, err := valueHash(action, subject, v)
	return []string{now, former}, err
}

// plainAmount writes an amount without zeros at its ends; what is no amount stays as it is.
func plainAmount(text string) string {
	amount, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	return amount.String()
}

func valueHash(action, subject string, v any) (string, error) {
	canonical, err := json.Marshal(v) // sorts keys
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(action + "\x00" + subject + "\x00" + string(canonical)))
	return hex.EncodeToString(sum[:]), nil
}
