package wire

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// textLimits names the fields that are free text, by their wire names, with the bytes to which they are cut. Free text
// is also where secrets are masked: the other fields are data that must not change.
var textLimits = map[protoreflect.Name]int{
	"message":          2000,
	"provider_message": 2000,
	"provider_code":    maxReference,
	"provider_status":  maxReference,
	"warnings":         2000,
	"url":              0, // of an Exchange or a Redirect; see scrub
	"request_body":     64 << 10,
	"response_body":    64 << 10,
	"error":            2000,
}

// Scrub prepares a message for the wire, or one that came from it for use: every string becomes valid UTF-8 (protobuf
// refuses to carry others, and a provider's Latin-1 must not cost us its answer), free text is masked and cut.
// mask may be nil.
func Scrub(m proto.Message, mask func(string) string) {
	if mask == nil {
		mask = func(text string) string { return text }
	}
	scrubMessage(m.ProtoReflect(), mask)
}

func scrubMessage(m protoreflect.Message, mask func(string) string) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		text := func(s string) string { return scrubText(m.Descriptor(), field, s, mask) }
		switch {
		case field.IsMap():
			scrubMap(field, value.Map(), text)
		case field.IsList():
			scrubList(field, value.List(), text, mask)
		case field.Kind() == protoreflect.StringKind:
			if clean := text(value.String()); clean != value.String() {
				m.Set(field, protoreflect.ValueOfString(clean))
			}
		case field.Kind() == protoreflect.MessageKind:
			scrubMessage(value.Message(), mask)
		}
		return true
	})
}

func scrubList(field protoreflect.FieldDescriptor, list protoreflect.List, text, mask func(string) string) {
	for i := range list.Len() {
		switch field.Kind() {
		case protoreflect.StringKind:
			list.Set(i, protoreflect.ValueOfString(text(list.Get(i).String())))
		case protoreflect.MessageKind:
			scrubMessage(list.Get(i).Message(), mask)
		}
	}
}

// scrubMap knows that the contract's maps are all from string to string.
func scrubMap(field protoreflect.FieldDescriptor, entries protoreflect.Map, text func(string) string) {
	if field.MapValue().Kind() != protoreflect.StringKind {
		return
	}
	type entry struct{ key, value string }
	var dirty []entry
	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		if !utf8.ValidString(key.String()) || !utf8.ValidString(value.String()) {
			dirty = append(dirty, entry{key.String(), value.String()})
		}
		return true
	})
	for _, e := range dirty {
		entries.Clear(protoreflect.ValueOfString(e.key).MapKey())
		entries.Set(protoreflect.ValueOfString(text(e.key)).MapKey(), protoreflect.ValueOfString(text(e.value)))
	}
}

func scrubText(in protoreflect.MessageDescriptor, field protoreflect.FieldDescriptor, s string, mask func(string) string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	limit, free := textLimits[field.Name()]
	if field.Name() == "url" {
		limit, free = maxURL, in.Name() == "Exchange"
	}
	if !free {
		return s
	}
	return Cut(mask(s), limit)
}

// Cut shortens text to at most limit bytes, without splitting a character, and says so.
func Cut(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
