package configschema_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/configschema"
)

type testFlow string

// testConfig has every type and tag.
type testConfig struct {
	sdk.Endpoint
	WebsiteID string          `config:"website_id,required,identity" doc:"The website's number."`
	SecretKey sdk.Secret      `config:"secret_key,required" doc:"Signs requests."`
	HookKeys  []sdk.Secret    `config:"hook_keys"`
	NotifyIPs []string        `config:"notify_ips" default:"192.0.2.1, 192.0.2.2"`
	Flow      testFlow        `config:"flow" default:"payment" oneof:"activation,payment"`
	Debug     bool            `config:"allow_debug" default:"true"`
	Retries   int             `config:"retries" default:"3" min:"0" max:"10"`
	Fee       decimal.Decimal `config:"fee" default:"0.10" min:"0" max:"99.5"`
	Tolerance time.Duration   `config:"tolerance" default:"5m" min:"1s" max:"1h"`
	Site      string          `config:"site" format:"uri"`
	Bank      testBank        `config:"bank" doc:"Where to."`
	Links     []testLink      `config:"links"`
	Ignored   func()          `config:"-"`
	ignored   func()
}

type testBank struct {
	Code   string `config:"code,required,identity"`
	Branch string `config:"branch" default:"001"`
}

type testLink struct {
	Order string `config:"order,required"`
	URL   string `json:"url,omitempty" format:"uri"`
}

func (c *testConfig) Validate() []sdk.Violation {
	c.ignored = nil
	if c.Flow == "activation" && c.Site == "" {
		return []sdk.Violation{{Field: "site", Message: "is needed for activation"}}
	}
	return nil
}

func (l testLink) Validate() []sdk.Violation {
	if l.Order == "forbidden" {
		return []sdk.Violation{
			{Field: "order", Message: "is forbidden"},
			{Field: "order", Message: "and bad"},
			{Field: "order", Message: "is forbidden"},
		}
	}
	return nil
}

// required are the members that testConfig cannot do without.
const required = `"environment":"sandbox","website_id":"w1","secret_key":"s3cr3t-value"`

// decodeConfig is the door of a plugin's process.
func decodeConfig[C any](text []byte) (C, error) {
	var config, none C
	failure := configschema.Decode(
		text,
		&config,
		configschema.Subject{Name: "the configuration is"},
	)
	if failure == nil {
		return config, nil
	}

	e := sdk.NotSent(sdk.CodeInvalidRequest, "%s", failure.Message)
	for _, p := range failure.Problems {
		e.Violations = append(e.Violations, sdk.Violation(p))
	}

	return none, e
}

// problems returns err's violations as "field: message", after checking what
// all errors of this kind share.
func problems(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != sdk.CodeInvalidRequest ||
		e.Outcome != sdk.OutcomeNotSent {
		t.Fatalf("want an *Error with invalid_request and not_sent, got %#v", err)
	}

	if len(e.Violations) == 0 {
		return []string{e.Message}
	}
	var out []string
	for _, v := range e.Violations {
		out = append(out, v.Field+": "+v.Message)
	}

	return out
}

func wantProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	if got := problems(t, err); !slices.Equal(got, want) {
		t.Errorf(
			"got:\n  %s\nwant:\n  %s",
			strings.Join(got, "\n  "),
			strings.Join(want, "\n  "),
		)
	}
}

func TestDecodeConfigDefaults(t *testing.T) {
	cfg, err := decodeConfig[testConfig]([]byte(`{` + required + `}`))
	if err != nil {
		t.Fatal(err)
	}
	want := testConfig{
		Endpoint:  sdk.Endpoint{Environment: sdk.Sandbox},
		WebsiteID: "w1",
		SecretKey: sdk.NewSecret("s3cr3t-value"),
		NotifyIPs: []string{"192.0.2.1", "192.0.2.2"},
		Flow:      "payment",
		Debug:     true,
		Retries:   3,
		Fee:       decimal.RequireFromString("0.10"),
		Tolerance: 5 * time.Minute,
		Bank:      testBank{Branch: "001"},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}

	cfg.NotifyIPs[0] = "changed"
	if again, _ := decodeConfig[testConfig]([]byte(`{` + required + `}`)); again.NotifyIPs[0] != "192.0.2.1" {
		t.Error("two configurations share one default list")
	}
}

