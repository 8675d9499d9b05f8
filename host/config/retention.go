package config

import (
	"strconv"
	"strings"
	"time"
)

// Retention is the table [retention]: how long records are kept. Zero keeps them
// for ever. Nothing that is open is ever deleted.
type Retention struct {
	// Exchanges is how long is kept what was said on the wire [exchanges].
	Exchanges time.Duration
	// Webhooks is how long webhooks are kept that were applied or ignored
	// [webhooks].
	Webhooks time.Duration
	// Personal is how long payments, payouts and refunds say who the customer
	// is [personal].
	Personal time.Duration
	// Events is how long events are kept [events].
	Events time.Duration
}

// maxDays is the longest time that records can be kept without being kept for
// ever.
const maxDays = 36_500

func (l *loader) retention(c *Config, t *table) {
	l.age(t, "exchanges", &c.Retention.Exchanges)
	l.age(t, "webhooks", &c.Retention.Webhooks)
	l.age(t, "personal", &c.Retention.Personal)
	l.age(t, "events", &c.Retention.Events)
	t.finish("")
}

// age reads a duration in which days are allowed.
func (l *loader) age(t *table, key string, target *time.Duration) {
	text := ""
	t.text(key, &text)
	path := join(t.path, key)
	if _, written := t.values[key].(string); !written || l.unread(path) {
		return
	}

	age, ok := parseAge(text)
	switch {
	case !ok:
		l.add(path, `%q is not a duration of at most %dd; write a number with a unit (h, d), `+
			`such as "90d"`, text, maxDays)
	case age <= 0:
		l.add(path, "must be more than 0; without the key records are kept for ever")
	default:
		*target = age
	}
}

// parseAge reads a whole number of days ("90d"), or a Go duration.
func parseAge(text string) (age time.Duration, ok bool) {
	const day = 24 * time.Hour
	if number, inDays := strings.CutSuffix(text, "d"); inDays {
		days, err := strconv.ParseInt(number, 10, 32)
		return time.Duration(days) * day, (err == nil) && (days <= maxDays) && (days >= -maxDays)
	}
	age, err := time.ParseDuration(text)
	return age, (err == nil) && (age <= maxDays*day)
}

// checkRetention checks [retention].
func (c *Config) checkRetention(problems *report) {
	for _, one := range []struct {
		key string
		age time.Duration
	}{
		{"exchanges", c.Retention.Exchanges},
		{"webhooks", c.Retention.Webhooks},
		{"personal", c.Retention.Personal},
		{"events", c.Retention.Events},
	} {
		if one.age < 0 {
			problems.check(join("retention", one.key), "must not be negative")
		}
	}
}
