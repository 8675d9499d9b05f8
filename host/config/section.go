package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// table reads one table of the file. Every method leaves its target unchanged
// when the key is absent, and reports a value of the wrong type.
type table struct {
	load   *loader
	path   string
	values map[string]any
	known  []string // every key that was read; all others are mistakes
}

// get returns the value of a key.
func (t *table) get(key string) (value any, path string, ok bool) {
	t.known = append(t.known, key)
	t.note(key, "")
	value, ok = t.values[key]
	return value, join(t.path, key), ok
}

// read puts the value of a key into target when it has the right type.
func read[T any](t *table, key, want string, target *T) {
	value, path, ok := t.get(key)
	if !ok {
		return
	}
	v, ok := value.(T)
	if !ok {
		t.load.wrongType(path, want, value)
		return
	}

	*target = v
}

// text reads a string, or the value that it refers to.
func (t *table) text(key string, target *string) {
	text := ""
	read(t, key, "text in quotes", &text)
	t.note(key, kindText)
	if _, is := t.values[key].(string); is {
		*target, _ = t.load.resolve(join(t.path, key), text)
	}
}

// boolean reads true or false.
func (t *table) boolean(key string, target *bool) {
	read(t, key, "true or false", target)
	t.note(key, kindFlag)
}

// whole reads a whole number, which must fit the target's type. Other bounds
// are checked later.
func whole[T int | uint64](t *table, key string, target *T) {
	n := int64(*target)
	read(t, key, "a whole number", &n)
	t.note(key, kindWhole)

	// A number that changes in the conversion does not fit.
	v := T(n)
	if (v < 0) != (n < 0) || int64(v) != n {
		t.load.add(join(t.path, key), "must be neither negative nor that large")
		return
	}

	*target = v
}

// duration reads a Go duration. A problem may show its text: a duration is
// never a secret.
func (t *table) duration(key string, target *time.Duration) {
	text := target.String()
	t.text(key, &text)
	t.note(key, kindDuration)
	d, err := time.ParseDuration(text)
	if err != nil && !t.load.unread(join(t.path, key)) {
		t.load.add(
			join(t.path, key),
			`%q is not a duration; write a number with a unit (ms, s, m, h), such as "15s"`,
			text,
		)
	}

	// After a mistake the default stays, so that check does not find a second
	// one in the same key.
	if err == nil {
		*target = d
	}
}

// item is one string of a list with its own path; ok is false when the element
// has another type.
type item struct {
	path, text string
	ok         bool
}

// texts reads a list of strings, or of the values that they refer to. With
// single, one string may stand for a list of one. An element of the wrong type
// keeps its place, empty.
func (t *table) texts(key, want string, single bool) []item {
	value, path, ok := t.get(key)
	t.note(key, kindTexts)
	if single {
		t.note(key, kindTextOrTexts)
	}
	if text, is := value.(string); is && single {
		text, _ = t.load.resolve(path, text)
		return []item{{path, text, true}}
	}

	// A wrong type is reported, and the loop then has no elements.
	values, isList := value.([]any)
	if ok && !isList {
		t.load.wrongType(path, want, value)
	}

	items := make([]item, len(values))

	for i, v := range values {
		items[i].path = element(path, i)
		text, ok := v.(string)
		if items[i].ok = ok; !ok {
			t.load.wrongType(items[i].path, "text in quotes", v)
			continue
		}

		items[i].text, _ = t.load.resolve(items[i].path, text)
	}

	return items
}

// sub returns a table inside this one. It is empty when the key is absent or
// not a table.
func (t *table) sub(key, want string) *table {
	var values map[string]any
	read(t, key, want, &values)
	t.note(key, kindTable)
	return &table{load: t.load, path: join(t.path, key), values: values}
}

// finish reports every key that was not read. hint says where else such keys
// may belong.
func (t *table) finish(hint string) {
	for key := range t.values {
		if slices.Contains(t.known, key) {
			continue
		}
		also := hint
		if meant := suggest(key, t.known); meant != "" {
			also = fmt.Sprintf("did you mean %q?", meant)
		} else if hint == "" {
			also = "known here: " + strings.Join(t.known, ", ")
		}

		t.load.add(join(t.path, key), "unknown key; %s", also)
	}
}

// wrongType reports a value's type, never the value.
func (l *loader) wrongType(path, want string, value any) {
	l.add(path, "must be %s, not %s", want, typeName(value))
}

// typeName returns the type of a value in TOML's words.
func typeName(value any) string {
	switch value.(type) {
	case string:
		return "text"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"

	case time.Time:
		return "a date or time"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	}

	return "a list"
}