func TestDecodeConfigValues(t *testing.T) {
	cfg, err := decodeConfig[testConfig]([]byte(`{
		"environment": "live", "base_url": "https://pay.example/root/", "website_id": "007", "secret_key": "a\"b\\ü",
		"hook_keys": ["new", "old"], "notify_ips": [], "flow": "activation", "allow_debug": false, "retries": 0,
		"fee": 12.12345678901234567890123456789012345678901234567890, "tolerance": "1h", "site": "http://shop.example/?a=b#c",
		"bank": {"code": "B"}, "links": [{"order": "1", "url": "https://a.example"}, {"order": "2"}]}`))
	if err != nil {
		t.Fatal(err)
	}

	want := testConfig{
		Endpoint: sdk.Endpoint{
			Environment: sdk.Live,
			BaseURL:     "https://pay.example/root/",
		},
		WebsiteID: "007",
		SecretKey: sdk.NewSecret("a\"b\\ü"),
		HookKeys:  []sdk.Secret{sdk.NewSecret("new"), sdk.NewSecret("old")},
		NotifyIPs: []string{},
		Flow:      "activation",
		Fee: decimal.RequireFromString(
			"12.1234567890123456789012345678901234567890123456789",
		),
		Tolerance: time.Hour,
		Site:      "http://shop.example/?a=b#c",
		Bank:      testBank{Code: "B", Branch: "001"},
		Links:     []testLink{{"1", "https://a.example"}, {"2", ""}},
	}
	if !cfg.Fee.Equal(want.Fee) {
		t.Errorf("fee is %s", cfg.Fee)
	}

	cfg.Fee = want.Fee // equal values can have zeros at the end
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestDecodeConfigProblems(t *testing.T) {
	for _, c := range []struct{ name, members, want string }{
		{"one text is a list of one", `"hook_keys":"k","notify_ips":"192.0.2.9"`, ""},
		{"a decimal in text", `"fee":"1.5"`, ""},
		{"empty text is absent", `"flow":"","tolerance":"","fee":"","hook_keys":"","notify_ips":"","site":""`, ""},
		{"text for a number", `"retries":"3"`, `retries: must be a whole number, not text`},
		{"a number for text", `"site":5`, `site: must be text, not a number: put it in quotes`},
		{"a list for text", `"site":[]`, `site: must be text, not a list`},
		{"text for a boolean", `"allow_debug":"yes"`, `allow_debug: must be true or false, not text`},
		{"a boolean for a decimal", `"fee":true`, `fee: must be a decimal number, not a boolean`},
		{"a number for a duration", `"tolerance":30`, `tolerance: must be a duration such as "30s", not a number`},
		{"a number for a list", `"notify_ips":1`, `notify_ips: must be text or a list of texts, not a number`},
		{"an object for a list", `"links":{}`, `links: must be a list of objects, not an object`},
		{"text for a list of objects", `"links":""`, `links: must be a list of objects, not text`},
		{"a list for an object", `"bank":[]`, `bank: must be an object, not a list`},
		{"null", `"bank":null,"site":null`, "site: must be text, not null\nbank: must be an object, not null"},
		{"wrong items", `"notify_ips":["a",1,"",null]`, "notify_ips[1]: must be text, not a number: put it in quotes\nnotify_ips[2]: is empty\nnotify_ips[3]: must be text, not null"},
		{"below", `"retries":-1,"fee":-0.01,"tolerance":"999ms"`, "retries: must be at least 0\nfee: must be at least 0\ntolerance: must be at least 1s"},
		{"above", `"retries":11,"fee":"99.51","tolerance":"1h1ns"`, "retries: must be at most 10\nfee: must be at most 99.5\ntolerance: must be at most 1h"},
		{"bounds are inclusive", `"retries":10,"fee":"99.50","tolerance":"1s"`, ""},
		{"a fraction", `"retries":1.0`, `retries: must be a whole number, without point and exponent`},
		{"an exponent", `"retries":1e1`, `retries: must be a whole number, without point and exponent`},
		{"too many bits", `"retries":9223372036854775808`, `retries: must be a whole number of at most 64 bits`},
		{"a decimal with exponent", `"fee":1e2`, `fee: must be a decimal number, at most 64 digits with at most one point`},
		{"a decimal that is none", `"fee":"1,5"`, `fee: must be a decimal number, at most 64 digits with at most one point`},
		{"a bad duration", `"tolerance":"5 minutes"`, `tolerance: must be a duration such as "30s" or "1h30m"`},
		{"none of the values", `"flow":"Payment"`, `flow: must be one of "activation", "payment"`},
		{"no URL", `"site":"shop.example"`, `site: must be an absolute http or https URL without user information`},
		{"a line break", `"site":"https://a.example/\n"`, `site: contains a line break or another control character`},
		{"a line break of another kind", `"site":"https://a.example/\u2028"`, `site: contains a line break or another control character`},
		{"half a character", `"notify_ips":["\ud800"]`, `notify_ips[0]: contains something that is not a character`},
		{"white space that matters", `"hook_keys":["a\n"," b","c\u200b"]`, strings.Repeat("hook_keys[%d]: starts or ends with white space, which usually comes from a file's last line\n", 3)},
		{"white space that does not", `"notify_ips":" a"`, ""},
		{"a repeated key", `"retries":1,"retries":2,"flow":"payment","flow":"payment"`, "flow: is given more than once\nretries: is given more than once"},
		{"a missing key within", `"bank":{},"links":[{"order":"1"},{"url":"x"}]`, "bank.code: is missing\nlinks[1].order: is missing\nlinks[1].url: must be an absolute http or https URL without user information"},
		{"a wrong value before Validate", `"flow":"activation","site":7`, `site: must be text, not a number: put it in quotes`},
		{"Validate", `"flow":"activation"`, `site: is needed for activation`},
		{"Validate within", `"links":[{"order":"forbidden"}]`, `links[0].order: is forbidden; and bad`},
		{"Validate though another key is wrong", `"flow":"activation","retries":"x"`, "retries: must be a whole number, not text\nsite: is needed for activation"},
		{"unknown keys come last", `"zzz":1,"aaa":{"x":null},"retries":[],"bank":{"code":"1","nope":1}`, "retries: must be a whole number, not a list\naaa: is not a known key\nzzz: is not a known key\nbank.nope: is not a known key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := []string{}
			for i, line := range strings.Split(strings.TrimSuffix(c.want, "\n"), "\n") {
				if strings.Contains(line, "%d") {
					line = fmt.Sprintf(line, i)
				}
				if line != "" {
					want = append(want, line)
				}
			}

			_, err := decodeConfig[testConfig](
				[]byte(`{` + required + `,` + c.members + `}`),
			)
			wantProblems(t, err, want...)
		})
	}
}

