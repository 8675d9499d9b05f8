package configschema

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// Schema describes a struct as JSON Schema (2020-12), properties in the order
// of the fields. The same struct always gives the same bytes. It panics when
// the struct's tags make no sense.
func Schema(structure reflect.Type) json.RawMessage {
	const head = `{"$schema":"https://json-schema.org/draft/2020-12/schema",`
	described := schemaOf(planOf(structure))
	return append(json.RawMessage(head), described[1:]...)
}

func schemaOf(plan *structPlan) []byte {
	var properties schemaObject
	required := []string{}

	for i := range plan.fields {
		field := &plan.fields[i]
		properties.add(field.key, field.schema())
		if field.required {
			required = append(required, field.key)
		}
	}

	var schema schemaObject
	schema.add("type", "object")
	schema.add("properties", properties.bytes())
	if len(required) > 0 {
		schema.add("required", required)
	}

	// Unknown keys are errors when the configuration is decoded, too.
	schema.add("additionalProperties", false)
	return schema.bytes()
}

// schema describes the field's values, then annotates them.
func (f *fieldPlan) schema() json.RawMessage {
	var schema schemaObject
	item := f.itemSchema()

	switch {
	case !f.list:
		schema = item
	case f.typ == typeStruct:
		schema = f.listSchema(item)
	default: // one text stands for a list of one
		schema.add("anyOf", []json.RawMessage{item.bytes(), f.listSchema(item).bytes()})
	}

	if f.doc != "" {
		schema.add("description", f.doc)
	}
	if f.fallback != nil {
		schema.add("default", f.fallback.json())
	}

	if f.typ == typeSecret {
		schema.add("writeOnly", true)
	}
	if f.identity {
		schema.add("x-payhost-identity", true)
	}

	return schema.bytes()
}

func (f *fieldPlan) listSchema(item schemaObject) schemaObject {
	var schema schemaObject
	schema.add("type", "array")
	schema.add("items", item.bytes())
	if f.required {
		schema.add("minItems", 1)
	}
	return schema
}

func (f *fieldPlan) itemSchema() schemaObject {
	var schema schemaObject
	switch f.typ {
	case typeStruct:
		return schemaObject(bytes.TrimSuffix(schemaOf(f.nested), []byte("}")))
	case typeBool:
		schema.add("type", "boolean")
	case typeInt:
		schema.add("type", "integer")
		f.addBounds(&schema, "minimum", "maximum")
	case typeDecimal:
		schema.add("type", []string{"string", "number"})
		schema.add("pattern", plainDecimal.String())
		f.addBounds(&schema, "minimum", "maximum")
	case typeDuration:
		schema.add("type", "string")
		schema.add("format", "go-duration")
		// JSON Schema compares numbers alone: bounds of a duration need names
		// of our own.
		f.addBounds(&schema, "x-payhost-minimum", "x-payhost-maximum")
	default:
		f.addTextRules(&schema)
	}

	return schema
}

func (f *fieldPlan) addTextRules(schema *schemaObject) {
	schema.add("type", "string")
	if f.oneOf != nil {
		schema.add("enum", f.oneOf)
	}
	if f.uri {
		schema.add("format", "uri")
	}

	if f.oneOf == nil && (f.required || f.list) {
		schema.add("minLength", 1)
	}
}

func (f *fieldPlan) addBounds(schema *schemaObject, least, most string) {
	write := func(name string, bound *limit) {
		switch {
		case bound == nil:
		case f.typ == typeDuration:
			schema.add(name, bound.text)
		default:
			schema.add(name, json.RawMessage(bound.value.String()))
		}
	}

	write(least, f.min)
	write(most, f.max)
}

// json returns a default as it would be written.
func (n *jsonNode) json() any {
	switch n.kind {
	case kindBool:
		return n.truth
	case kindNumber:
		return json.RawMessage(n.text)
	case kindList:
		items := []any{}
		for i := range n.list {
			items = append(items, n.list[i].json())
		}
		return items
	default:
		return n.text
	}
}

// schemaObject is a JSON object under construction, without its closing brace:
// Go's maps would forget the order.
type schemaObject []byte

func (s *schemaObject) add(key string, value any) {
	separator := byte(',')
	if len(*s) == 0 {
		separator = '{'
	}
	if raw, ok := value.([]byte); ok {
		value = json.RawMessage(raw)
	}

	*s = append(*s, separator)
	*s = append(*s, marshal(key)...)
	*s = append(*s, ':')
	*s = append(*s, marshal(value)...)
}

func (s schemaObject) bytes() json.RawMessage {
	if len(s) == 0 {
		return json.RawMessage(`{}`)
	}
	return append(append(json.RawMessage{}, s...), '}')
}

func marshal(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(
			"sdk: schema: " + err.Error(),
		) // texts, numbers and lists of them: cannot happen
	}
	return bytes.TrimSpace(text.Bytes())
}
