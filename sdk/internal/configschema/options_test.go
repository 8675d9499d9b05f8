package configschema_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

type testOptions struct {
	Flow  string     `config:"flow" oneof:"activation,payment"`
	Links []testLink `config:"links"`
	Bank  testBank   `config:"bank"`
}

func TestDecodeOptions(t *testing.T) {
	var o testOptions
	if err := sdk.DecodeOptions(json.RawMessage(`{"flow":"payment","links":[{"order":"1","url":"https://a.example"}],"bank":{"code":"B"}}`), &o); err != nil {
		t.Fatal(err)
	}
	want := testOptions{
		Flow:  "payment",
		Links: []testLink{{"1", "https://a.example"}},
		Bank:  testBank{"B", "001"},
	}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v, want %+v", o, want)
	}

	for _, raw := range []string{"", "null", " null\n", "{}"} {
		var o testOptions
		if err := sdk.DecodeOptions(json.RawMessage(raw), &o); err != nil ||
			o.Bank.Branch != "001" {
			t.Errorf("%q: got %+v, %v", raw, o, err)
		}
	}
}

func TestDecodeOptionsProblems(t *testing.T) {
	raw := json.RawMessage(
		`{"flw":"payment","links":[{"order":1},{"order":"2","url":"x","y":0}],"bank":{"branch":"2"}}`,
	)
	o := testOptions{Flow: "kept"}
	wantProblems(
		t,
		sdk.DecodeOptions(raw, &o),
		`provider_options.links[0].order: must be text, not a number: put it in quotes`,
		`provider_options.links[1].url: must be an absolute http or https URL without user information`,
		`provider_options.bank.code: is missing`,
		`provider_options.flw: is not a known key: did you mean "flow"?`,
		`provider_options.links[1].y: is not a known key`,
	)

	wantProblems(t, sdk.DecodeInput(raw, &o),
		`links[0].order: must be text, not a number: put it in quotes`,
		`links[1].url: must be an absolute http or https URL without user information`,
		`bank.code: is missing`,
		`flw: is not a known key: did you mean "flow"?`,
		`links[1].y: is not a known key`)
	wantProblems(
		t,
		sdk.DecodeOptions(json.RawMessage(`[]`), &o),
		"provider_options: must be an object, not a list",
	)

	wantProblems(
		t,
		sdk.DecodeInput(json.RawMessage(`{`), &o),
		"input: is not valid JSON (byte 1)",
	)
	wantProblems(
		t,
		sdk.DecodeInput(json.RawMessage(`{"links":[{"order":"forbidden"}]}`), &o),
		"links[0].order: is forbidden; and bad",
	)

	if !reflect.DeepEqual(o, testOptions{Flow: "kept"}) {
		t.Errorf("a refused text changed the struct: %+v", o)
	}
}

func TestDecodeOptionsNeedsAPointer(t *testing.T) {
	for name, into := range map[string]any{"a struct": testOptions{}, "nothing": nil, "a nil pointer": (*testOptions)(nil), "a pointer to text": new(string)} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "sdk: ") {
					t.Errorf("want a panic that says why, got %v", r)
				}
			}()
			_ = sdk.DecodeOptions(nil, into)
		})
	}
}