func TestDecodeConfigMissing(t *testing.T) {
	want := []string{
		"environment: is missing",
		"website_id: is missing",
		"secret_key: is missing",
	}

	for _, text := range []string{"", " \n", "{}", `{"environment":"","website_id":"","secret_key":""}`} {
		_, err := decodeConfig[testConfig]([]byte(text))
		wantProblems(t, err, want...)
	}

	type lists struct {
		Keys  []sdk.Secret `config:"keys,required"`
		Links []testLink   `config:"links,required"`
	}
	_, err := decodeConfig[lists]([]byte(`{"keys":[],"links":[]}`))
	wantProblems(t, err, "keys: is missing", "links: is missing")
}

func TestDecodeConfigUnknownKeys(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"Secret_Key", `Secret_Key: is not a known key: did you mean "secret_key"?`},
		{"secretKey", `secretKey: is not a known key: did you mean "secret_key"?`},
		{"secert_key", `secert_key: is not a known key: did you mean "secret_key"?`},
		{"hook_key", `hook_key: is not a known key: did you mean "hook_keys"?`},
		{"fe", `fe: is not a known key: did you mean "fee"?`},
		{"sites", `sites: is not a known key: did you mean "site"?`},
		{"password", `password: is not a known key`},
		{"two words", `"two words": is not a known key`},
		{"bank.code", `"bank.code": is not a known key`},
		{"", `"": is not a known key`},
		{`\u0007`, `"\a": is not a known key`},
		{strings.Repeat("k", 200), `"` + strings.Repeat("k", 64) + `…": is not a known key`},
	} {
		t.Run(c.key, func(t *testing.T) {
			_, err := decodeConfig[testConfig](
				[]byte(`{` + required + `,"` + c.key + `":"v4lue"}`),
			)
			wantProblems(t, err, c.want)
		})
	}

	t.Run("a key that is not given is the better guess", func(t *testing.T) {
		type pair struct {
			A string `config:"key_one"`
			B string `config:"key_ono"`
		}
		_, err := decodeConfig[pair]([]byte(`{"key_one":"","key_onx":""}`))
		wantProblems(t, err, `key_onx: is not a known key: did you mean "key_ono"?`)
	})
}

