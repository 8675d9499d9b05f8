package signature

import "strings"

// At walks down the keys of nested objects. What is not there is null, and so is what stands below anything but an
// object: PHP writes an object that has nothing in it as [].
func (v Value) At(keys ...string) Value {
	for _, key := range keys {
		v, _ = v.Get(key)
	}
	return v
}

// Words returns what v says, whatever its form: Text, and of an object or array
// that is not empty its JSON. false says nothing. It is for messages to people,
// not for signing.
func (v Value) Words() string {
	switch {
	case v.kind == KindBool && !v.True():
		return ""
	case len(v.Elements()) == 0:
		return v.Text()
	}
	text, err := v.MarshalJSON()
	if err != nil {
		return ""
	}
	return string(text)
}

// Elements returns the items of an array, or the values of an object in their order, whatever its keys: PHP has one
// type for both, and turns a list that lost its first item into an object. nil for any other kind.
func (v Value) Elements() []Value {
	list := v.Items()
	for _, m := range v.members {
		list = append(list, m.Value)
	}
	return list
}

// True reports whether v is what PHP programs send for yes: true or 1, as what
// they are or as text.
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
		for _, m := range v.members {
			if m.Value = m.Value.Trim(); !m.Value.empty() {
				kept = append(kept, m)
			}
		}
		return Object(kept...)
	}
	return v
}

func (v Value) empty() bool {
	return v.kind >= KindString && v.text == "" && len(v.Elements()) == 0
}

// EachText calls visit with every text in an object and in the objects within
// it, and with its keys joined by points.
func (v Value) EachText(visit func(path, text string)) {
	for _, m := range v.members {
		if m.Value.kind == KindString {
			visit(m.Key, m.Value.text)
		}
		m.Value.EachText(func(path, text string) { visit(m.Key+"."+path, text) })
	}
}
