package payment

import (
	"errors"
	"regexp"
	"time"
)

// rfc3339 is the form of a time. time.Parse also takes hours of one digit,
// zones of 24 hours and a comma, which cannot be written again.
var rfc3339 = regexp.MustCompile(
	`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`,
)

// ParseTime reads a time as RFC 3339 has it, and returns it in UTC. It refuses
// a time that could not be written the same way: in UTC its year must have four
// digits as well.
func ParseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !rfc3339.MatchString(text) {
		return time.Time{}, errors.New("must be RFC 3339 date-time")
	}

	// A zone can move a time out of the years that can be written.
	at = at.UTC()
	if at.Year() < 1 || at.Year() > 9999 {
		return time.Time{}, errors.New("must be in the years 1 to 9999 of UTC")
	}

	return at, nil
}
