package configschema_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/configschema"
)

type recursive struct {
	Children []recursive `config:"children"`
}

type wrongValidate struct {
	Key string `config:"key"`
}

func (*wrongValidate) Validate() error { return nil }

// Each struct has one mistake that its author must hear of, with the field's
// name.
func TestBadStructsPanic(t *testing.T) {
	for want, bad := range map[string]any{
		"must be a struct, not int":                         0,
		"must be a struct, not *configschema_test.testBank": &testBank{},
		"contains itself":                                   recursive{},
		"must be Validate() []Violation":                    wrongValidate{},
		".A: has no config tag":                             struct{ A string }{},
		".B: has no config tag":                             reflect.StructOf([]reflect.StructField{{Name: "B", Type: reflect.TypeFor[string](), Tag: "config:b"}}),
		".c: has a config tag but is not exported": struct {
			c string `config:"c"`
		}{},
		`.D: the key "" is not 1 to 64 characters`: struct {
			D string `config:",required"`
		}{},
		`.E: the key "e.e" is not`: struct {
			E string `config:"e.e"`
		}{},
		`.F: the config tag knows the options`: struct {
			F string `config:"f,requierd"`
		}{},
		`.G2: the key "G" is already taken by "g"`: struct {
			G  string `config:"g"`
			G2 string `config:"G"`
		}{},
		`.BaseURL: the key "base_url" is already taken`: struct {
			sdk.Endpoint
			BaseURL string `config:"base_url"`
		}{},
		".H: the type float64 is not supported": struct {
			H float64 `config:"h"`
		}{},
		".I: the type map[string]string is not": struct {
			I map[string]string `config:"i"`
		}{},
		".J: the type time.Time is not supported": struct {
			J time.Time `config:"j"`
		}{},
		".K: the type *string is not supported": struct {
			K *string `config:"k"`
		}{},
		".L: the type int64 is not supported": struct {
			L int64 `config:"l"`
		}{},
		".M: a list of int is not supported": struct {
			M []int `config:"m"`
		}{},
		".N: the type []string is not supported": struct {
			N [][]string `config:"n"`
		}{},
		".Endpoint: has no config tag": struct{ *sdk.Endpoint }{},
		".O: is required and has a default": struct {
			O string `config:"o,required" default:"x"`
		}{},
		".P: a secret cannot have a default": struct {
			P sdk.Secret `config:"p" default:"x"`
		}{},
		".Q: default belongs on the fields": struct {
			Q testBank `config:"q" default:"x"`
		}{},
		".R: the default is empty": struct {
			R string `config:"r" default:""`
		}{},
		`.S: default "x": must be true or false`: struct {
			S bool `config:"s" default:"x"`
		}{},
		`.T: default "x": t must be a whole number`: struct {
			T int `config:"t" default:"x"`
		}{},
		`.U: default "9": u must be at most 8`: struct {
			U int `config:"u" default:"9" max:"8"`
		}{},
		`.V: default "c": v must be one of "a", "b"`: struct {
			V string `config:"v" default:"c" oneof:"a,b"`
		}{},
		`.W: default "a,,b": w[1] is empty`: struct {
			W []string `config:"w" default:"a,,b"`
		}{},
		`.X: default "5": x must be a duration`: struct {
			X time.Duration `config:"x" default:"5"`
		}{},
		".Y: min is for int, decimal.Decimal and": struct {
			Y string `config:"y" min:"1"`
		}{},
		`.Z: max "x": `: struct {
			Z decimal.Decimal `config:"z" max:"x"`
		}{},
		".AA: min 2 is more than max 1": struct {
			AA int `config:"aa" min:"2" max:"1"`
		}{},
		".AB: oneof is for text": struct {
			AB int `config:"ab" oneof:"1,2"`
		}{},
		".AC: oneof has an empty value": struct {
			AC string `config:"ac" oneof:"a,"`
		}{},
		`.AD: the format tag knows "uri" only`: struct {
			AD string `config:"ad" format:"email"`
		}{},
		`.AE: the format tag knows "uri" only, for text`: struct {
			AE sdk.Secret `config:"ae" format:"uri"`
		}{},
		".AF: identity belongs on the fields": struct {
			AF testBank `config:"af,identity"`
		}{},
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "sdk: ") ||
					!strings.Contains(r, want) {
					t.Errorf("want a panic with %q, got %v", want, r)
				}
			}()

			t0, ok := bad.(reflect.Type)
			if !ok {
				t0 = reflect.TypeOf(bad)
			}
			configschema.Schema(t0)
		})
	}
}

// Every field of an embedded struct counts, in its place, whether the embedded
// type is exported or not.
func TestEmbeddedStructs(t *testing.T) {
	type inner struct {
		Key    string   `config:"key" default:"x"`
		Nested testBank `config:"bank"`
	}
	type config struct {
		inner
		sdk.Endpoint
		Last string `config:"last,identity"`
	}

	cfg, err := decodeConfig[config](
		[]byte(`{"environment":"live","last":"l","bank":{"code":"c"}}`),
	)
	if err != nil || cfg.Key != "x" || cfg.Environment != sdk.Live || cfg.Last != "l" ||
		cfg.Nested.Code != "c" {
		t.Errorf("got %+v, %v", cfg, err)
	}

	_, err = decodeConfig[config]([]byte(`{"last":1,"key":2,"environment":3}`))
	wantProblems(
		t,
		err,
		"key: must be text, not a number: put it in quotes",
		"environment: must be text, not a number: put it in quotes",
		"last: must be text, not a number: put it in quotes",
	)
}

type strictEndpoint struct {
	sdk.Endpoint
}

func (e strictEndpoint) Validate() []sdk.Violation {
	if e.BaseURL == "" {
		return []sdk.Violation{{Field: "base_url", Message: "is missing"}}
	}
	return nil
}

// A plugin whose provider has no common address requires base_url in its
// Validate; embedding passes that on.
func TestEmbeddedValidate(t *testing.T) {
	type config struct {
		strictEndpoint
		Key string `config:"key"`
	}
	_, err := decodeConfig[config]([]byte(`{"environment":"live"}`))
	wantProblems(t, err, "base_url: is missing")
	_, err = decodeConfig[config](
		[]byte(`{"environment":"live","base_url":"http://pay.example"}`),
	)

	wantProblems(t, err, "base_url: must be https in live, unless its host is this machine")
}
