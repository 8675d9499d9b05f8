package sdk

import (
	"encoding/json"
	"log/slog"

	"github.com/payhost/payhost/internal/redact"
)

// masked is what a Secret shows of itself.
const masked = redact.Mark

// Secret is a configuration value that must not be seen. It prints, logs and
// encodes as "[secret]"; Reveal returns the value. The zero Secret has no value.
type Secret struct {
	// A pointer, because fmt prints the fields of a value kept in an unexported
	// field without asking its methods: of a pointer it shows only an address.
	value *string
}

// NewSecret wraps value.
func NewSecret(value string) Secret {
	return Secret{value: &value}
}

// Reveal returns the value, "" when there is none. Use it only where the value
// goes on the provider's wire or into a signature.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no value, or an empty one.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String returns "[secret]", or "" when there is no value.
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

// MarshalJSON returns what String does, as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText returns what String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalJSON reads a JSON string. Its error does not hold the value.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var value string
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	s.value = &value
	return nil
}

// UnmarshalText takes any text as the value. It never fails.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
