package ordered

import (
	"slices"
	"strings"
)

// At walks down the keys of nested objects. It returns null where nothing is,
// and below anything but an object: PHP writes an object that has nothing in it
// as [].
func (v Value) At(keys ...string) Value {
	for _, key := range keys {
		v, _ = v.Get(key)
	}
	return v
}

// SortKeys returns v with the keys of every object in it, at every depth and
// within arrays, in the order of their bytes. Arrays keep their order.
func (v Value) SortKeys() Value {
	// Items and Members are copies: the value that the caller holds keeps its
	// order.
	v.items = v.Items()
	for i := range v.items {
		v.items[i] = v.items[i].SortKeys()
	}

	v.members = v.Members()
	for i := range v.members {
		v.members[i].Value = v.members[i].Value.SortKeys()
	}
	slices.SortFunc(
		v.members,
		func(a, b Member) int { return strings.Compare(a.Key, b.Key) },
	)

	return v
}

// Message returns v as text for people, whatever its form: Text, or the JSON of
// an object or array that is not empty; "" for false. It is not for signing.
func (v Value) Message() string {
	// A provider's "error": false is not a message.
	isFalse := v.kind == KindBool && !v.True()
	if isFalse {
		return ""
	}

	if len(v.items) == 0 && len(v.members) == 0 {
		return v.Text()
	}

	text, err := v.MarshalJSON()
	if err != nil {
		return ""
	}

	return string(text)
}

// Elements returns the items of an array, or the values of an object in their
// order, whatever its keys: PHP has one type for both, and turns a list that
// lost its first item into an object. It returns nil for any other kind.
func (v Value) Elements() []Value {
	list := v.Items()
	for _, member := range v.members {
		list = append(list, member.Value)
	}
	return list
}

// True reports whether v is what PHP programs send for yes: true or 1, as a
// value of its kind or as text.
func (v Value) True() bool { return v.text == "true" || v.text == "1" }

// Trim returns an object or array without white space at the ends of its texts,
// at every depth, and without the members that then are empty: texts, arrays
// and objects. Numbers, booleans and nulls stay.
func (v Value) Trim() Value {
	switch v.kind {
	case KindString:
		return String(strings.TrimSpace(v.text))
	case KindArray:
		items := v.Items()
		for i := range items {
			items[i] = items[i].Trim()
		}
		return Array(items...)
	case KindObject:
		var kept []Member
		for _, member := range v.members {
			member.Value = member.Value.Trim()
			// Trimming may have emptied it, so it is judged only now.
			if !member.Value.isEmpty() {
				kept = append(kept, member)
			}
		}

		return Object(kept...)
	}

	return v
}

func (v Value) isEmpty() bool {
	return v.kind >= KindString && v.text == "" && len(v.items) == 0 && len(v.members) == 0
}

// EachText calls visit with every text in an object and in the objects within
// it, and with its keys joined by points.
func (v Value) EachText(visit func(path, text string)) {
	v.eachText("", visit)
}

func (v Value) eachText(prefix string, visit func(path, text string)) {
	for _, member := range v.members {
		path := prefix + member.Key
		if member.Value.kind == KindString {
			visit(path, member.Value.text)
		}
		member.Value.eachText(path+".", visit)
	}
}
