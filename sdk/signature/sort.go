package signature

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// KSort returns an object with its keys in the order of PHP 8.2's ksort. Only
// the top level is sorted; a value that is not an object is returned as it is.
//
// The order is by bytes, except that two keys that both look like numbers to
// PHP ("9", "10", "1.5", "1e3", " 7") compare as numbers, and keys that are
// equal as numbers ("1", "01") keep their order. With keys such as "10", "9"
// and "1a" that rule contradicts itself (9 < 10 < 1a < 9), and what PHP makes
// of them depends on its sorting algorithm: no promise is made for those.
func (v Value) KSort() Value {
	if v.kind != KindObject {
		return v
	}
	keys := make(map[string]phpKey, len(v.members))
	for _, m := range v.members {
		keys[m.Key] = newPHPKey(m.Key)
	}
	v.members = v.Members()
	slices.SortStableFunc(v.members, func(a, b Member) int {
		return keys[a.Key].compare(keys[b.Key])
	})
	return v
}

// SortKeys returns v with the keys of every object in it, at every depth and
// within arrays, in the order of their bytes. Arrays keep their order.
func (v Value) SortKeys() Value {
	v.items = v.Items()
	for i := range v.items {
		v.items[i] = v.items[i].SortKeys()
	}
	v.members = v.Members()
	for i := range v.members {
		v.members[i].Value = v.members[i].Value.SortKeys()
	}
	slices.SortFunc(v.members, func(a, b Member) int { return strings.Compare(a.Key, b.Key) })
	return v
}

// numericKey is PHP 8's numeric string: white space is allowed at both ends.
var numericKey = regexp.MustCompile(
	`^[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t\n\r\v\f]*$`)

var integerText = regexp.MustCompile(`^[+-]?[0-9]+$`)

// phpKey is a key and what PHP takes it for when it compares.
type phpKey struct {
	text     string
	numeric  bool
	whole    bool // fits PHP's integer
	overflow bool // written as an integer that does not fit
	integer  int64
	double   float64
}

func newPHPKey(text string) phpKey {
	key := phpKey{text: text}
	found := numericKey.FindStringSubmatch(text)
	if found == nil {
		return key
	}
	key.numeric = true
	if integerText.MatchString(found[1]) {
		i, err := strconv.ParseInt(found[1], 10, 64)
		key.integer, key.whole, key.overflow = i, err == nil, err != nil
	}
	// Out of range is an infinity or zero here, as in PHP.
	key.double, _ = strconv.ParseFloat(found[1], 64)
	return key
}

// compare is zend_compare of two array keys.
func (a phpKey) compare(b phpKey) int {
	switch {
	case !a.numeric || !b.numeric:
		return strings.Compare(a.text, b.text)
	case a.whole && b.whole:
		return cmp.Compare(a.integer, b.integer)
	case a.double == b.double && (math.IsInf(a.double, 0) || a.overflow && b.overflow):
		return strings.Compare(a.text, b.text)
	default:
		return cmp.Compare(a.double, b.double)
	}
}
