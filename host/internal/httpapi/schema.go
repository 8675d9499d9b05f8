package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/payment"
)

var amountType = reflect.TypeFor[payment.Amount]()

// amountSchema stands for payment.Amount in the document.
type amountSchema struct{}

// Schema is asked by huma.
func (amountSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^[0-9]+(\.[0-9]+)?$`, Examples: []any{"60.00"},
		Description: "a decimal in units of the currency"}
}

// complete says of the document's types what Go's types do not: which fields may be null, and that answers may grow.
func complete(o *huma.OpenAPI) {
	schemas := o.Components.Schemas
	for name, s := range schemas.Map() {
		if !isRequest(name) {
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

// strict makes the check of requests as strict as the document is. huma lets pass the name of a field in another case,
// as Go's decoder does, unless what is not named has a schema of its own: one that nothing fits.
func strict(schemas huma.Registry) {
	for name, s := range schemas.Map() {
		if isRequest(name) {
			s.AdditionalProperties = &huma.Schema{Not: &huma.Schema{}}
		}
	}
}

// unmarshal reads a body. huma reads each twice: first as plain values, to check them, and then into their type.
func unmarshal(data []byte, into any) error {
	if _, plain := into.(*any); plain {
		if err := wellFormed(data); err != nil {
			return err
		}
	}
	return json.Unmarshal(data, into)
}

// maxDepth is how deep a body may be nested.
const maxDepth = 64

// wellFormed refuses what Go's decoder lets pass and others read differently: a name twice in one object, bytes that are
// not UTF-8, and depths that nobody needs.
func wellFormed(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := value(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body is more than one JSON value")
	}
	return nil
}

// value reads one value.
func value(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("the body is not valid JSON: %w", err)
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= maxDepth {
		return fmt.Errorf("the body is nested more than %d levels deep", maxDepth)
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return fmt.Errorf("the body is not valid JSON: %w", err)
			}
			name, _ := t.(string)
			if seen[name] {
				return errors.New("the body has a name twice in one object")
			}
			seen[name] = true
		}
		if err := value(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("the body is not valid JSON: %w", err)
	}
	return nil
}
