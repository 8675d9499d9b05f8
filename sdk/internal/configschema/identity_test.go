package configschema_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/configschema"
)

type identityConfig struct {
	sdk.Endpoint
	Key    sdk.Secret      `config:"key,identity"`
	IDs    []string        `config:"ids,identity"`
	Number int             `config:"number,identity"`
	Flag   bool            `config:"flag,identity"`
	Amount decimal.Decimal `config:"amount,identity"`
	Age    time.Duration   `config:"age,identity"`
	Region string          `config:"region,identity" default:"eu"`
	Bank   testBank        `config:"bank"`
	Other  string          `config:"other"`
	Secret sdk.Secret      `config:"secret"`
}

func identityOf(t *testing.T, text string) string {
	t.Helper()
	cfg, err := decodeConfig[identityConfig]([]byte(text))
	if err != nil {
		t.Fatal(err)
	}

	got := configschema.Fingerprint(cfg)
	if configschema.Fingerprint(&cfg) != got {
		t.Error("a pointer to a configuration has another identity")
	}
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(got) {
		t.Errorf("got %q", got)
	}

	return got
}

func TestIdentityStays(t *testing.T) {
	if identityOf(
		t,
		`{"environment":"live"}`,
	) != identityOf(
		t,
		`{"environment":"live","region":"eu","ids":[],"number":0,
		"flag":false,"amount":"0.00","age":"0s","base_url":"","key":""}`,
	) {
		t.Error("values that say nothing change the identity")
	}

	if identityOf(
		t,
		`{"environment":"live","other":"x","secret":"y","bank":{"branch":"9","code":"1"}}`,
	) !=
		identityOf(
			t,
			`{"environment":"live","other":"z","bank":{"code":"1"}}`,
		) {
		t.Error("keys without the tag change the identity")
	}

	if identityOf(t, `{"environment":"live","amount":"1.50","age":"60s","ids":"a"}`) !=
		identityOf(t, `{"environment":"live","amount":1.5,"age":"1m","ids":["a"]}`) {
		t.Error("two ways to write a value change the identity")
	}
}

func TestIdentityChanges(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{
		`{"environment":"live"}`, `{"environment":"sandbox"}`, `{"environment":"live","base_url":"https://a.example"}`,
		`{"environment":"live","key":"a"}`, `{"environment":"live","key":"b"}`, `{"environment":"live","region":"us"}`,
		`{"environment":"live","ids":["a","b"]}`, `{"environment":"live","ids":["b","a"]}`,
		`{"environment":"live","ids":["a,b"]}`, `{"environment":"live","ids":["ab"]}`,
		`{"environment":"live","number":1}`, `{"environment":"live","number":-1}`, `{"environment":"live","amount":"1"}`,
		`{"environment":"live","flag":true}`, `{"environment":"live","age":"1ns"}`, `{"environment":"live","bank":{"code":"1"}}`,
	} {
		id := identityOf(t, text)
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have one identity", text, other)
		}
		seen[id] = text
	}
}

type addressed struct {
	sdk.Endpoint
	Key string `config:"key,identity"`
}

func (addressed) Addresses() (sandbox, live string) {
	return "https://test.pay.example/v1", "https://pay.example"
}

// How an address is spelled is not who we are.
func TestIdentityDoesNotDependOnHowAnAddressIsSpelled(t *testing.T) {
	of := func(environment, address string) string {
		t.Helper()
		cfg, err := decodeConfig[addressed](
			[]byte(
				`{"environment":"` + environment + `","base_url":"` + address + `","key":"k"}`,
			),
		)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}

		return configschema.Fingerprint(cfg)
	}

	for _, same := range [][]string{
		{"live", "", "https://pay.example", "https://PAY.example:443/", "HTTPS://pay.example.", "https://pay.example//"},
		{"sandbox", "", "https://test.pay.example/v1", "https://test.pay.example/v1/"},
		{"live", "http://127.0.0.1:9080", "http://localhost:9080/", "HTTP://LocalHost:9080", "http://[::1]:9080", "http://127.0.0.2:9080"},
		{"live", "http://127.0.0.1", "http://localhost:80/"},
		{"sandbox", "https://pay.example/a", "https://pay.example:443/a/"},
	} {
		for _, address := range same[2:] {
			if got, want := of(same[0], address), of(same[0], same[1]); got != want {
				t.Errorf("%s: %q is another identity than %q", same[0], address, same[1])
			}
		}
	}

	seen := map[string]string{}
	for _, address := range []string{
		"", "https://pay.example/v2", "https://pay.example:8443", "https://other.example", "http://127.0.0.1:1", "http://127.0.0.1:2",
		"https://pay.example/V2", "http://127.0.0.1:1/%2f",
	} {
		id := of("live", address)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have one identity", address, other)
		}
		seen[id] = address
	}
}

