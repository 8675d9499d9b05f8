package wire

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"
)

// messages returns an empty message of every kind in the contract.
func messages() (list []proto.Message) {
	protoregistry.GlobalTypes.RangeMessages(func(kind protoreflect.MessageType) bool {
		name := string(kind.Descriptor().FullName())
		if strings.HasPrefix(name, "payhost.provider.v1.") && !kind.Descriptor().IsMapEntry() {
			list = append(list, kind.New().Interface())
		}
		return true
	})
	return list
}

// The plan of a message that the contract gains is made here, and must not
// leave out a field.
func TestEveryMessageHasAPlan(t *testing.T) {
	all := messages()
	if len(all) < 40 {
		t.Fatalf("the contract has %d messages", len(all))
	}

	for _, m := range all {
		planned := map[string]bool{}
		for _, field := range planOf(m).fields {
			planned[field.name] = true
		}

		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			field := fields.Get(i)
			isBare := (field.Message() != nil) && field.Message().ParentFile().Package() != "payhost.provider.v1"
			isData := (field.Kind() == protoreflect.StringKind) ||
				(field.Kind() == protoreflect.BytesKind) ||
				field.IsList() || field.IsMap() ||
				((field.Message() != nil) && !isBare && hasPlan(field))
			if planned[reportedName(field)] != isData {
				t.Errorf("%s: planned %v", field.FullName(), !isData)
			}
		}
	}
}

func hasPlan(field protoreflect.FieldDescriptor) bool {
	return len(planOf(emptyOf(field.Message())).fields) > 0
}

// Scrub goes by plans. What it must do is said here by descriptors, one field
// after the other.
func TestScrubDoesWhatTheDescriptorsSay(t *testing.T) {
	all := messages()
	mask := func(text string) string { return strings.ReplaceAll(text, "hunter2", "[secret]") }
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(all).Draw(t, "kind").ProtoReflect().New()
		fillDirty(t, m, 4)
		want := proto.Clone(m.Interface())
		scrubByDescriptors(want.ProtoReflect(), mask)

		Scrub(m.Interface(), mask)
		if !proto.Equal(m.Interface(), want) {
			t.Errorf("got  %v\nwant %v", m, want)
		}

		// Without secrets nothing is left to do.
		Scrub(m.Interface(), nil)
		if !proto.Equal(m.Interface(), want) {
			t.Errorf("scrubbed twice: got %v\nwant %v", m, want)
		}
	})
}

func dirtyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"", "caf\xe9", "key hunter2.", "\xffhunter2\xff", "plain",
			strings.Repeat("é", 1000) + "x",
			strings.Repeat("hunter2 ", 1100),
		}),
		rapid.String(),
	)
}

// fillDirty sets some of the fields of a message, and of the messages in it.
func fillDirty(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		isBare := (field.Message() != nil) && !field.IsMap() && (depth == 0)
		if isBare || !rapid.Bool().Draw(t, "set") {
			continue
		}

		text := func() protoreflect.Value {
			return protoreflect.ValueOfString(dirtyText().Draw(t, "text"))
		}
		switch {
		case field.IsMap():
			entries := m.Mutable(field).Map()
			entries.Set(text().MapKey(), text())
			entries.Set(text().MapKey(), text())
		case field.IsList() && (field.Kind() == protoreflect.StringKind):
			m.Mutable(field).List().Append(text())
		case field.IsList() && (field.Message() != nil):
			fillDirty(t, m.Mutable(field).List().AppendMutable().Message(), depth-1)
		case field.IsList():
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, text())
		case field.Kind() == protoreflect.BytesKind:
			m.Set(field, protoreflect.ValueOfBytes([]byte("caf\xe9 hunter2")))
		case field.Message() != nil:
			fillDirty(t, m.Mutable(field).Message(), depth-1)
		}
	}
}

func scrubByDescriptors(m protoreflect.Message, mask func(string) string) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		scrub := func(text string) string {
			text = strings.ToValidUTF8(text, "\uFFFD")
			limit, free := textLimits[field.Name()]
			if field.Name() == "url" {
				limit = maxURL
				free = m.Descriptor().Name() == "Exchange"
			}
			if !free {
				return text
			}
			return Cut(mask(text), limit)
		}

		switch {
		case field.IsMap():
			scrubEntries(value.Map(), scrub)
		case field.IsList() && (field.Kind() == protoreflect.StringKind):
			for i := range value.List().Len() {
				clean := scrub(value.List().Get(i).String())
				value.List().Set(i, protoreflect.ValueOfString(clean))
			}
		case field.IsList() && (field.Message() != nil):
			for i := range value.List().Len() {
				scrubByDescriptors(value.List().Get(i).Message(), mask)
			}
		case field.IsList():
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString(scrub(value.String())))
		case field.Message() != nil:
			scrubByDescriptors(value.Message(), mask)
		}
		return true
	})
}

func scrubEntries(entries protoreflect.Map, scrub func(string) string) {
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
