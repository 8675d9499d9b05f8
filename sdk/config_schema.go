package sdk

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// ConfigSchema describes a configuration as JSON Schema (2020-12), properties in the order of the fields. The same
// struct always gives the same bytes.
func ConfigSchema[C any]() json.RawMessage {
	return Schema[C]()
}

// Schema describes any struct that DecodeInput can read, or whose JSON has the names in its tags: the input or output
// of an operation.
func Schema[T any]() json.RawMessage {
	s := schemaOf(planOf(reflect.TypeFor[T]()))
	return append(json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema",`), s[1:]...)
}

func schemaOf(p *configPlan) []byte {
	var properties schemaObject
	required := []string{}
	for i := range p.fields {
		f := &p.fields[i]
		properties.add(f.key, f.schema())
		if f.required {
			required = append(required, f.key)
		}
	}
	var s schemaObject
	s.add("type", "object")
	s.add("properties", properties.bytes())
	if len(required) > 0 {
		s.add("required", required)
	}
	s.add("additionalProperties", false)
	return s.bytes()
}

// schema describes f's values, then annotates them.
func (f *configField) schema() json.RawMessage {
	var s schemaObject
	switch item := f.itemSchema(); {
	case !f.list:
		s = item
	case f.typ == typeStruct:
		s = f.listSchema(item)
	default:
		s.add("anyOf", []json.RawMessage{item.bytes(), f.listSchema(item).bytes()})
	}
	if f.doc != "" {
		s.add("description", f.doc)
	}
	if f.def != nil {
		s.add("default", f.def.json())
	}
	if f.typ == typeSecret {
		s.add("writeOnly", true)
	}
	if f.identity {
		s.add("x-payhost-identity", true)
	}
	return s.bytes()
}

func (f *configField) listSchema(item schemaObject) schemaObject {
	var s schemaObject
	s.add("type", "array")
	s.add("items", item.bytes())
	if f.required {
		s.add("minItems", 1)
	}
	return s
}

func (f *configField) itemSchema() schemaObject {
	var s schemaObject
	switch f.typ {
	case typeStruct:
		return schemaObject(bytes.TrimSuffix(schemaOf(f.nested), []byte("}")))
	case typeBool:
		s.add("type", "boolean")
	case typeInt:
		s.add("type", "integer")
		f.addBounds(&s, "minimum", "maximum")
	case typeDecimal:
		s.add("type", []string{"string", "number"})
		s.add("pattern", plainDecimal.String())
		f.addBounds(&s, "minimum", "maximum")
	case typeDuration:
		s.add("type", "string")
		s.add("format", "go-duration")
		f.addBounds(&s, "x-payhost-minimum", "x-payhost-maximum")
	default:
		s.add("type", "string")
		if f.oneOf != nil {
			s.add("enum", f.oneOf)
		}
		if f.uri {
			s.add("format", "uri")
		}
		if f.oneOf == nil && (f.required || f.list) {
			s.add("minLength", 1)
		}
	}
	return s
}

func (f *configField) addBounds(s *schemaObject, least, most string) {
	write := func(name string, b *configBound) {
		switch {
		case b == nil:
		case f.typ == typeDuration:
			s.add(name, b.text)
		default:
			s.add(name, json.RawMessage(b.value.String()))
		}
	}
	write(least, f.min)
	write(most, f.max)
}

// json gives a default as it would be written.
func (n *configNode) json() any {
	switch n.kind {
	case configBool:
		return n.truth
	case configNumber:
		return json.RawMessage(n.text)
	case configList:
		items := []any{}
		for i := range n.list {
			items = append(items, n.list[i].json())
		}
		return items
	default:
		return n.text
	}
}

// schemaObject is a JSON object under construction, without its closing brace: Go's maps would forget the order.
type schemaObject []byte

func (s *schemaObject) add(key string, value any) {
	sep := byte(',')
	if len(*s) == 0 {
		sep = '{'
	}
	*s = append(append(append(*s, sep), marshalSchema(key)...), ':')
	if raw, ok := value.([]byte); ok {
		value = json.RawMessage(raw)
	}
	*s = append(*s, marshalSchema(value)...)
}

func (s schemaObject) bytes() json.RawMessage {
	if len(s) == 0 {
		return json.RawMessage(`{}`)
	}
	return append(append(json.RawMessage{}, s...), '}')
}

func marshalSchema(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic("sdk: schema: " + err.Error()) // texts, numbers and lists of them: cannot happen
	}
	return bytes.TrimSpace(b.Bytes())
}
