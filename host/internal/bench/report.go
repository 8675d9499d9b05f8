package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// The chapters of the report, and the rows that are compared with aims.
const (
	chapterCalls       = "calls"
	chapterSupervision = "supervision"
	chapterPayments    = "payments"
	chapterWebhooks    = "webhooks"
	chapterLists       = "lists"
	chapterRecovery    = "recovery"
	chapterWhole       = "whole"

	rowWhole     = "everything: host, plugin, load and the provider's simulator"
	rowWholeHost = "of which the host's own processor time"

	// sustainedPart is the rate of the long load, as a part of what the side
	// can do when its database is empty.
	sustainedPart = 0.7
)

// wayNames are the ways' names in the report.
var wayNames = map[string]string{
	wayPlain: "plain go-plugin: generated messages, AutoMTLS, nothing of ours",
	waySDK:   "go-plugin with the SDK at both ends, no host",
	wayHost:  "the host's whole chain",
}

func callRow(way string, callers int) string {
	return wayNames[way] + ", " + callersText(callers)
}

func callersText(callers int) string {
	if callers == 1 {
		return "1 caller"
	}
	return fmt.Sprintf("%d callers", callers)
}

func rowsRow(database string, rows int) string {
	return fmt.Sprintf("%s, %s rows", database, thousands(rows))
}

func payRow(database string, rows, callers int) string {
	return rowsRow(database, rows) + ", " + callersText(callers)
}

