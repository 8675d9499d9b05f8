package sdk

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/payhost/payhost/sdk/internal/configschema"
)

// DecodeConfig reads a plugin's configuration, the JSON text of one object, into
// a C, by the rules of the package comment.
//
// The error is an *Error with CodeInvalidRequest and OutcomeNotSent. Its
// Violations are in the order of the struct, unknown keys last; each Field is a
// path such as "keys[1]" or "bank.code". No message holds a value that was
// given, and a secret is masked even in what Validate says.
func DecodeConfig[C any](text []byte) (C, error) {
	var config, none C
	failure := configschema.Decode(text, &config, configschema.Subject{Name: "the configuration is"})
	if failure != nil {
		return none, invalidText(failure)
	}
	return config, nil
}

// DecodeOptions reads a request's Options, the caller's provider_options, into
// the struct that into points to, by the rules for configurations in the
// package comment. No options, and null, are an empty object. On failure the
// struct keeps what it had.
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