func TestDecodeConfigBounds(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", `{"secret_key":hunter2}`, "the configuration is not valid: it is not valid JSON (byte 15)"},
		{"cut", `{"secret_key":"hunter2`, "the configuration is not valid: it is not valid JSON (byte 22)"},
		{"more than one", `{} {}`, "the configuration is not valid: it is not valid JSON (byte 4)"},
		{"a list", `[]`, "the configuration is not valid: it must be an object, not a list"},
		{"null", `null`, "the configuration is not valid: it must be an object, not null"},
		{"not UTF-8", "{\"a\":\"\xff\"}", "the configuration is not valid: it is not UTF-8"},
		{"too deep", `{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, "the configuration is not valid: it is nested more than 16 levels deep"},
		{"too long", `{"a":"` + strings.Repeat("x", 256<<10-7) + `"}`, "the configuration is not valid: it has 262145 bytes; at most 262144 are allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decodeConfig[testConfig]([]byte(c.text))
			wantProblems(t, err, c.want)
		})
	}

	t.Run("just deep enough", func(t *testing.T) {
		_, err := decodeConfig[testConfig](
			[]byte(
				`{` + required + `,"a":` + strings.Repeat(
					"[",
					15,
				) + strings.Repeat(
					"]",
					15,
				) + `}`,
			),
		)

		wantProblems(t, err, "a: is not a known key")
	})

	t.Run("just short enough", func(t *testing.T) {
		_, err := decodeConfig[testConfig](
			[]byte(
				`{` + required + `,"a":"` + strings.Repeat(
					"x",
					256<<10-len(required)-9,
				) + `"}`,
			),
		)
		wantProblems(t, err, "a: is not a known key")
	})

	t.Run("many problems", func(t *testing.T) {
		_, err := decodeConfig[testConfig](
			[]byte(
				`{` + required + `,"notify_ips":[` + strings.Repeat(
					"1,",
					100_000,
				) + `1],"x":1}`,
			),
		)

		e := sdk.AsError(err)
		if len(e.Violations) != configschema.MaxProblems ||
			e.Message != "the configuration is not valid (the first 64 of 100002 problems)" {
			t.Errorf("got %d violations, %q", len(e.Violations), e.Message)
		}
	})
}