// thousands writes a number with commas.
func thousands(number int) string {
	text := fmt.Sprint(number)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// line is a row of the report; sides are now and the base, in this order.
type line struct {
	chapter, name string
	sides         []figures
}

type longLoad struct {
	name   string
	rate   float64
	points []point
}

// report is all that was measured.
type report struct {
	lines   []*line
	ready   []time.Duration
	idle    []memory
	busy    []int64
	failed  int // calls during swaps
	torture string
	long    []longLoad
	sizes   []sized
}

// add adds a side's figures to a row.
func (r *report) add(chapter, name string, side int, result figures) {
	found := r.line(chapter, name)
	if found == nil {
		found = &line{chapter: chapter, name: name}
		r.lines = append(r.lines, found)
	}
	for len(found.sides) <= side {
		found.sides = append(found.sides, figures{})
	}
	found.sides[side] = result
}

func (r *report) line(chapter, name string) *line {
	for _, l := range r.lines {
		if l.chapter == chapter && l.name == name {
			return l
		}
	}
	return nil
}

// get returns a row's figures, none when it was not measured.
func (r *report) get(chapter, name string, side int) figures {
	found := r.line(chapter, name)
	if found == nil || side >= len(found.sides) {
		return figures{}
	}
	return found.sides[side]
}

// figuresOf are the median and the slowest.
func figuresOf(took []time.Duration) figures {
	if len(took) == 0 {
		return figures{}
	}
	slices.Sort(took)
	return figures{P50: took[len(took)/2], P99: took[len(took)-1]}
}

// aim is a row of the first table; figure returns what was measured on a side,
// 0 for nothing.
type aim struct {
	name, aim, unit string
	digits          int
	figure          func(side int) float64
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// aims are what this project wants to reach, with their figures.
func (b *bench) aims() []aim {
	r := &b.report
	call := func(way string, callers, side int) figures {
		return r.get(chapterCalls, callRow(way, callers), side)
	}
	small := b.plan.rows[0]
	large := b.plan.rows[len(b.plan.rows)-1]
	list := []aim{
		{"host's chain / plain go-plugin, rate of 64 callers", "≥ 1.0", "", 2,
			func(s int) float64 {
				return ratio(call(wayHost, manyCallers, s).PerSecond,
					call(wayPlain, manyCallers, s).PerSecond)
			}},
		{"host's chain / plain go-plugin, p50 of 1 caller", "≤ 0.9", "", 2,
			func(s int) float64 {
				return ratio(float64(call(wayHost, 1, s).P50),
					float64(call(wayPlain, 1, s).P50))
			}},
	}

	for _, database := range []string{"SQLite", "PostgreSQL"} {
		list = append(list,
			aim{database + ", 64 callers", "2 × base", "payments/s", 0, func(s int) float64 {
				return r.get(chapterPayments, payRow(database, small, manyCallers), s).PerSecond
			}},
			aim{database + ", p50 of 1 caller beyond the call", "0.6 × base", "ms", 2,
				func(s int) float64 {
					paid := r.get(chapterPayments, payRow(database, small, 1), s).P50
					if paid == 0 {
						return 0
					}
					return milliseconds(paid - call(wayHost, 1, s).P50)
				}},
			aim{fmt.Sprintf("%s, recovery with %s rows", database, thousands(large)),
				"≥ 200", "intents/s", 0, func(s int) float64 {
					return r.get(chapterRecovery, rowsRow(database, large), s).PerSecond
				}},
			aim{fmt.Sprintf("%s, slowest list's p99 with %s rows", database, thousands(large)),
				"< 50", "ms", 1, func(s int) float64 {
					return milliseconds(r.slowestList(rowsRow(database, large), s))
				}},
		)
	}

	return append(list, b.processAims()...)
}

func (b *bench) processAims() []aim {
	r := &b.report
	return []aim{
		{"host's CPU a payment over HTTP", "0.6", "ms", 2, func(s int) float64 {
			return milliseconds(r.get(chapterWhole, rowWholeHost, s).CPU)
		}},
		{"everything over HTTP on this machine", "1,000", "payments/s", 0,
			func(s int) float64 { return r.get(chapterWhole, rowWhole, s).PerSecond }},
		{"long load, last minute / best minute", "≥ 0.9", "", 2, func(s int) float64 {
			if s >= len(r.long) {
				return 0
			}
			return kept(r.long[s].points)
		}},
		{"smallest shipped plugin, resident", "15.5", "MB", 1, func(s int) float64 {
			if s >= len(r.idle) {
				return 0
			}
			return megabytes(r.idle[s].smallest)
		}},
		{"SIGKILL of a plugin to the next served call, p50", "50", "ms", 0,
			func(s int) float64 { return milliseconds(r.get(chapterSupervision, "kills", s).P50) }},
		{"p99 during swaps / steady p99", "≤ 1.15", "", 2, func(s int) float64 {
			return ratio(float64(r.get(chapterSupervision, "swap", s).P99),
				float64(r.get(chapterSupervision, "steady", s).P99))
		}},
	}
}

// slowestList returns the p99 of the slowest of the lists whose names end so.
func (r *report) slowestList(suffix string, side int) (slowest time.Duration) {
	for _, l := range r.lines {
		if l.chapter == chapterLists && strings.HasSuffix(l.name, suffix) &&
			side < len(l.sides) {
			slowest = max(slowest, l.sides[side].P99)
		}
	}
	return slowest
}

// write writes the report, and its picture beside it.
func (b *bench) write(file string) error {
	picture := strings.TrimSuffix(file, filepath.Ext(file)) + ".svg"
	if err := os.WriteFile(picture, []byte(chart(b.report.long)), 0o600); err != nil {
		return err
	}
	text := b.text(filepath.Base(picture))
	return os.WriteFile(file, []byte(text), 0o600)
}

func (b *bench) text(picture string) string {
	var text strings.Builder
	print := func(format string, args ...any) { fmt.Fprintf(&text, format, args...) }
	made := "make bench"
	if b.plan.minutes == quickPlan.minutes {
		made = "make bench-quick"
	}
	if b.base != "" {
		made += " BASE=" + b.base
	}
	print(headText, made, time.Now().UTC().Format("2006-01-02"), runtime.GOOS,
		runtime.GOARCH, runtime.NumCPU(), runtime.Version())

	b.printAims(print)
	for _, chapter := range chapters {
		print("\n## %s\n\n%s\n\n", chapter.title, chapter.text)
		if chapter.name == chapterSupervision {
			print("Calls that failed during swaps: %d.\n\n", b.report.failed)
		}
		b.printLines(print, chapter.name)
		if chapter.name == chapterSupervision && b.report.torture != "" {
			print("%s%s", tortureText, b.report.torture)
		}
	}

	b.printSizes(print)
	b.printMemory(print)
	b.printLong(print, picture)
	print("%s", limitsText)

	return text.String()
}

type printer = func(format string, args ...any)

// sideNames are the sides of a table: the base is printed first.
func (b *bench) order() []int {
	if b.base == "" {
		return []int{0}
	}
	return []int{1, 0}
}

func (b *bench) printAims(print printer) {
	print("\n## Aims\n\n")
	if b.base == "" {
		print("| figure | aim | now |\n|---|---|---|\n")
	} else {
		print("| figure | aim | base | now | now / base |\n|---|---|---|---|---|\n")
	}

	for _, a := range b.aims() {
		print("| %s | %s |", a.name, strings.TrimSpace(a.aim+" "+a.unit))
		for _, side := range b.order() {
			figure := a.figure(side)
			if figure == 0 {
				print(" – |")
			} else {
				print(" %.*f |", a.digits, figure)
			}
		}
		if b.base != "" {
			print(" %s |", times(ratio(a.figure(0), a.figure(1))))
		}
		print("\n")
	}
}

// times writes a ratio.
func times(ratio float64) string {
	if ratio == 0 {
		return "–"
	}
	return fmt.Sprintf("× %.2f", ratio)
}

// printLines prints a chapter's rows: a line for each side, with the ratios to
// the base.
func (b *bench) printLines(print printer, chapter string) {
	head := "| what | operations/s | p50 | p99 | CPU an operation |"
	rule := "|---|---|---|---|---|"
	if b.base != "" {
		head = "| what | tree | operations/s | p50 | p99 | CPU an operation " +
			"| rate | p50 | CPU |"
		rule += "---|---|---|---|"
	}
	print("%s\n%s\n", head, rule)

	for _, l := range b.report.lines {
		if l.chapter != chapter {
			continue
		}
		for _, side := range b.order() {
			b.printLine(print, l, side)
		}
	}
}

func (b *bench) printLine(print printer, l *line, side int) {
	if side >= len(l.sides) {
		return
	}
	f := l.sides[side]
	rate := "–"
	if f.PerSecond > 0 {
		rate = fmt.Sprintf("%.0f", f.PerSecond)
		if f.PerSecond < 10 {
			rate = fmt.Sprintf("%.1f", f.PerSecond)
		}
	}
	measured := fmt.Sprintf("%s | %s | %s | %s", rate, short(f.P50), short(f.P99), short(f.CPU))

	if b.base == "" {
		print("| %s | %s |\n", l.name, measured)
		return
	}
	if side == 1 {
		print("| %s | base | %s | | | |\n", l.name, measured)
		return
	}
	old := l.sides[len(l.sides)-1]
	print("| | now | %s | %s | %s | %s |\n", measured,
		times(ratio(f.PerSecond, old.PerSecond)),
		times(ratio(float64(f.P50), float64(old.P50))),
		times(ratio(float64(f.CPU), float64(old.CPU))))
}

func (b *bench) printMemory(print printer) {
	print("\n## Memory and the start of everything\n\n%s\n\n"+
		"| tree | nothing to ready | host, idle | host and plugins, idle "+
		"| the same after the load | smallest plugin |\n|---|---|---|---|---|---|\n", memoryText)
	for _, side := range b.order() {
		if side >= len(b.report.busy) {
			continue
		}
		idle := b.report.idle[side]
		print("| %s | %s | %.0f MB | %.0f MB | %.0f MB | %.1f MB |\n",
			b.sides[side].name,
			short(b.report.ready[side]),
			megabytes(idle.host),
			megabytes(idle.all),
			megabytes(b.report.busy[side]),
			megabytes(idle.smallest),
		)
	}
}

func (b *bench) printLong(print printer, picture string) {
	print("\n## A long load\n\n"+longText+"\n\n![rate and latency over time](%s)\n\n"+
		"| tree | planned | last minute / best minute | worst second's p99 |\n|---|---|---|---|\n",
		b.plan.sustain, 100*sustainedPart, picture)
	for _, side := range b.order() {
		if side >= len(b.report.long) {
			continue
		}
		long := b.report.long[side]
		var worst time.Duration
		for _, p := range long.points {
			worst = max(worst, p.P99)
		}
		print("| %s | %.0f/s | %.2f | %s |\n",
			long.name, long.rate, kept(long.points), short(worst))
	}
}

const headText = "# Benchmarks\n\n" +
	"Made by `%s` on %s, %s/%s, %d cores, %s. Only ratios carry over to\n" +
	"other machines. Calls, payments, webhooks and everything over HTTP were\n" +
	"measured in turns, slice by slice, and a figure is the median of its slices.\n" +
	"Lists, recovery, starts, kills, swaps and the long load were measured once a\n" +
	"tree, one tree after the other: a busy machine shows in their ratios. CPU is the user and system time of all\n" +
	"processes that took part, the load and the database's server included: it\n" +
	"is steady where rates are not.\n"

const tortureText = "\nTwo providers of one host, 4 callers on each. The plugin of one misbehaves;\n" +
	"the calls of the other one are measured, and none of them may fail.\n\n"

const memoryText = "The host runs on the repository's `config.toml`: five shipped plugins, and\n" +
	"the one that is measured, which is left out of the memory."

const longText = "Payments on SQLite for %s at a fixed rate, %.0f %% of what 64 callers\n" +
	"reach on an empty database. None of them is ever paid, so the host queries\n" +
	"the status of ever more of them beside. A payment's time counts from when it\n" +
	"was to begin. One tree after the other, not in turns."

const limitsText = `
## What these figures do not show

- A provider's own time, and a network: providers are answered for on this machine.
- More than two cores, and a database's server on a machine of its own: load, host, plugins and server share this one.
- Days: vacuum, growing files and caches that no longer hold the indexes show after hours.
- The large tables are copies of a few payments, so every index is as good as it can be for their values.
- A side's slices last about a second; the slowest calls of a day are not among them.
`

// chapters are the chapters with rows, in the report's order.
var chapters = []struct{ name, title, text string }{
	{chapterCalls, "A call", "One CreatePayment with 1 KB of data to a plugin that answers at once. The\n" +
		"whole chain is what the core goes through: lease, bulkhead, breaker,\n" +
		"deadline, metrics, log."},
	{chapterPayments, "Durable payments", "Key, intent and attempt committed (on SQLite with synchronous=FULL), the\n" +
		"plugin called, its answer and the event committed. The rows are intents\n" +
		"that were there before, with their attempts, histories and events."},
	{chapterWebhooks, "Webhooks", "Over HTTP: stored, read by the plugin, applied with its event, answered."},
	{chapterRecovery, "Recovery", "4,000 payments of one provider are due when a host starts; each is found to\n" +
		"be paid."},
	{chapterLists, "Lists and events", "The first page, 50 entries, one reader."},
	{chapterWhole, "Everything over HTTP", "The shipped programs; 64 callers. The plugin asks a provider over HTTP whose\n" +
		"answer takes the same time however many payments it has."},
	{chapterSupervision, "Starts, kills and swaps", "A start is from nothing to the first served call, checksum included; a kill\n" +
		"is from SIGKILL to the next served call. Their last column of times is the\n" +
		"slowest. During swaps 16 callers pay at a provider that takes 20 ms; `swap`\n" +
		"has the calls that overlap one, `stop` those that overlap a stop of the old\n" +
		"plugin before the start of the new one."},
}
