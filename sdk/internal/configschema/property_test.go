package configschema_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/configschema"
)

// anyJSON draws a JSON value, often with keys and values that testConfig knows.
func anyJSON(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.SampledFrom(
			[]any{
				nil,
				true,
				false,
				"",
				"live",
				"sandbox",
				"payment",
				"5m",
				"1.5",
				"https://a.example",
				" x",
				"a\n",
			},
		),
		rapid.Just[any](json.RawMessage("1e999999999")),
		rapid.Custom(func(t *rapid.T) any {
			return json.RawMessage(
				rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?`).
					Draw(t, "number"),
			)
		}),
		rapid.Custom(func(t *rapid.T) any { return rapid.String().Draw(t, "text") }),
	}

	if depth > 0 {
		kinds = append(
			kinds,
			rapid.Custom(
				func(t *rapid.T) any { return rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "list") },
			),
			rapid.Custom(
				func(t *rapid.T) any { return anyObject(depth).Draw(t, "object") },
			),
		)
	}

	return rapid.OneOf(kinds...)
}

func anyObject(depth int) *rapid.Generator[map[string]any] {
	known := rapid.SampledFrom([]string{
		"environment", "base_url", "website_id", "secret_key", "hook_keys", "notify_ips", "flow", "allow_debug", "retries",
		"fee", "tolerance", "site", "bank", "links", "code", "branch", "order", "url",
	})

	return rapid.MapOfN(
		rapid.OneOf(known, known, known, rapid.String()),
		anyJSON(depth-1),
		0,
		12,
	)
}

// What is accepted fits the schema; what is refused is refused in the one way
// that callers know.
func TestDecodeConfigAnyJSON(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(sdk.Schema[testConfig](), &schema); err != nil {
		t.Fatal(err)
	}

	// What "complete" adds below is enough: else nothing would ever be
	// accepted.
	if _, err := decodeConfig[testConfig]([]byte(`{"environment":"live","website_id":"w1","secret_key":"k1"}`)); err != nil {
		t.Fatal(err)
	}

	rapid.Check(t, func(t *rapid.T) {
		object := anyObject(3).Draw(t, "object")
		if rapid.Bool().Draw(t, "complete") {
			object["environment"] = "live"
			object["website_id"] = "w1"
			object["secret_key"] = "k1"
		}

		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		_, err = decodeConfig[testConfig](text)
		if err == nil {
			var value any
			_ = json.Unmarshal(text, &value)
			if problem := fitsSchema(schema, value); problem != "" {
				t.Fatalf("%s is accepted, but does not fit the schema: %s", text, problem)
			}
			return
		}

		checkRefusal(t, err)
	})
}

func checkRefusal(t interface{ Fatalf(string, ...any) }, err error) {
	e := sdk.AsError(err)
	if e.Code != sdk.CodeInvalidRequest || e.Outcome != sdk.OutcomeNotSent ||
		e.Message == "" ||
		len(e.Violations) > configschema.MaxProblems {
		t.Fatalf("a refusal of another kind: %+v", e)
	}

	fields := map[string]bool{}
	for _, v := range e.Violations {
		if v.Field == "" || v.Message == "" || fields[v.Field] {
			t.Fatalf(
				"a field that is empty or reported twice, or no message: %+v",
				e.Violations,
			)
		}

		fields[v.Field] = true
	}
}

// fitsSchema knows as much of JSON Schema as our schemas use, but for empty
// text, which stands for an absent key.
func fitsSchema(schema map[string]any, value any) string {
	if value == "" {
		return ""
	}
	if list, ok := schema["anyOf"].([]any); ok {
		var problem string
		for _, s := range list {
			if problem = fitsSchema(s.(map[string]any), value); problem == "" {
				return ""
			}
		}

		return problem
	}

	kind := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Float64: "number", reflect.Slice: "array", reflect.Map: "object"}[reflect.ValueOf(value).Kind()]
	types, ok := schema["type"].([]any)
	if !ok {
		types = []any{schema["type"]}
	}

	if kind == "number" && slices.Contains(types, any("integer")) {
		kind = "integer"
	}
	if !slices.Contains(types, any(kind)) {
		return fmt.Sprintf("%v is a %s, not %v", value, kind, types)
	}

	switch v := value.(type) {
	case string:
		if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
			return fmt.Sprintf("%q is not in %v", v, enum)
		}
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			return fmt.Sprintf("%q does not match %s", v, p)
		}
	case float64:
		if least, ok := schema["minimum"].(float64); ok && v < least {
			return fmt.Sprintf("%v is less than %v", v, least)
		}
		if most, ok := schema["maximum"].(float64); ok && v > most {
			return fmt.Sprintf("%v is more than %v", v, most)
		}

	case []any:
		for _, item := range v {
			if problem := fitsSchema(schema["items"].(map[string]any), item); problem != "" {
				return problem
			}
		}
	case map[string]any:
		return objectFitsSchema(schema, v)
	}

	return ""
}

func objectFitsSchema(schema, object map[string]any) string {
	properties := schema["properties"].(map[string]any)
	for key, value := range object {
		s, ok := properties[key].(map[string]any)
		if !ok {
			return key + " is not a property"
		}
		if problem := fitsSchema(s, value); problem != "" {
			return key + ": " + problem
		}
	}

	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := object[key.(string)]; !ok {
			return key.(string) + " is required"
		}
	}

	return ""
}

// Decimals come through to the last digit, whether they are written as numbers
// or as text.
func TestDecodeConfigIsExact(t *testing.T) {
	type config struct {
		N int             `config:"n"`
		D decimal.Decimal `config:"d"`
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int().Draw(t, "n")
		digits := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?`).
			Draw(t, "d")
		written := digits
		if rapid.Bool().Draw(t, "quoted") {
			written = `"` + digits + `"`
		}

		cfg, err := decodeConfig[config](fmt.Appendf(nil, `{"n":%d,"d":%s}`, n, written))
		if err != nil || cfg.N != n || !cfg.D.Equal(decimal.RequireFromString(digits)) {
			t.Fatalf("got %d and %s, %v; want %d and %s", cfg.N, cfg.D, err, n, digits)
		}
	})
}

