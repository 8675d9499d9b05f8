package sdk

import (
	"encoding/json"
	"log/slog"
)

// masked is what a Secret shows of itself.
const masked = "[secret]"

// Secret is a configuration value that must not be seen. It prints, logs and encodes as "[secret]"; Reveal gives the
// value. It holds a pointer because fmt prints the fields of a value kept in an unexported field without asking its
// methods: a pointer shows only an address there.
type Secret struct {
	value *string
}

// NewSecret wraps value.
func NewSecret(value string) Secret {
	return Secret{value: &value}
}

// Reveal gives the value, "" when there is none. Use it only where the value goes on the provider's wire or into a
// signature.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no value, or an empty one.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String gives "[secret]", or "" when there is no value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return masked
}

// GoString keeps %#v from showing the pointer.
func (s Secret) GoString() string { return `sdk.Secret("` + s.String() + `")` }

// LogValue keeps slog from looking inside.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON gives "[secret]".
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText gives "[secret]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalJSON reads a JSON string.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var v string
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	s.value = &v
	return nil
}
