package config

import (
	"regexp"
	"strconv"
	"strings"
)

// A key is written as a path: bare keys joined with dots, other keys in quotes,
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

// parent returns the path without its last part. A dot inside a quoted key
// yields a path that no table has, which is harmless.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// bareKey reports whether TOML allows the key without quotes.
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

// lines holds the line of each key in a file.
type lines struct {
	// written holds the keys and tables that the file spells out.
	written map[string]int
	// implied holds the tables that exist because a longer name mentions them:
	// [a.b] implies a. A written line wins.
	implied map[string]int
}

func newLines() *lines {
	return &lines{written: map[string]int{}, implied: map[string]int{}}
}

// write notes the line of a path. The first line wins.
func (l *lines) write(path string, line int) {
	if _, ok := l.written[path]; !ok {
		l.written[path] = line
	}
}

// imply notes the line that first mentions a table.
func (l *lines) imply(path string, line int) {
	if _, ok := l.implied[path]; !ok {
		l.implied[path] = line
	}
}

// line returns the line of exactly this path; 0 when it is not known.
func (l *lines) line(path string) int {
	if n := l.written[path]; n > 0 {
		return n
	}
	return l.implied[path]
}

// dottedIndex matches an element of a list in the form that plugins use.
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

	// Plugins write an element of a list as .0; then the tables around count.
	path = dottedIndex.ReplaceAllString(path, "[$1]")
	for ; path != ""; path = parent(path) {
		if n := l.line(path); n > 0 {
			return n
		}
	}

	return 0
}
