package httpapi

import (
	"errors"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// moment is a time in a parameter, read as strictly as in a body.
type moment struct{ time.Time }

// UnmarshalText is asked by huma.
func (m *moment) UnmarshalText(text []byte) error {
	t, err := parseMoment(string(text))
	m.Time = t
	return err
}

// Schema is asked by huma.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-12-01T00:00:00Z"}}
}

// notAMoment is what is said of a text that is no time.
const notAMoment = "must be RFC 3339 date-time"

// rfc3339 is the form of a time. time.Parse also takes hours of one digit, zones
// of 24 hours and a comma, which cannot be written again.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// parseMoment reads a time as RFC 3339 has it, one that can be given back: in UTC
// its year has four digits as well.
func parseMoment(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || !rfc3339.MatchString(text) {
		return time.Time{}, errors.New(notAMoment)
	}

	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errors.New("must be in the years 1 to 9999 of UTC")
	}
	return t, nil
}
