package sdk

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/payhost/payhost/sdk/internal/configschema"
)

// DecodeConfig reads a plugin's configuration, the JSON text of one object, into
// a C. The plugin's process calls it for every account; a plugin's own tests may
// too. C is a struct whose tags are the rules:
//
//	type config struct {
//		sdk.Endpoint            // environment and base_url, which every plugin has
//		WebsiteID string        `config:"website_id,required,identity" doc:"The website's number."`
//		SecretKey sdk.Secret    `config:"secret_key,required" doc:"Signs every request."`
//		Tolerance time.Duration `config:"webhook_tolerance" default:"5m" min:"1s" max:"1h" doc:"…"`
//	}
//
// The tags, and what holds without them:
//
//   - config:"key" names the key, 1 to 64 characters of A-Z a-z 0-9 _ -, matched
//     to the letter. Every exported field needs it; config:"-" leaves the field
//     out. Without a config tag the name in a json tag counts.
//   - config:"key,required": the key must have a value. Default: it may be absent.
//   - config:"key,identity": the value says who we are to the provider. It
//     becomes part of AccountInfo.IdentityFingerprint, from which a weak value
//     could be guessed: tag account numbers, not passwords. Default: the value
//     can change without a new identity, as a rotated secret does.
//   - default:"value": the value of an absent key; for a list, values with commas
//     between them. Default: the zero value. Not for secrets and required keys.
//   - min:"…" and max:"…": bounds, both inclusive, of an int, a decimal.Decimal or
//     a time.Duration. Default: none.
//   - oneof:"a,b": the only values that a text can have. Default: any text.
//   - format:"uri": the text is an absolute http or https URL without user
//     information. Default: any text.
//   - doc:"…": one line about the key, for the schema. Default: none.
//
// The types of fields, and what is read into them:
//
//   - string, or a type made of it: text without control characters, and without
//     white space at its ends when it is tagged identity. A type made of string
//     with UnmarshalText, such as Network and TimeZone, checks itself: the text
//     of its error is the problem, and must not repeat the value.
//   - Secret: text, never with white space at its ends.
//   - []string and []Secret: one text, or a list of texts. For a secret that is
//     being rotated, newest first.
//   - bool: true or false.
//   - int: a number without point and exponent.
//   - decimal.Decimal: a number, or text, of digits with at most one point; read
//     exactly.
//   - time.Duration: text such as "30s" or "1h30m".
//   - a struct: an object with keys of its own. It has its defaults also when it
//     is absent.
//   - a list of structs: a list of objects.
//
// Fields of an embedded struct count as the outer one's. Empty text is the same
// as an absent key. A null is an error.
//
// When C or *C has a method Validate() []Violation, it is called last, for rules
// that tags cannot say; so is that of every struct within that is given, embedded
// ones of exported types included. It must expect fields whose value was refused
// to be zero; problems that it reports of their keys are dropped, so everything
// wrong is reported at once and every key once.
//
// The error is an *Error with CodeInvalidRequest and OutcomeNotSent. Its
// Violations are in the order of the struct, unknown keys last; each Field is a
// path such as "keys[1]" or "bank.code". No message holds a value that was
// given, and a secret is masked even in what Validate says.
//
// A struct with tags that make no sense, or a field of another type, is a mistake
// in the program: it panics.
func DecodeConfig[C any](text []byte) (C, error) {
	var config, none C
	failure := configschema.Decode(text, &config, configschema.Subject{Name: "the configuration is"})
	if failure != nil {
		return none, invalidText(failure)
	}
	return config, nil
}

// DecodeOptions reads a request's Options, the caller's provider_options, into
// the struct that into points to, with the tags and rules of DecodeConfig. No
// options, and null, are an empty object. On failure the struct keeps what it
// had.
//
// The error is an *Error with CodeInvalidRequest and OutcomeNotSent; the fields
// of its violations begin with "provider_options.".
func DecodeOptions(raw json.RawMessage, into any) error {
	return decodeRequest(raw, into, configschema.Subject{
		Name:   "the provider options are",
		Field:  "provider_options",
		Prefix: "provider_options.",
	})
}

// DecodeInput reads an operation's input as DecodeOptions does; the fields of
// its violations are the keys alone.
func DecodeInput(raw json.RawMessage, into any) error {
	return decodeRequest(raw, into, configschema.Subject{Name: "the input is", Field: "input"})
}

func decodeRequest(raw json.RawMessage, into any, subject configschema.Subject) error {
	if string(bytes.TrimSpace(raw)) == "null" {
		raw = nil
	}

	// Decoded apart, so that a refused text leaves into alone.
	decoded := into
	target := reflect.ValueOf(into)
	if target.Kind() == reflect.Pointer && !target.IsNil() {
		decoded = reflect.New(target.Type().Elem()).Interface()
	}
	if failure := configschema.Decode(raw, decoded, subject); failure != nil {
		return invalidText(failure)
	}
	target.Elem().Set(reflect.ValueOf(decoded).Elem())
	return nil
}

// invalidText is where the engine's problems become Violations.
func invalidText(failure *configschema.Failure) *Error {
	invalid := NotSent(CodeInvalidRequest, "%s", failure.Message)
	for _, problem := range failure.Problems {
		invalid.Violations = append(invalid.Violations, Violation(problem))
	}
	return invalid
}

// Schema describes any struct that DecodeInput can read, or whose JSON has the
// names in its tags: the input or output of an operation. It is JSON Schema
// (2020-12) with the properties in the order of the fields; the same struct
// always gives the same bytes.
func Schema[T any]() json.RawMessage {
	return configschema.Schema(reflect.TypeFor[T]())
}

// Addresser is implemented by a configuration whose provider has addresses of
// its own, one for each environment. They are what Endpoint.URL takes, and a
// base_url that is the one of its environment, however it is spelled, is no
// other identity than none.
type Addresser interface {
	Addresses() (sandbox, live string)
}
