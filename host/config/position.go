package config

import (
	"regexp"
	"strconv"
	"strings"
)

// Keys are written as paths: bare keys joined with dots, others in quotes,
// elements of lists as [0].

// join returns the path of a key in a table.
func join(table, key string) string {
	if !bareKey(key) {
		key = strconv.Quote(key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// element returns the path of one element of a list.
func element(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// parent cuts the last part off a path. A cut inside a quoted key gives a path
// that no table has, which does no harm.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

func bareKey(key string) bool {
	for i := range len(key) {
		if !isBare(key[i]) {
			return false
		}
	}
	return key != ""
}

func isBare(c byte) bool {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' ||
		c == '-'
}

// lines says where the keys of a file stand.
type lines struct {
	// written are keys and tables that stand in the file themselves.
	written map[string]int
	// implied are tables that exist because a longer name mentions them: [a.b]
	// implies a. A written line wins.
	implied map[string]int
}

func newLines() *lines {
	return &lines{written: map[string]int{}, implied: map[string]int{}}
}

// write notes where a path stands; the first place wins.
func (l *lines) write(path string, line int) {
	if _, ok := l.written[path]; !ok {
		l.written[path] = line
	}
}

// imply notes where a table is first mentioned.
func (l *lines) imply(path string, line int) {
	if _, ok := l.implied[path]; !ok {
		l.implied[path] = line
	}
}

// line returns the line of exactly this path, 0 when it is unknown.
func (l *lines) line(path string) int {
	if n := l.written[path]; n > 0 {
		return n
	}
	return l.implied[path]
}

var dottedIndex = regexp.MustCompile(`\.([0-9]+)\b`)

// nearest returns the line of the path, or of the nearest table around it; 0
// when there is none.
func (l *lines) nearest(path string) int {
	if l == nil {
		return 0
	}
	if n := l.line(path); n > 0 {
		return n
	}

	path = dottedIndex.ReplaceAllString(path, "[$1]")
	for ; path != ""; path = parent(path) {
		if n := l.line(path); n > 0 {
			return n
		}
	}

	return 0
}