type leaky struct {
	Key   sdk.Secret   `config:"key,required"`
	Keys  []sdk.Secret `config:"keys"`
	Other string       `config:"other" oneof:"x"`
	After string       `config:"after"`
}

// Validate does what none should: it says the secrets, in every form that it
// can think of.
func (l leaky) Validate() []sdk.Violation {
	out := []sdk.Violation{{Field: "after", Message: "before " + l.Key.Reveal() + " after"}}
	for _, k := range append(l.Keys, l.Key) {
		out = append(
			out,
			sdk.Violation{
				Field:   "after",
				Message: fmt.Sprintf("%q or %+q", k.Reveal(), k.Reveal()),
			},
			sdk.Violation{
				Field:   "after",
				Message: url.PathEscape(k.Reveal()) + "?a=" + url.QueryEscape(k.Reveal()),
			},
			sdk.Violation{Field: "x" + k.Reveal(), Message: k.Reveal()},
		)
	}

	return out
}

// No violation ever holds a secret: neither where it belongs, nor under a wrong
// name, nor as what Validate says.
func TestDecodeConfigShowsNoSecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "Q" + rapid.StringN(5, 20, -1).Draw(t, "secret") + "Z"
		quoted, _ := json.Marshal(secret)
		text := rapid.SampledFrom([]string{
			`{"key":%s}`, `{"key":%s,"keys":[%[1]s,"b"]}`, `{"key":"a","keys":%s}`, `{"key":[%s],"keys":%[1]s}`,
			`{"key":"a","keys":{%s:%[1]s}}`, `{"kye":%s}`, `{"key":"k","other":%s}`, `{"key":"k","after":%s,"keys":%[1]s}`,
			`{"key":%s,"key":%[1]s}`, `{"key":%s,%[1]s:1}`, `{"key":%s`, `%s`, `{"keys":[%s,1,null,""],"no":1}`,
		}).Draw(t, "text")
		_, err := decodeConfig[leaky](fmt.Appendf(nil, text, quoted))
		if err == nil {
			t.Fatalf("Validate always has something to say")
		}

		shown := err.Error()
		for _, form := range []string{secret, fmt.Sprintf("%q", secret), fmt.Sprintf("%+q", secret), url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`)} {
			if strings.Contains(shown, form) {
				t.Fatalf("%s shows the secret %q: %s", text, secret, shown)
			}
		}
	})
}

func TestDecodeConfigMasksValidate(t *testing.T) {
	_, err := decodeConfig[leaky](
		[]byte(`{"key":"hunter2","keys":["hunter2\"longer","é /"]}`),
	)
	wantProblems(t, err,
		`after: before [secret] after; "[secret]" or "[secret]"; [secret]?a=[secret]`,
		"x[secret]: [secret]")
	long := strings.Repeat("0123456789", 10)
	_, err = decodeConfig[leaky]([]byte(`{"key":"` + long + `","` + long + `":1}`))

	wantProblems(
		t,
		err,
		`after: before [secret] after; "[secret]" or "[secret]"; [secret]?a=[secret]`,
		"x[secret]: [secret]",
		`"[secret]": is not a known key`,
	)
}

type fragile struct {
	Site string `config:"site,required"`
}

func (f fragile) Validate() []sdk.Violation {
	if f.Site[0] == 'x' {
		return []sdk.Violation{{Field: "site", Message: "begins with x"}}
	}
	return nil
}

func TestValidateMayTripOverWhatWasRefused(t *testing.T) {
	_, err := decodeConfig[fragile]([]byte(`{"site":1}`))
	wantProblems(t, err, "site: must be text, not a number: put it in quotes")
	_, err = decodeConfig[fragile]([]byte(`{"site":"xy"}`))
	wantProblems(t, err, "site: begins with x")
}

func FuzzDecodeConfig(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{` + required + `}`, `[]`, `null`, `{"a":`, `{"links":[{"order":"1"}],"links":{}}`, `{"fee":1e999999999}`,
		`{"hook_keys":["a",{"b":[[]]}]}`, "\xff", `{"retries":-0}`, `{"bank":{"code":"\u0000"}}`, strings.Repeat(`{"a":`, 20),
	} {
		f.Add([]byte(seed))
	}

	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := decodeConfig[testConfig](text)
		if err != nil {
			checkRefusal(t, err)
			return
		}

		if !json.Valid(text) || cfg.SecretKey.IsZero() || cfg.Environment == "" ||
			cfg.Retries > 10 {
			t.Fatalf("%q is accepted as %+v", text, cfg)
		}

		configschema.Fingerprint(cfg)
		if !slices.Contains(configschema.Secrets(cfg), cfg.SecretKey.Reveal()) {
			t.Fatalf("%q: a secret is not known", text)
		}
	})
}
