package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// maxDigits is the number of significant digits that every reader of a JSON
// number keeps, even one that stores it as a float.
const maxDigits = 15

// own returns a plugin's own table as JSON, and the secrets in it that came
// from references.
func (l *loader) own(t *table) (json.RawMessage, []sdk.Secret) {
	o := &owner{loader: l}
	data, err := encode(o.table(t.path, t.values))
	if err != nil { // no result of value can fail
		l.add(t.path, "cannot be passed to the plugin")
	}
	return data, o.secrets
}

// owner walks a plugin's own table in the order of its keys, so that the result
// does not depend on the order of Go's maps.
type owner struct {
	*loader
	secrets []sdk.Secret
}

// table returns a table for encoding.
func (o *owner) table(path string, values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		out[key] = o.value(join(path, key), values[key])
	}
	return out
}

// value returns a value for encoding. It reports a value that JSON does not
// have.
func (o *owner) value(path string, value any) any {
	switch v := value.(type) {
	case string:
		text, referred := o.resolve(path, v)
		if referred && text != "" {
			o.secrets = append(o.secrets, sdk.NewSecret(text))
		}
		return text
	case int64:
		return json.Number(strconv.FormatInt(v, 10))

	case float64:
		n, problem := number(o.literals[path], v)
		if problem != "" {
			o.add(path, "%s", problem)
		}
		return n
	case time.Time:
		o.add(path, "is a date or time, which JSON does not have; write it in quotes")
		return nil

	case map[string]any:
		return o.table(path, v)
	case []map[string]any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = o.table(element(path, i), v[i])
		}
		return out

	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = o.value(element(path, i), v[i])
		}
		return out
	}

	return value // a boolean
}

// number returns a float with the digits that the file has for it, or with the
// shortest equal ones where those are not known. More digits than a float keeps
// are a mistake: some reader would change them silently.
func number(literal string, f float64) (n json.Number, problem string) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return "0", "is not a number that JSON has; write it in quotes"
	}

	// TOML allows a sign and underscores that JSON does not have.
	text := strings.TrimPrefix(strings.ReplaceAll(literal, "_", ""), "+")
	if same, err := strconv.ParseFloat(text, 64); err != nil || same != f {
		text = strconv.FormatFloat(f, 'g', -1, 64)
	}

	if significant(text) > maxDigits {
		return "0", "has more than 15 significant digits; write it in quotes"
	}

	return json.Number(text), ""
}

// significant counts the digits of a number from the first to the last that is
// not 0.
func significant(text string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.NewReplacer(".", "", "-", "").Replace(mantissa)
	return len(strings.Trim(digits, "0"))
}

// encode returns JSON with sorted keys and without HTML escapes.
func encode(value any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// canonical returns a JSON object in the form that encode returns; false when
// the text is not an object.
func canonical(text json.RawMessage) (json.RawMessage, bool) {
	if len(text) == 0 {
		return json.RawMessage("{}"), true
	}
	if !json.Valid(text) {
		return text, false
	}

	// Numbers keep their digits: a float would change large ones.
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil || object == nil {
		return text, false
	}

	out, err := encode(object)
	return out, err == nil
}