// The stored fingerprints of earlier releases must stay comparable: this value
// may only change with the contract.
func TestIdentityIsStable(t *testing.T) {
	const want = "5018372bac8ed169412bbe09b8c9953b"
	got := identityOf(
		t,
		`{"environment":"live","base_url":"https://a.example","key":"k","ids":["1","2"],"amount":"1.50","age":"5m","number":7,"flag":true}`,
	)
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	type reordered struct {
		Bank   testBank        `config:"bank"`
		Region string          `config:"region,identity" default:"eu"`
		Age    time.Duration   `config:"age,identity"`
		Amount decimal.Decimal `config:"amount,identity"`
		Flag   bool            `config:"flag,identity"`
		Number int             `config:"number,identity"`
		IDs    []string        `config:"ids,identity"`
		Key    sdk.Secret      `config:"key,identity"`
		New    string          `config:"new,identity"`
		NewSum decimal.Decimal `config:"new_sum,identity"`
		NewOn  bool            `config:"new_on,identity"`
		sdk.Endpoint
	}

	cfg, err := decodeConfig[reordered](
		[]byte(
			`{"environment":"live","base_url":"https://a.example","key":"k","ids":["1","2"],"amount":"1.50","age":"5m","number":7,"flag":true}`,
		),
	)
	if err != nil || configschema.Fingerprint(cfg) != want {
		t.Errorf(
			"the order of fields, or a new field without a value, changes the identity: %v",
			err,
		)
	}
}

// Values with anything in them never run together: two configurations with
// different values differ in identity.
func TestIdentityIsInjective(t *testing.T) {
	type config struct {
		A  string   `config:"a,identity"`
		B  string   `config:"b,identity"`
		AB []string `config:"ab,identity"`
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ab0-9:\[\]]{0,4}`)
		list := rapid.SliceOfN(rapid.StringMatching(`[ab0-9:\[\]]{1,3}`), 0, 3)
		x := config{text.Draw(t, "A"), text.Draw(t, "B"), list.Draw(t, "AB")}
		y := config{text.Draw(t, "A2"), text.Draw(t, "B2"), list.Draw(t, "AB2")}
		same := x.A == y.A && x.B == y.B && slices.Equal(x.AB, y.AB)
		if (configschema.Fingerprint(x) == configschema.Fingerprint(y)) != same {
			t.Fatalf("%q and %q", x, y)
		}
	})
}

func TestConfigSecrets(t *testing.T) {
	type nested struct {
		Inner sdk.Secret `config:"inner"`
	}
	type config struct {
		A     sdk.Secret   `config:"a"`
		Many  []sdk.Secret `config:"many"`
		Empty sdk.Secret   `config:"empty"`
		Plain string       `config:"plain"`
		One   nested       `config:"one"`
		List  []nested     `config:"list"`
	}

	cfg, err := decodeConfig[config](
		[]byte(
			`{"a":"s1","many":["s2","s1","s3"],"plain":"p","one":{"inner":"s4"},"list":[{},{"inner":"s5"}]}`,
		),
	)
	if err != nil {
		t.Fatal(err)
	}

	want := []string{"s1", "s2", "s3", "s4", "s5"}
	if got := configschema.Secrets(cfg); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := configschema.Secrets(&cfg); !slices.Equal(got, want) {
		t.Errorf("through a pointer: got %q, want %q", got, want)
	}

	if got := configschema.Secrets(struct{}{}); len(got) != 0 {
		t.Errorf("nothing has the secrets %q", got)
	}
}
