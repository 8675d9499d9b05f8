package sdk

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// DecodeConfig reads a plugin's configuration, the JSON text of one object, into a C, a struct whose tags are the
// rules. Everything that is wrong is reported at once: the error is an *Error with CodeInvalidRequest and
// OutcomeNotSent, and one Violation for every key, in the order of the struct, unknown keys last.
func DecodeConfig[C any](text []byte) (C, error) {
	var cfg, none C
	violations, err := decodeConfig(text, reflect.ValueOf(&cfg).Elem(), "")
	if err != nil {
		return none, NotSent(CodeInvalidRequest, "the configuration %v", err)
	}
	if len(violations) > 0 {
		return none, invalidConfig("the configuration is not valid", violations)
	}
	return cfg, nil
}

// DecodeOptions reads a request's Options, the caller's provider_options, into a struct with the same tags and rules as
// a configuration. The fields of its violations begin with "provider_options.". No options are an empty object. On
// failure into, a pointer, keeps what it had.
func DecodeOptions(raw json.RawMessage, into any) error {
	return decodeNamed("provider_options", "provider_options.", raw, into)
}

// DecodeInput reads an operation's input like DecodeOptions; the fields of its violations are the keys alone.
func DecodeInput(raw json.RawMessage, into any) error {
	return decodeNamed("input", "", raw, into)
}

func decodeNamed(name, prefix string, raw json.RawMessage, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		panic(fmt.Sprintf("sdk: %s must be decoded into a pointer to a struct, not %T", name, into))
	}
	value := reflect.New(target.Type().Elem()).Elem()
	violations, err := decodeConfig(raw, value, prefix)
	if err != nil {
		violations = []Violation{{Field: name, Message: err.Error()}}
	}
	if len(violations) > 0 {
		return invalidConfig("the request is not valid", violations)
	}
	target.Elem().Set(value)
	return nil
}

func invalidConfig(message string, violations []Violation) *Error {
	return &Error{Code: CodeInvalidRequest, Outcome: OutcomeNotSent, Message: message, Violations: violations}
}
