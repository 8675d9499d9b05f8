package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxRepairs bounds how many broken parts are reported in one run.
const maxRepairs = 50

// parse returns the file's tables. The parser stops at the first broken part.
// The part is reported, its section is blanked out (white space keeps the line
// numbers), and the rest is parsed again, so that other mistakes are found in
// the same run. The tables are nil when nothing could be read.
func parse(text string, problems *report) (map[string]any, *layout) {
	for range maxRepairs {
		at := scan(text)
		problems.lines = at.lines

		// The parser would recurse as deep as the text is nested.
		for _, f := range at.faults {
			if f.deep {
				problems.at(f.line, "", "%s", f.message)
				return nil, at
			}
		}

		tree, err := decode(text)
		if err == nil {
			return tree, at
		}
		rest, ok := at.without(text, *err, problems)
		if !ok {
			break
		}

		text = rest
	}

	return nil, nil
}

// decode calls the parser. A panic in the parser is an error as well, because
// the file causes it.
func decode(text string) (tree map[string]any, failure *toml.ParseError) {
	defer func() {
		if v := recover(); v != nil {
			tree, failure = nil, &toml.ParseError{}
		}
	}()

	tree = map[string]any{}
	_, err := toml.Decode(text, &tree)
	var pe toml.ParseError

	switch {
	case err == nil:
		return tree, nil
	case errors.As(err, &pe):
		return nil, &pe
	}

	// An error of another kind names no line; without copes with that.
	return nil, &toml.ParseError{}
}

// without reports the parser's error, and returns the text without the part
// that causes it; false when no part can be removed.
func (at *layout) without(
	text string,
	err toml.ParseError,
	problems *report,
) (string, bool) {
	line := err.Position.Line

	// A repeated key or table is the operator's most likely mistake, and has a
	// line to name.
	if strings.Contains(err.Message, "already") {
		if st, ok := at.repeated(line); ok {
			problems.at(line, st.key, "%s", at.repetition(st))
			if st.header {
				return blot(text, at.sectionOf(st.start).span), true
			}
			return blot(text, st.span), true
		}
	}

	// The scanner's faults are more exact than the parser's errors, if one
	// comes first.
	message, torn := explain(err), false
	if len(at.faults) > 0 && (line == 0 || at.faults[0].line <= line) {
		f := at.faults[0]
		line, message = f.line, f.message
		torn = f.open || holdsSecrets(at.sectionAt(line).table)
	}

	line = max(line, 1)
	st, whole := at.statementAt(line), at.sectionAt(line)
	if torn {
		whole.end = at.nextTable(whole)
	}

	// A broken value makes one key unread; a broken header, or a part without
	// an end, makes its whole section unread.
	problems.at(line, st.key, "%s", message)
	if torn || st.header || st.key == "" {
		problems.failed[account(whole)] = true
		st.span = whole.span
	} else {
		problems.failed[st.key] = true
	}

	// Without a change the next parse would fail in the same place.
	rest := blot(text, st.span)
	return rest, rest != text
}

// holdsSecrets reports whether a secret can stand in a table. When such a table
// is broken, the following lines may be the rest of a secret without quotes,
// not keys. None of them is read or shown.
func holdsSecrets(table string) bool {
	provider, ok := strings.CutPrefix(table, "providers.")
	return table != "host" && table != "log" &&
		(!ok || strings.ContainsAny(provider, `."[`))
}

// nextTable returns where the next certain table begins after a torn section. A
// line of a secret without quotes may look like a header, but not like a header
// of this file.
func (at *layout) nextTable(torn section) int {
	end := torn.end
	for _, s := range at.sections {
		if s.start < torn.end {
			continue
		}
		if root, _, _ := strings.Cut(s.table, "."); slices.Contains(tables, root) {
			return s.start
		}

		end = s.end
	}

	return end
}

