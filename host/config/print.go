package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// A type cannot prevent one leak: fmt does not call the methods of a value in
// an unexported field. Keep a pointer there (*Config, *Provider), of which only
// the address is printed.

// shown is the printed form of a Provider. It leaves out the plugin's own
// configuration, of which only the plugin knows what is secret.
type shown struct {
	Name          string `json:"name"`
	Plugin        string `json:"plugin"`
	Version       string `json:"version,omitempty"`
	SHA256        string `json:"sha256,omitempty"`
	Enabled       bool   `json:"enabled"`
	Required      bool   `json:"required"`
	Timeout       string `json:"timeout"`
	MaxInFlight   int    `json:"max_in_flight"`
	DrainTimeout  string `json:"drain_timeout"`
	PaymentTTL    string `json:"payment_ttl"`
	SequenceStart uint64 `json:"sequence_start"`
	Isolation     string `json:"isolation"`
	Limits        any    `json:"limits,omitempty"`
	Canary        any    `json:"canary,omitempty"`
	Config        string `json:"config"`
}

func (p Provider) shown() shown {
	var limits any
	if !p.Limits.same(Limits{}) {
		limits = p.Limits
	}

	var canary any
	if p.Canary != (Canary{}) {
		canary = p.Canary
	}

	return shown{
		Name:          p.Name,
		Plugin:        p.Plugin,
		Version:       p.Version,
		SHA256:        p.SHA256,
		Enabled:       p.Enabled,
		Required:      p.Required,
		Timeout:       p.Timeout.String(),
		MaxInFlight:   p.MaxInFlight,
		DrainTimeout:  p.DrainTimeout.String(),
		PaymentTTL:    p.PaymentTTL.String(),
		SequenceStart: p.SequenceStart,
		Isolation:     p.Isolation,
		Limits:        limits,
		Canary:        canary,
		Config:        "[secret]",
	}
}

// String returns every field but Config and Secrets.
func (p Provider) String() string { return fmt.Sprintf("%+v", p.shown()) }

// GoString returns String's text with the type's name.
func (p Provider) GoString() string { return "config.Provider" + p.String() }

// Format prints every field, secrets masked. Without it, a verb that does not
// fit a struct, such as %s, would make fmt print the bare fields without
// calling their methods.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // without this method, or it would call itself
	c.lines = nil
	layout := "%+v"
	if verb == 'v' && f.Flag('#') {
		layout = "%#v"
	}
	fmt.Fprintf(f, layout, plain(c))
}

// Format prints String's text for every verb: %d or %x would otherwise print
// the bytes of Config.
func (p Provider) Format(f fmt.State, verb rune) {
	text := p.String()
	if verb == 'v' && f.Flag('#') {
		text = p.GoString()
	}
	_, _ = io.WriteString(f, text) // fmt ignores such errors too
}

// LogValue returns String's text for slog.
func (p Provider) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON returns every field but Config and Secrets, under the names of
// config.toml.
func (p Provider) MarshalJSON() ([]byte, error) { return json.Marshal(p.shown()) }
