package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one mistake in a configuration.
type Problem struct {
	File string // as it was given to Load; empty for a Config built in code
	Line int    // in File, from 1; 0 when the mistake has no line
	// Key is a dotted path such as "providers.acme.timeout" or
	// "http.tokens[0]"; empty when it is about the file
	Key     string
	Message string // what is wrong and what to write instead, never with a secret in it
}

// String returns "config.toml:12: providers.acme.timeout: MESSAGE", without the
// parts that are not known.
func (p Problem) String() string {
	var out strings.Builder
	if p.File != "" {
		out.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&out, ":%d", p.Line)
		}
		out.WriteString(": ")
	}

	if p.Key != "" {
		out.WriteString(p.Key + ": ")
	}

	return out.String() + p.Message
}

// Problems are all mistakes of one configuration, in the order of their lines.
// Load and Validate return *Problems as their error.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	rows := make([]string, len(p))
	for i := range p {
		rows[i] = p[i].String()
	}
	return strings.Join(rows, "\n")
}

// report collects problems while a configuration is read and then checked.
type report struct {
	file     string
	lines    *lines
	problems Problems
	said     map[Problem]bool // the same problems, for looking one up: a file can have thousands
	failed   map[string]bool  // keys whose value could not be read; "" is the whole file
	// referred holds the values that came from references, by key. They are not
	// shown: a reference may lead to a secret by mistake.
	referred map[string]string
}

func newReport(file string, at *lines) *report {
	return &report{
		file:     file,
		lines:    at,
		said:     map[Problem]bool{},
		failed:   map[string]bool{},
		referred: map[string]string{},
	}
}

// add reports a mistake at a key. The key's value is not checked further.
func (r *report) add(key, format string, args ...any) {
	r.at(r.lines.nearest(key), key, format, args...)
	r.failed[key] = true
}

// oneOf returns the key of a list's element. A list that the file writes as a
// single text has only its own key.
func (r *report) oneOf(key string, i, size int) string {
	if (size == 1) && (r.lines != nil) && (r.lines.line(element(key, i)) == 0) {
		return key
	}
	return element(key, i)
}

// at reports a mistake at a line.
func (r *report) at(line int, key, format string, args ...any) {
	p := Problem{
		File:    r.file,
		Line:    line,
		Key:     key,
		Message: r.without(key, fmt.Sprintf(format, args...)),
	}
	if !r.said[p] {
		r.said[p] = true
		r.problems = append(r.problems, p)
	}
}

// without removes a reference's value from a message about it: the whole value,
// and a quoted beginning of the message, which is the value or a part of it.
func (r *report) without(key, message string) string {
	value := r.referred[key]
	if value == "" {
		return message
	}
	const instead = "what it stands for"
	if quoted, err := strconv.QuotedPrefix(message); err == nil {
		message = instead + message[len(quoted):]
	}

	// The value may stand in the message as it is, or quoted.
	for _, form := range []string{value, strconv.Quote(value)} {
		message = strings.ReplaceAll(message, strings.Trim(form, `"`), instead)
	}

	return message
}

// check reports a mistake in a value that was read. It does nothing when the
// key or a table around it could not be read: the value is then not the
// operator's.
func (r *report) check(key, format string, args ...any) {
	if !r.unread(key) {
		r.at(r.lines.nearest(key), key, format, args...)
	}
}

// unread reports whether the key's value, or a table around it, could not be
// read.
func (r *report) unread(key string) bool {
	for ; key != ""; key = parent(key) {
		if r.failed[key] {
			return true
		}
	}
	return r.failed[""]
}

// err returns the problems by file and line; nil when there are none.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}

	// Load reads maps, so the order of discovery is random.
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Key, b.Key),
			cmp.Compare(a.Message, b.Message),
		)
	})

	return &r.problems
}
