package main

import (
	"fmt"
	"time"
)

// at returns a time in the local zone, with its distance from now.
func (a *app) at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t) + " (" + distance(t, a.now()) + ")"
}

// stamp returns a time in the local zone.
func stamp(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// clock returns a time for columns whose heading names the zone.
func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// zone returns the local zone's name, for the heading above clock's times.
func (a *app) zone() string { return a.now().Local().Format("MST") }

// distance says how far a time is from now.
func distance(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < -time.Second:
		return "in " + span(-d)
	case d < time.Second:
		return "now"
	default:
		return span(d) + " ago"
	}
}

// after returns the time since start, with its sign.
func after(t, start time.Time) string {
	d := t.Sub(start)
	if d < 0 {
		return "-" + span(-d)
	}
	return "+" + span(d)
}

// span returns a duration with at most two units.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < day:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}

	return fmt.Sprintf("%dd%02dh", int(d/day), int(d.Hours())%24)
}
