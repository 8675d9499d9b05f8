package config

import (
	"regexp"
	"strings"
)

// maxDepth bounds nesting, and the parts of one key, for the recursion of this
// scanner and of the parser.
const maxDepth = 32

// layout is the scanner's result: where keys and values are, not what they
// mean.
type layout struct {
	lines *lines
	// literals holds numbers, booleans and dates as the file writes them, by
	// path.
	literals   map[string]string
	sections   []section
	statements []statement
	faults     []fault
}

// section is the text from one table's header to the next. The first section,
// before any header, has no table.
type section struct {
	span
	table string
	named bool // the header could be read
}

// statement is one header, or one key with its value.
type statement struct {
	span
	key    string // empty when it could not be read
	header bool
	last   int // the last line
}

// span is a part of the text: its first line, its first byte and the byte after
// it.
type span struct{ line, start, end int }

// fault is broken syntax. Its line is where the broken part begins, which for a
// string without an end is more useful than the end of the file.
type fault struct {
	line    int
	message string
	// open: a part that may run over several lines has no end, so the start of
	// the next statement is a guess
	open bool
	deep bool // nested too deep to be handed to the parser
}

// scanner reads TOML just well enough to find the line of each key. After
// broken syntax it continues with the next line, so that the rest of the file
// can be checked too. It accepts everything that the parser accepts, and more.
type scanner struct {
	src    string
	pos    int
	line   int
	table  string         // the path of the table whose keys follow
	arrays map[string]int // the number of elements of each array of tables so far
	out    *layout
}

// scan reads a whole file. It never fails; it collects faults.
func scan(src string) *layout {
	s := &scanner{
		src:    src,
		line:   1,
		arrays: map[string]int{},
		out:    &layout{lines: newLines(), literals: map[string]string{}},
	}

	// The parser skips byte order marks too.
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(src, mark) {
			s.pos = len(mark)
			break
		}
	}

	s.out.sections = []section{{span: span{line: 1}, named: true}}
	for s.blank(true); s.pos < len(s.src); s.blank(true) {
		s.statement()
	}
	s.out.sections[len(s.out.sections)-1].end = len(src)

	return s.out
}

// statement reads one header or one key with its value, up to the end of its
// line.
func (s *scanner) statement() {
	at := span{line: s.line, start: s.pos}
	st := statement{header: s.src[s.pos] == '['}
	var f *fault
	if st.header {
		s.openSection(at)
		st.key, f = s.header()
	} else {
		st.key, f = s.keyValue(s.table, 0)
	}

	if f == nil {
		f = s.lineEnd()
	}
	st.last = s.line
	if f != nil {
		s.out.faults = append(s.out.faults, *f)
		s.resume(at.line)
	}

	// A broken statement is kept too: its key and its span say what to leave
	// out.
	at.end = s.pos
	st.span = at
	s.out.statements = append(s.out.statements, st)
}

// openSection ends one section and begins the next.
func (s *scanner) openSection(at span) {
	s.out.sections[len(s.out.sections)-1].end = at.start
	s.out.sections = append(s.out.sections, section{span: at})
}

// resume goes to the probable start of the next statement: this line,
// when it looks like a header and the broken statement began before it (a list
// without its closing bracket), else the next line.
func (s *scanner) resume(from int) {
	if s.line > from && s.onHeader() {
		s.pos = s.lineStart()
		return
	}
	if i := strings.IndexByte(s.src[s.pos:], '\n'); i >= 0 {
		s.pos += i
		return
	}
	s.pos = len(s.src)
}

func (s *scanner) lineStart() int { return strings.LastIndexByte(s.src[:s.pos], '\n') + 1 }

// onHeader reports whether the current line looks like a table's header, which
// an element of a list seldom does.
func (s *scanner) onHeader() bool {
	row, _, _ := strings.Cut(s.src[s.lineStart():], "\n")
	return headerForm.MatchString(row)
}

var headerForm = regexp.MustCompile(
	`^[ \t]*\[{1,2}[A-Za-z0-9_." -]+\]{1,2}[ \t]*(#.*)?\r?$`,
)

