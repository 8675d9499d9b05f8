package httpapi

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/payment"
)

// moment is a time in a parameter, read as strictly as in a body.
type moment struct{ time.Time }

// UnmarshalText is called by huma.
func (m *moment) UnmarshalText(text []byte) (err error) {
	m.Time, err = payment.ParseTime(string(text))
	return err
}

// Schema is called by huma.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type:     huma.TypeString,
		Format:   "date-time",
		Examples: []any{"2026-12-01T00:00:00Z"},
	}
}
