package wire

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// textLimits has the fields that are free text, by their wire names, with the
// bytes to which they are cut. Free text is also where secrets are masked: the
// other fields are data that must not change.
var textLimits = map[protoreflect.Name]int{
	"message":          2000,
	"provider_message": 2000,
	"provider_code":    maxReference,
	"provider_status":  maxReference,
	"warnings":         2000,
	"url":              0, // of an Exchange or a Redirect: see scrubText
	"request_body":     64 << 10,
	"response_body":    64 << 10,
	"error":            2000,
}

// Scrub prepares a message for the wire, or one that came from it for use:
// every string becomes valid UTF-8, free text is masked and cut. protobuf
// refuses to carry other strings, and a provider's Latin-1 must not cost its
// answer. mask may be nil.
func Scrub(m proto.Message, mask func(string) string) {
	if mask == nil {
		mask = func(text string) string { return text }
	}
	scrubMessage(m.ProtoReflect(), mask)
}

func scrubMessage(message protoreflect.Message, mask func(string) string) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		scrub := func(text string) string {
			return scrubText(message.Descriptor(), field, text, mask)
		}

		// Blobs and numbers stay as they are: they are data.
		switch {
		case field.IsMap():
			scrubMap(field, value.Map(), scrub)
		case field.IsList() && (field.Kind() == protoreflect.StringKind):
			scrubStrings(value.List(), scrub)
		case field.IsList() && (field.Kind() == protoreflect.MessageKind):
			scrubMessages(value.List(), mask)
		case field.IsList():
		case field.Kind() == protoreflect.StringKind:
			if clean := scrub(value.String()); clean != value.String() {
				message.Set(field, protoreflect.ValueOfString(clean))
			}
		case field.Kind() == protoreflect.MessageKind:
			scrubMessage(value.Message(), mask)
		}
		return true
	})
}

func scrubStrings(list protoreflect.List, scrub func(string) string) {
	for i := range list.Len() {
		clean := scrub(list.Get(i).String())
		list.Set(i, protoreflect.ValueOfString(clean))
	}
}

func scrubMessages(list protoreflect.List, mask func(string) string) {
	for i := range list.Len() {
		scrubMessage(list.Get(i).Message(), mask)
	}
}

// scrubMap knows that the contract's maps are all from string to string.
func scrubMap(
	field protoreflect.FieldDescriptor, entries protoreflect.Map, scrub func(string) string,
) {
	if field.MapValue().Kind() != protoreflect.StringKind {
		return
	}

	// A map must not change while it is walked through.
	dirty := map[string]string{}
	entries.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		if !utf8.ValidString(key.String()) || !utf8.ValidString(value.String()) {
			dirty[key.String()] = value.String()
		}
		return true
	})

	for key, value := range dirty {
		entries.Clear(protoreflect.ValueOfString(key).MapKey())
		clean := protoreflect.ValueOfString(scrub(key)).MapKey()
		entries.Set(clean, protoreflect.ValueOfString(scrub(value)))
	}
}

func scrubText(
	in protoreflect.MessageDescriptor, field protoreflect.FieldDescriptor,
	text string, mask func(string) string,
) string {
	text = strings.ToValidUTF8(text, "\uFFFD")

	limit, free := textLimits[field.Name()]
	if field.Name() == "url" {
		limit = maxURL
		free = in.Name() == "Exchange" // a Redirect's is data
	}
	if !free {
		return text
	}
	return Cut(mask(text), limit)
}

// Cut shortens text to at most limit bytes, without splitting a character. Text
// that was cut ends with an ellipsis.
func Cut(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}

	end := limit - len(mark)
	for (end > 0) && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
