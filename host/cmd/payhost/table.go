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
// letters, so each cell of a table has equally many.
const (
	plain  = "39"
	bold   = "01"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	grey   = "90"
)

// colored reports whether the output may have colors: on a terminal, unless
// somebody said otherwise.
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

// statusColors are those of statuses, states, outcomes and results.
var statusColors = map[string]string{
	"succeeded": green, "ready": green, "applied": green, "ok": green, "healthy": green, "passed": green,
	"failed": red, "quarantined": red, "refused": red, "problem": red, "not_sent": red,
	"unknown": yellow, "under_review": yellow, "unmatched": yellow, "restarting": yellow, "draining": yellow, "warning": yellow,
	"created": cyan, "requires_action": cyan, "processing": cyan, "authorized": cyan, "pending": cyan, "starting": cyan,
	"canceled": grey, "expired": grey, "disabled": grey, "ignored": grey, "unchanged": grey,
}

// table prints rows in columns. Cells are strings; whatever in them could move
// the cursor or break a column is escaped, because much of it was written by
// providers.
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

// row adds a row. A cell that is a status gets its color.
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

// print writes the table, without blanks at the ends of lines.
func (t *table) print() {
	_ = t.columns.Flush()
	for line := range strings.Lines(t.buffer.String()) {
		fmt.Fprintln(t.out, t.indent+strings.TrimRight(line, " \n"))
	}
}

func paint(color, text string) string { return "\x1b[" + color + "m" + text + "\x1b[0m" }

// block is a table of names and values: what one thing is. Names in a row that
// are the same are a list.
type block struct{ *table }

func (a *app) block() block { return block{a.table()} }

// field adds a line, unless there is nothing to say.
func (b block) field(name, text string) {
	if text != "" {
		b.row(name, text)
	}
}

// heading prints the name of a part.
func (a *app) heading(text string) {
	if a.colored() {
		text = paint(bold, text)
	}
	fmt.Fprintf(a.out, "\n%s\n", text)
}

// note tells a person something beside the output.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.err, "payhost: %s\n", printable(fmt.Sprintf(format, args...)))
}

// printable gives text on one line, without control characters.
func printable(text string) string { return escape(text, "") }

// lines gives text that keeps its line breaks and nothing else that controls a
// terminal.
func lines(
	text string,
) string {
	return escape(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

func escape(text, keep string) string {
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

// indented prints text of several lines.
func (a *app) indented(text string) {
	for line := range strings.Lines(lines(text)) {
		fmt.Fprintln(a.out, "  "+strings.TrimRight(line, " \n"))
	}
}

// printJSON prints the host's JSON as it is, but indented.
func (a *app) printJSON(body []byte) {
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(body), "", "  ") != nil {
		b.Reset()
		b.Write(body)
	}
	fmt.Fprintln(a.out, escapedJSON(b.String()))
}

// escapedJSON returns JSON that says the same, without the characters that
// control a terminal: JSON lets many of them stand for themselves in a text,
// and programs read them as well when they are escaped.
func escapedJSON(text string) string {
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

// printValue prints a value of our own as JSON.
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
			"the host's answer is not what this version of payhost expects (--json shows it): %w",
			err,
		)
	}
	return nil
}
