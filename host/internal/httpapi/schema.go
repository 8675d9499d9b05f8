package httpapi

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/strictjson"
)

// amountSchema stands for payment.Amount in the document.
type amountSchema struct{}

// Schema is called by huma.
func (amountSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type:        huma.TypeString,
		Pattern:     `^[0-9]+(\.[0-9]+)?$`,
		Examples:    []any{"60.00"},
		Description: "a decimal in units of the currency",
	}
}

// sentTypes returns the names of the types of which a caller sends values: all
// that a request body refers to, whatever they are called. They must hold
// nothing that is not known, whereas answers may grow.
func sentTypes(document *huma.OpenAPI) map[string]bool {
	schemas := document.Components.Schemas.Map()
	sent := map[string]bool{}
	var walk func(*huma.Schema)
	walk = func(schema *huma.Schema) {
		// A type may contain itself: each is followed once.
		if schema == nil {
			return
		}
		if name, ok := strings.CutPrefix(schema.Ref, schemaPrefix); ok && !sent[name] {
			sent[name] = true
			walk(schemas[name])
		}

		for _, inner := range within(schema) {
			walk(inner)
		}
	}

	// A caller sends values in the bodies of requests, of whatever method.
	for _, path := range document.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Patch, path.Delete} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			for _, media := range op.RequestBody.Content {
				walk(media.Schema)
			}
		}
	}

	return sent
}

// within returns the schemas that a schema is made of.
func within(schema *huma.Schema) []*huma.Schema {
	inner := []*huma.Schema{schema.Items}
	for _, property := range schema.Properties {
		inner = append(inner, property)
	}
	if more, ok := schema.AdditionalProperties.(*huma.Schema); ok {
		inner = append(inner, more)
	}

	inner = append(inner, schema.AnyOf...)
	inner = append(inner, schema.OneOf...)
	return append(inner, schema.AllOf...)
}

// complete adds to the document's types what Go's types do not say: which
// fields may be null, and that answers may grow.
func complete(document *huma.OpenAPI, sent map[string]bool) {
	schemas := document.Components.Schemas
	for name, schema := range schemas.Map() {
		// A caller must not fail at a field that a later version adds.
		if !sent[name] {
			schema.AdditionalProperties = nil
		}

		for _, field := range reflect.VisibleFields(schemas.TypeFromRef(schemaPrefix + name)) {
			// The tag has the field's name in JSON, and whether it can be absent.
			key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[key]
			if property == nil {
				continue
			}

			mayBeNull := (field.Type.Kind() == reflect.Pointer) &&
				!strings.Contains(options, "omit")
			schema.Properties[key] = completed(property, mayBeNull)
		}
	}
}

// completed returns the schema of a field that is null or not.
func completed(property *huma.Schema, mayBeNull bool) *huma.Schema {
	if property.Type == huma.TypeArray {
		property.Nullable = false // an empty list is []
	}

	// A reference cannot be nullable itself.
	switch {
	case !mayBeNull:
		return property
	case property.Ref == "":
		property.Nullable = true
		return property
	}

	return &huma.Schema{
		Description: property.Description,
		AnyOf:       []*huma.Schema{{Ref: property.Ref}, {Type: "null"}},
	}
}

// strict makes the check of requests as strict as the document is. huma lets
// pass the name of a field in another case, as Go's decoder does, unless the
// fields that are not named have a schema of their own: one that nothing fits.
func strict(schemas huma.Registry, sent map[string]bool) {
	for name, schema := range schemas.Map() {
		if sent[name] {
			schema.AdditionalProperties = &huma.Schema{Not: &huma.Schema{}}
		}
	}
}

// unmarshal reads a body. huma reads each twice: first as plain values, to
// check them, and then into their type.
func unmarshal(data []byte, into any) error {
	if _, plain := into.(*any); plain {
		if err := strictjson.Check(data); err != nil {
			return err
		}
	}
	return json.Unmarshal(data, into)
}
