package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf16"
)

// Colors of a terminal. All codes have two digits: tabwriter counts them as
// letters, so every cell of a table must have the same number.
const (
	plain  = "39"
	bold   = "01"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	grey   = "90"
)

// colored reports whether the output may have colors: it does on a terminal,
// unless a flag or the environment forbids it.
func (a *app) colored() bool {
	if a.noColor || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	f, ok := a.out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// statusColors are the colors of statuses, states, outcomes and results.
var statusColors = map[string]string{
	"applied":   green,
	"healthy":   green,
	"ok":        green,
	"passed":    green,
	"ready":     green,
	"succeeded": green,

	"failed":      red,
	"not_sent":    red,
	"problem":     red,
	"quarantined": red,
	"refused":     red,

	"draining":     yellow,
	"restarting":   yellow,
	"under_review": yellow,
	"unknown":      yellow,
	"unmatched":    yellow,
	"warning":      yellow,

	"authorized":      cyan,
	"created":         cyan,
	"pending":         cyan,
	"processing":      cyan,
	"requires_action": cyan,
	"starting":        cyan,

	"canceled":  grey,
	"disabled":  grey,
	"expired":   grey,
	"ignored":   grey,
	"unchanged": grey,
}

// table prints rows in columns. Providers wrote much of the text, so characters
// that could move the cursor or break a column are escaped.
type table struct {
	buffer  bytes.Buffer
	columns *tabwriter.Writer
	out     io.Writer
	colored bool
	indent  string
}

func (a *app) table(header ...string) *table {
	t := &table{out: a.out, colored: a.colored()}
	t.columns = tabwriter.NewWriter(&t.buffer, 0, 0, 2, ' ', 0)
	if len(header) > 0 {
		t.write(header, func(string) string { return bold })
	}
	return t
}

// row adds a row. A cell that is a status gets the status's color.
func (t *table) row(cells ...string) {
	t.write(cells, func(cell string) string { return orElse(statusColors[cell], plain) })
}

func (t *table) write(cells []string, color func(string) string) {
	for i, cell := range cells {
		text := printable(cell)
		if t.colored {
			text = paint(color(cell), text)
		}
		if i > 0 {
			text = "\t" + text
		}

		_, _ = io.WriteString(t.columns, text) // into a buffer
	}

	_, _ = io.WriteString(t.columns, "\n")
}

// print writes the table, without spaces at the ends of lines.
func (t *table) print() {
	_ = t.columns.Flush()
	for line := range strings.Lines(t.buffer.String()) {
		fmt.Fprintln(t.out, t.indent+strings.TrimRight(line, " \n"))
	}
}

func paint(color, text string) string { return "\x1b[" + color + "m" + text + "\x1b[0m" }

// block is a table of names and values that describes one thing. A name that
// repeats makes a list.
type block struct{ *table }

func (a *app) block() block { return block{a.table()} }

// field adds a line, unless the text is empty.
func (b block) field(name, text string) {
	if text != "" {
		b.row(name, text)
	}
}

// heading prints the title of a part.
func (a *app) heading(text string) {
	if a.colored() {
		text = paint(bold, text)
	}
	fmt.Fprintf(a.out, "\n%s\n", text)
}

// note tells the operator something beside the output.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.err, "payhost: %s\n", printable(fmt.Sprintf(format, args...)))
}

// printable returns text on one line, without control characters.
func printable(text string) string { return escape(text, "") }

// lines returns text that keeps its line breaks, without other control
// characters.
func lines(text string) string {
	return escape(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

// escape replaces the characters that control a terminal, except those in keep.
func escape(text, keep string) string {
	// Texts come from providers and customers: a control sequence could change
	// what the operator sees.
	var out strings.Builder
	for _, c := range text {
		switch {
		case strings.ContainsRune(keep, c) || (unicode.IsGraphic(c) && c != unicode.ReplacementChar):
			out.WriteRune(c)
		case c == '\n' || c == '\t' || c == '\r':
			out.WriteByte(' ')
		default:
			fmt.Fprintf(&out, "\\u%04x", c)
		}
	}

	return out.String()
}

// indented prints text of one or more lines.
func (a *app) indented(text string) {
	for line := range strings.Lines(lines(text)) {
		fmt.Fprintln(a.out, "  "+strings.TrimRight(line, " \n"))
	}
}

// printJSON prints the host's JSON unchanged but for its indentation.
func (a *app) printJSON(body []byte) {
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(body), "", "  ") != nil {
		b.Reset()
		b.Write(body)
	}
	fmt.Fprintln(a.out, escapedJSON(b.String()))
}

// escapedJSON returns JSON with the same meaning, without characters that
// control a terminal. JSON allows many of them in a text, and programs read
// them escaped as well.
func escapedJSON(text string) string {
	// An escape of JSON has 16 bits, so a larger character takes two.
	var out strings.Builder
	for _, c := range text {
		switch {
		case (c == '\n') || (unicode.IsGraphic(c) && (c != unicode.ReplacementChar)):
			out.WriteRune(c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&out, "\\u%04x\\u%04x", high, low)
		default:
			fmt.Fprintf(&out, "\\u%04x", c)
		}
	}

	return out.String()
}

// printValue prints a value of this program as JSON.
func (a *app) printValue(v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		a.printJSON(text)
	}
	return err
}

// read decodes an answer of the host.
func read(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf(
			"this version of payhost does not understand the host's answer (--json shows it): %w",
			err,
		)
	}
	return nil
}
