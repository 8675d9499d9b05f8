package ordered

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// Kind says what a Value is.
type Kind uint8

// The kinds of JSON. The zero Kind is KindNull.
const (
	KindNull Kind = iota
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

// Value is a JSON value. Parse reads one, the functions named after the kinds
// build one. The zero Value is null. A Value never changes; methods that seem
// to change one return another.
type Value struct {
	kind    Kind
	text    string // of a string or number; "true" or "false" of a bool
	items   []Value
	members []Member
}

// Member is one key of an object with its value.
type Member struct {
	Key   string
	Value Value
}

// Pair makes a Member.
func Pair(key string, value Value) Member { return Member{Key: key, Value: value} }

// Null returns null.
func Null() Value { return Value{} }

// Bool returns true or false.
func Bool(b bool) Value { return Value{kind: KindBool, text: strconv.FormatBool(b)} }

// String returns a string. A text that is not valid UTF-8 is refused by whatever
// writes it as JSON, as PHP refuses it.
func String(s string) Value { return Value{kind: KindString, text: s} }

// Number returns a number from its text, which is kept as it is. A text that
// JSON would not accept as a number is refused by whatever writes the Value.
func Number(text string) Value { return Value{kind: KindNumber, text: text} }

// Int returns a whole number.
func Int(i int64) Value { return Number(strconv.FormatInt(i, 10)) }

// Decimal returns a number in its shortest form: 10.00 becomes 10, 3.20
// becomes 3.2, never with an exponent.
func Decimal(d decimal.Decimal) Value { return Number(d.String()) }

// Array returns an array of the items.
func Array(items ...Value) Value {
	return Value{kind: KindArray, items: slices.Clone(items)}
}

// maxScanned is how many members are searched one by one for a key that is
// already there.
const maxScanned = 8

// Object returns an object with the members in the order given. When
// several have one key, the last has the value and the first the place, as in PHP.
func Object(members ...Member) Value {
	// For a few members a search is faster than a map.
	kept := make([]Member, 0, len(members))
	if len(members) <= maxScanned {
		for _, member := range members {
			kept = put(kept, indexOf(kept, member.Key), member)
		}
		return Value{kind: KindObject, members: kept}
	}

	place := make(map[string]int, len(members))
	for _, member := range members {
		at, seen := place[member.Key]
		if !seen {
			at = -1
			place[member.Key] = len(kept)
		}

		kept = put(kept, at, member)
	}

	return Value{kind: KindObject, members: kept}
}

// put replaces the value at a place, or appends the member when that is -1.
func put(members []Member, at int, member Member) []Member {
	if at < 0 {
		return append(members, member)
	}
	members[at].Value = member.Value
	return members
}

func indexOf(members []Member, key string) int {
	return slices.IndexFunc(members, func(member Member) bool { return member.Key == key })
}

// Texts returns an object of texts, from pairs of key and text. A pair with an
// empty text is left out.
func Texts(pairs ...string) Value {
	var members []Member
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			members = append(members, Pair(pairs[i], String(pairs[i+1])))
		}
	}
	return Object(members...)
}

// With returns the object with these members as well, in the place of those
// with the same keys, else at the end. Any other kind becomes an object of
// them alone.
func (v Value) With(members ...Member) Value {
	return Object(append(v.Members(), members...)...)
}

// Kind says what v is.
func (v Value) Kind() Kind { return v.kind }

// Text returns the content of a string, the text of a number, "true" or
// "false", and "" for the rest. A field that a provider sends now as a string
// and now as a number is thus read one way; Kind tells them apart.
func (v Value) Text() string { return v.text }

// Items returns the items of an array, which the caller may change; nil for
// any other kind.
func (v Value) Items() []Value { return slices.Clone(v.items) }

// Members returns the members of an object in their order, which the caller
// may change; nil for any other kind.
func (v Value) Members() []Member { return slices.Clone(v.members) }

// Get returns the value of an object's key and whether the key is there. It is
// there also when its value is null.
func (v Value) Get(key string) (Value, bool) {
	if at := indexOf(v.members, key); at >= 0 {
		return v.members[at].Value, true
	}
	return Value{}, false
}

// Without returns the object without these keys, the others in their order:
// a signature often covers all but itself. Any other kind is returned as it is.
func (v Value) Without(keys ...string) Value {
	v.members = slices.DeleteFunc(v.Members(), func(member Member) bool {
		return slices.Contains(keys, member.Key)
	})
	return v
}

// String names the kind and nothing else: signed values hold secrets and
// personal data, and this is what a log or an error would print.
func (v Value) String() string {
	names := [...]string{"null", "bool", "number", "string", "array", "object"}
	return "ordered.Value(" + names[v.kind] + ")"
}
