package idempotency

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/shopspring/decimal"
)

// Request is what a key is taken for.
type Request struct {
	// Action is the verb: "create_payment", "confirm_payment" and so on.
	Action string
	// Subject is the payment or the provider that the action is on; "" when it
	// makes something new.
	Subject string
	Body    json.RawMessage
	// IsAmount says that the whole body is an amount, as a capture's is.
	IsAmount bool
}

// Hashes tell two requests under one key apart.
type Hashes struct {
	// Current is how a key is recorded now. Zeros at the ends of an amount do
	// not count in it.
	Current string
	// former is how earlier versions recorded a key: they took 60.0 and 60.00
	// for two amounts.
	former string
}

// Hashes returns the request's hashes. They are of JSON values: the order of
// keys and white space do not count. The error is that the body is not one JSON
// value.
func (r Request) Hashes() (Hashes, error) {
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.UseNumber()
	var body any
	if err := decoder.Decode(&body); err != nil {
		return Hashes{}, err
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Hashes{}, errors.New("more than one JSON value")
	}

	// The former hash is of the body as it came, so it is taken first.
	former, err := r.hash(body)
	if err != nil {
		return Hashes{}, err
	}

	current, err := r.hash(r.withPlainAmount(body))

	return Hashes{Current: current, former: former}, err
}

// withPlainAmount returns the body with its amount written without zeros at its
// ends.
func (r Request) withPlainAmount(body any) any {
	switch value := body.(type) {
	case map[string]any:
		if amount, ok := value["amount"].(string); ok {
			value["amount"] = plainAmount(amount)
		}
	case string:
		if r.IsAmount {
			return plainAmount(value)
		}
	}

	return body
}

// plainAmount leaves what is not an amount as it is.
func plainAmount(text string) string {
	amount, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	return amount.String()
}

// hash returns the digest of the request with a body.
func (r Request) hash(body any) (string, error) {
	canonical, err := json.Marshal(body) // sorts keys
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(r.Action + "\x00" + r.Subject + "\x00" + string(canonical)))
	return hex.EncodeToString(sum[:]), nil
}

// match reports whether a key was taken for the request.
func (h Hashes) match(key *store.Key) bool {
	return key.RequestHash == h.Current || key.RequestHash == h.former
}