// header reads [a.b] or [[a.b]]. The keys that follow belong to this table.
func (s *scanner) header() (string, *fault) {
	line := s.line
	s.pos++
	list := s.eat('[')
	parts, f := s.dotted(line)
	if f == nil && (!s.eat(']') || (list && !s.eat(']'))) {
		f = broken(line, "a table's name ends with a closing bracket, as in [host]")
	}

	if f != nil {
		return "", f
	}
	path := ""

	// [a.b] implies a. Behind an array of tables, its newest element is meant.
	for i, part := range parts {
		path = join(path, part)
		if i < len(parts)-1 {
			s.out.lines.imply(path, line)
			if n := s.arrays[path]; n > 0 {
				path = element(path, n-1)
			}
		}
	}

	s.out.lines.write(path, line)

	// Each [[a]] begins a new element of a.
	if list {
		s.arrays[path]++
		path = element(path, s.arrays[path]-1)
		s.out.lines.write(path, line)
	}

	s.table = path
	last := &s.out.sections[len(s.out.sections)-1]
	last.table, last.named = path, true

	return path, nil
}

// keyValue reads a key, which may be dotted, and its value.
func (s *scanner) keyValue(table string, depth int) (string, *fault) {
	line := s.line
	parts, f := s.dotted(line)
	if f == nil && !s.eat('=') {
		f = broken(line, "a line has to be KEY = VALUE, [TABLE] or # a comment")
	}

	if f != nil {
		return "", f
	}
	// As in a header, a.b implies a.
	path := table

	for i, part := range parts {
		path = join(path, part)
		if i < len(parts)-1 {
			s.out.lines.imply(path, line)
		}
	}

	s.out.lines.write(path, line)
	s.blank(false)
	return path, s.value(path, depth)
}

// dotted reads the parts of a key, with the white space around and between
// them.
func (s *scanner) dotted(line int) (parts []string, f *fault) {
	for {
		s.blank(false)
		part, f := s.keyPart(line)
		if f != nil {
			return nil, f
		}

		if parts = append(parts, part); len(parts) > maxDepth {
			return nil, tooDeep(line)
		}
		s.blank(false)
		if !s.eat('.') {
			return parts, nil
		}
	}
}

// keyPart reads one part of a key, bare or in quotes.
func (s *scanner) keyPart(line int) (string, *fault) {
	if c := s.peek(); c == '"' || c == '\'' {
		start := s.pos
		if f := s.shortString(c); f != nil {
			return "", f
		}
		return unquote(s.src[start:s.pos]), nil
	}

	start := s.pos
	for s.pos < len(s.src) && isBare(s.src[s.pos]) {
		s.pos++
	}
	if s.pos == start {
		return "", broken(line, "a line has to be KEY = VALUE, [TABLE] or # a comment")
	}

	return s.src[start:s.pos], nil
}

// lineEnd accepts nothing but a comment on the rest of the line.
func (s *scanner) lineEnd() *fault {
	s.blank(false)
	s.comment()
	if c := s.peek(); s.pos < len(s.src) && c != '\n' &&
		!strings.HasPrefix(s.src[s.pos:], "\r\n") {
		return broken(
			s.line,
			"nothing but a comment may follow on the line; text goes in quotes",
		)
	}

	return nil
}

// blank skips spaces and tabs; with more it also skips line breaks and
// comments.
func (s *scanner) blank(more bool) {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == ' ' || c == '\t':
		case more && c == '\r':
		case more && c == '\n':
			s.line++
		case more && c == '#':
			s.comment()
			continue
		default:
			return
		}

		s.pos++
	}
}

// comment skips a comment, without the end of its line.
func (s *scanner) comment() {
	if s.peek() != '#' {
		return
	}
	for s.pos < len(s.src) && s.src[s.pos] != '\n' {
		s.pos++
	}
}

// peek returns the next byte; 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

// eat skips the next byte if it is c, and reports whether it was.
func (s *scanner) eat(c byte) bool {
	if s.peek() != c || s.pos == len(s.src) {
		return false
	}
	s.pos++
	return true
}

// The constructors of the three kinds of fault.

func broken(line int, message string) *fault { return &fault{line: line, message: message} }

func unclosed(line int, message string) *fault {
	return &fault{line: line, message: message, open: true}
}

func tooDeep(line int) *fault {
	return &fault{line: line, message: "this is nested too deep", deep: true}
}
