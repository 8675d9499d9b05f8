package httpapi

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/strictjson"
	"github.com/payhost/payhost/host/payment"
)

var amountType = reflect.TypeFor[payment.Amount]()

// amountSchema stands for payment.Amount in the document.
type amountSchema struct{}

// Schema is asked by huma.
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
func sentTypes(o *huma.OpenAPI) map[string]bool {
	sent := map[string]bool{}
	var walk func(s *huma.Schema)
	walk = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name, ok := strings.CutPrefix(s.Ref, schemaPrefix); ok && !sent[name] {
			sent[name] = true
			walk(o.Components.Schemas.Map()[name])
		}

		walk(s.Items)
		for _, property := range s.Properties {
			walk(property)
		}
		if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
			walk(more)
		}

		for _, list := range [][]*huma.Schema{s.AnyOf, s.OneOf, s.AllOf} {
			for _, one := range list {
				walk(one)
			}
		}
	}

	for _, path := range o.Paths {
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

// complete says of the document's types what Go's types do not: which fields
// may be null, and that answers may grow.
func complete(o *huma.OpenAPI, sent map[string]bool) {
	schemas := o.Components.Schemas
	for name, s := range schemas.Map() {
		if !sent[name] {
			s.AdditionalProperties = nil
		}

		t := schemas.TypeFromRef(schemaPrefix + name)
		for _, f := range reflect.VisibleFields(t) {
			key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			field := s.Properties[key]
			if field == nil {
				continue
			}

			if field.Type == huma.TypeArray {
				field.Nullable = false // an empty list is []
			}
			if f.Type.Kind() != reflect.Pointer || strings.Contains(options, "omit") {
				continue
			}

			if field.Ref == "" {
				field.Nullable = true
				continue
			}

			s.Properties[key] = &huma.Schema{Description: field.Description,
				AnyOf: []*huma.Schema{{Ref: field.Ref}, {Type: "null"}}}
		}
	}
}

// strict makes the check of requests as strict as the document is. huma lets
// pass the name of a field in another case, as Go's decoder does, unless what
// is not named has a schema of its own: one that nothing fits.
func strict(schemas huma.Registry, sent map[string]bool) {
	for name, s := range schemas.Map() {
		if sent[name] {
			s.AdditionalProperties = &huma.Schema{Not: &huma.Schema{}}
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