// statementAt returns the statement on a line; an empty one when there is none.
func (at *layout) statementAt(line int) statement {
	for _, st := range slices.Backward(at.statements) {
		if st.line <= line && line <= st.last {
			return st
		}
	}
	return statement{}
}

// repeated returns the statement on a line whose key an earlier statement has.
func (at *layout) repeated(line int) (statement, bool) {
	for _, st := range at.statements {
		if st.line == line && st.key != "" && at.lines.line(st.key) < line {
			return st, true
		}
	}
	return statement{}, false
}

// repetition says what is wrong with a second statement of one key.
func (at *layout) repetition(st statement) string {
	first := at.lines.line(st.key)
	if name, ok := strings.CutPrefix(st.key, "providers."); ok && st.header &&
		!strings.ContainsAny(name, `."[`) {
		return fmt.Sprintf("a second provider of this name; the first is on line %d", first)
	}

	if st.header {
		return fmt.Sprintf(
			"this table is begun a second time; the first is on line %d",
			first,
		)
	}

	return fmt.Sprintf("this key is set a second time; the first is on line %d", first)
}

// sectionAt returns the section that a line belongs to.
func (at *layout) sectionAt(line int) section {
	found := at.sections[0]
	for _, s := range at.sections {
		if s.line <= line {
			found = s
		}
	}
	return found
}

// sectionOf returns the section that begins at a byte.
func (at *layout) sectionOf(start int) section {
	for _, s := range at.sections {
		if s.start == start {
			return s
		}
	}
	return at.sections[0]
}

// account returns the path that is unread once a section is blanked out: one
// provider, or one table of the first level. It is "", the whole file, when the
// section could belong to anything.
func account(s section) string {
	if !s.named || s.table == "" {
		return ""
	}
	path := s.table
	for up := parent(path); up != "" && up != "providers" && up != "tokens"; up = parent(path) {
		path = up
	}
	return path
}

// blot replaces a part of the text with spaces, and keeps its line breaks.
func blot(text string, s span) string {
	gone := strings.Map(func(c rune) rune {
		if c == '\n' {
			return c
		}
		return ' '
	}, text[s.start:s.end])
	return text[:s.start] + gone + text[s.end:]
}

// explain words the parser's error. The parser's own text may quote the file,
// and so a secret; none of it is passed on.
func explain(err toml.ParseError) string {
	for _, e := range explanations {
		if strings.Contains(err.Message, e.theirs) {
			return e.ours
		}
	}
	return "this is not valid TOML"
}

// explanations map a part of the parser's text to our own.
var explanations = []struct{ theirs, ours string }{
	// The first match counts.
	{"already", "a key or table is set here that exists already"},
	{"out of range", "the number is too large; write it in quotes"},
	{"invalid datetime", "this is neither a number nor a date; text goes in quotes"},
	{"Invalid integer", "this is not a number as TOML writes it; text goes in quotes"},
	{"Invalid float", "this is not a number as TOML writes it; text goes in quotes"},
	{"invalid float", "this is not a number as TOML writes it; text goes in quotes"},
	{"number", "this is not a number as TOML writes it; text goes in quotes"},
	{"expected a digit", "this is not a number as TOML writes it; text goes in quotes"},
	{"floats must start", "this is not a number as TOML writes it; text goes in quotes"},
	{"expected value but found", "a value is expected here; text goes in quotes"},
	{
		"escape",
		`a backslash begins an escape here; write \\, or put the text in single quotes`,
	},
	{
		"Escaped",
		`a backslash begins an escape here; write \\, or put the text in single quotes`,
	},
	{
		"hexadecimal digits",
		`a backslash begins an escape here; write \\, or put the text in single quotes`,
	},
	{"control characters", "the file has a control character here"},
	{"UTF-8", "the file is not UTF-8 text"},
	{"comma", "a comma is missing or one too many"},
	{
		"top-level item to end",
		"nothing but a comment may follow on the line; text goes in quotes",
	},
	{"is not a table", "a key or table is set here that exists already"},
}
