package sdk

import (
	"errors"
	"strconv"
	"time"
)

// TimeZone is the name of the zone of a provider's times that name none, such
// as "Asia/Shanghai" or "UTC". A configuration key of this type takes nothing
// else. A plugin that reads times of other zones than UTC imports time/tzdata,
// since the machine may not know them.
type TimeZone string

// Time reads a time as 2006-01-02 15:04:05. It returns the zero time for
// anything else, and for every text when the zone is not known: a wrong time is
// worse than none. So it does for one that in UTC is not of the years 1 to
// 9999, which nothing can carry.
func (z TimeZone) Time(text string) time.Time {
	zone, err := time.LoadLocation(string(z))
	if z == "" || err != nil {
		return time.Time{}
	}
	at, _ := time.ParseInLocation(time.DateTime, text, zone)
	return writable(at.UTC())
}

var errTimeZone = errors.New("must be the name of a time zone, such as Asia/Shanghai")

// UnmarshalText reads a configured value; anything but the name of a zone that
// the machine or time/tzdata knows is an error that does not repeat it.
func (z *TimeZone) UnmarshalText(text []byte) error {
	if _, err := time.LoadLocation(string(text)); err != nil {
		return errTimeZone
	}
	*z = TimeZone(text)
	return nil
}

// UnixMilli reads a time as milliseconds since 1970. It returns the zero time
// for anything else, and for a time beyond the year 9999.
func UnixMilli(text string) time.Time {
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || milliseconds <= 0 {
		return time.Time{}
	}
	return writable(time.UnixMilli(milliseconds).UTC())
}

// writable returns the zero time for one that the wire cannot carry.
func writable(at time.Time) time.Time {
	if year := at.UTC().Year(); year < 1 || year > 9999 {
		return time.Time{}
	}
	return at
}
