package wire

import (
	"reflect"
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
	"url":              0, // of an Exchange or a Redirect: see cutOf
	"request_body":     64 << 10,
	"response_body":    64 << 10,
	"error":            2000,
}

// Scrub prepares a message for the wire, or one that came from it for use:
// every string becomes valid UTF-8, free text is masked and cut. protobuf
// refuses to carry other strings, and a provider's Latin-1 must not cost its
// answer. mask may be nil.
func Scrub(m proto.Message, mask func(string) string) {
	if message, ok := valueOf(m); ok {
		planOf(m).scrub(message, mask)
	}
}

func (p *plan) scrub(message reflect.Value, mask func(string) string) {
	for i := range p.fields {
		field := &p.fields[i]

		// Blobs and numbers stay as they are: they are data.
		switch field.shape {
		case shapeText:
			// Most texts stay as they are, and are only read.
			text := message.Field(field.index)
			if before := text.String(); before != "" {
				if clean := field.cleaned(before, mask); clean != before {
					text.SetString(clean)
				}
			}
		case shapeTexts:
			texts := *held[[]string](message, field.index)
			for n := range texts {
				texts[n] = field.cleaned(texts[n], mask)
			}
		case shapeMap:
			field.scrubMap(*held[map[string]string](message, field.index), mask)
		case shapeMessage:
			if inner := message.Field(field.index); !inner.IsNil() {
				field.inner.scrub(inner.Elem(), mask)
			}
		case shapeMessages:
			list := message.Field(field.index)
			for n := range list.Len() {
				if inner := list.Index(n); !inner.IsNil() {
					field.inner.scrub(inner.Elem(), mask)
				}
			}
		}
	}
}

// scrubMap changes only the entries that are not valid UTF-8, and collects them
// first: a map must not change while it is walked through.
func (f *plannedField) scrubMap(entries map[string]string, mask func(string) string) {
	var dirty map[string]string
	for key, value := range entries {
		if utf8.ValidString(key) && utf8.ValidString(value) {
			continue
		}
		if dirty == nil {
			dirty = map[string]string{}
		}
		dirty[key] = value
	}

	for key, value := range dirty {
		delete(entries, key)
		entries[f.cleaned(key, mask)] = f.cleaned(value, mask)
	}
}

func (f *plannedField) cleaned(text string, mask func(string) string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	if !f.free {
		return text
	}
	if mask != nil {
		text = mask(text)
	}
	return Cut(text, f.limit)
}

// cutOf returns whether a field is masked and cut, and to how many bytes.
func cutOf(field protoreflect.FieldDescriptor) (limit int, free bool) {
	if field.Name() == "url" {
		return maxURL, field.ContainingMessage().Name() == "Exchange" // a Redirect's is data
	}
	limit, free = textLimits[field.Name()]
	return limit, free
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
