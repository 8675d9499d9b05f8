package configschema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// fingerprintLength is in hexadecimal digits: 128 bits.
const fingerprintLength = 32

// The keys of sdk.Endpoint, which every configuration embeds, and the value of
// the first for real money.
const (
	environmentKey  = "environment"
	baseURLKey      = "base_url"
	liveEnvironment = "live"
)

// addresser is sdk.Addresser.
type addresser interface {
	Addresses() (sandbox, live string)
}

// Fingerprint returns 32 hexadecimal digits over the values of the keys that
// are tagged identity, as they are after defaulting, of a struct or a pointer
// to one. It is stored, so it must never change for the same values.
//
// It depends on names and values alone, not on the order of fields, and keys
// without a value do not count: a later version of a plugin can add a key
// without changing the identity of those who do not use it. Nor does it depend
// on how an address is spelled, or on whether the provider's usual one is
// written out.
func Fingerprint(config any) string {
	values := map[string]string{}
	structure := reflect.Indirect(reflect.ValueOf(config))
	eachValue(
		planOf(structure.Type()),
		structure,
		"",
		func(field *fieldPlan, path string, value reflect.Value) {
			if !field.identity {
				return
			}
			text := canonicalValue(value)
			if field.uri {
				text = canonicalURL(text)
			}

			if text != "" {
				values[path] = text
			}
		},
	)

	// The provider's usual address, written out, is the same as none.
	if address := values[baseURLKey]; address != "" &&
		address == usualAddress(config, values) {
		delete(values, baseURLKey)
	}

	// Every length is written first, so that no two lists of names and values
	// run together to the same bytes.
	var text []byte

	for _, path := range sortedKeys(values) {
		text = fmt.Appendf(
			text,
			"%d:%s%d:%s",
			len(path),
			path,
			len(values[path]),
			values[path],
		)
	}

	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:fingerprintLength]
}

func sortedKeys(values map[string]string) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// usualAddress returns the canonical address of the configuration's environment
// without a base_url, "" when it has none.
func usualAddress(config any, values map[string]string) string {
	provider, ok := config.(addresser)
	if !ok {
		return ""
	}
	sandbox, live := provider.Addresses()
	if values[environmentKey] == liveEnvironment {
		return canonicalURL(live)
	}
	return canonicalURL(sandbox)
}

// canonicalValue returns the same text for equal values and different texts for
// different ones; "" for a zero value.
func canonicalValue(value reflect.Value) string {
	switch typed := value.Interface().(type) {
	case revealer:
		return typed.Reveal()
	case decimal.Decimal:
		if typed.IsZero() {
			return ""
		}
		return typed.String() // without zeros at the end
	}

	if value.IsZero() {
		return ""
	}

	switch value.Kind() {
	case reflect.String:
		return value.String() // not what a String method makes of it
	case reflect.Bool:
		return strconv.FormatBool(value.Bool())
	default:
		return strconv.FormatInt(value.Int(), 10)
	}
}

// Secrets returns every secret of a struct, or of a pointer to one, that is not
// empty, each once.
func Secrets(config any) []string {
	var found []string
	structure := reflect.Indirect(reflect.ValueOf(config))
	eachValue(
		planOf(structure.Type()),
		structure,
		"",
		func(_ *fieldPlan, _ string, value reflect.Value) {
			secret, ok := value.Interface().(revealer)
			if !ok {
				return
			}
			if text := secret.Reveal(); text != "" && !slices.Contains(found, text) {
				found = append(found, text)
			}
		},
	)

	return found
}

// visitor is called for one value with its key and path.
type visitor func(field *fieldPlan, path string, value reflect.Value)

// eachValue calls visit for every value in structure that is neither a list nor
// a struct.
func eachValue(plan *structPlan, structure reflect.Value, prefix string, visit visitor) {
	for i := range plan.fields {
		field := &plan.fields[i]
		value := structure.FieldByIndex(field.index)
		if !field.list {
			eachItem(field, value, prefix+field.key, visit)
			continue
		}

		for j := range value.Len() {
			eachItem(
				field,
				value.Index(j),
				fmt.Sprintf("%s%s[%d]", prefix, field.key, j),
				visit,
			)
		}
	}
}

func eachItem(field *fieldPlan, value reflect.Value, path string, visit visitor) {
	if field.typ == typeStruct {
		eachValue(field.nested, value, path+".", visit)
		return
	}
	visit(field, path, value)
}
