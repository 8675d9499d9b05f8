package configschema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestConfigSchemaGolden(t *testing.T) {
	const golden = "testdata/config_schema.json"
	var got bytes.Buffer
	if err := json.Indent(&got, sdk.Schema[testConfig](), "", "  "); err != nil {
		t.Fatal(err)
	}

	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf(
			"the schema is now\n%s\nlook at the difference and run with -update",
			got.String(),
		)
	}
}

func TestSchemaOfOutput(t *testing.T) {
	type output struct {
		URL  string          `json:"url,omitempty" doc:"Where it <went> & is."`
		Sum  decimal.Decimal `json:"sum" max:"1.50"`
		List []struct {
			ID int `json:"id"`
		} `json:"list" config:"list,required"`
		Sealed []sdk.Secret `json:"sealed" config:"sealed,required"`
	}

	const want = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{` +
		`"url":{"type":"string","description":"Where it <went> & is."},` +
		`"sum":{"type":["string","number"],"pattern":"^-?[0-9]+(\\.[0-9]+)?$","maximum":1.5},` +
		`"list":{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"}},"additionalProperties":false},"minItems":1},` +
		`"sealed":{"anyOf":[{"type":"string","minLength":1},{"type":"array","items":{"type":"string","minLength":1},"minItems":1}],"writeOnly":true}},` +
		`"required":["list","sealed"],"additionalProperties":false}`
	if got := string(sdk.Schema[output]()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	const empty = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{},"additionalProperties":false}`
	if got := string(sdk.Schema[struct{}]()); got != empty {
		t.Errorf("got  %s\nwant %s", got, empty)
	}
}
