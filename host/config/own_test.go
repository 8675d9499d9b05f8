package config

import (
	"strconv"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

func sameFloat(text string, f float64) bool {
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && n == f
}

// loadOwn loads a provider with these lines as its own table.
func loadOwn(t *testing.T, own string) Provider {
	t.Helper()
	c, err := loadString("[providers.a]\nplugin = \"a\"\n[providers.a.config]\n" + own)
	if err != nil {
		t.Fatal(err)
	}
	return c.Providers[0]
}

func TestOwnTableBecomesJSON(t *testing.T) {
	for name, c := range map[string]struct{ toml, json string }{
		"nothing":                  {``, `{}`},
		"keys are sorted":          {"b = 1\na = 2\n\"A b\" = 3", `{"A b":3,"a":2,"b":1}`},
		"text":                     {`a = "<&>\u2028é\"\\"`, `{"a":"<&>\u2028é\"\\"}`},
		"booleans":                 {"a = true\nb = false", `{"a":true,"b":false}`},
		"whole numbers are exact":  {"a = 9223372036854775807\nb = -9007199254740993\nc = 0x1F\nd = 1_000", `{"a":9223372036854775807,"b":-9007199254740993,"c":31,"d":1000}`},
		"fractions keep digits":    {"a = 1.10\nb = 100.0\nc = +0.5\nd = -0.0\ne = 1_000.50\nf = 1e06\ng = 0.1", `{"a":1.10,"b":100.0,"c":0.5,"d":-0.0,"e":1000.50,"f":1e06,"g":0.1}`},
		"fifteen digits":           {"a = 123456789012.345\nb = 0.000000123456789012345000", `{"a":123456789012.345,"b":0.000000123456789012345000}`},
		"fractions in lists":       {"a = [1.50, [2.50], { b = 3.50 }]\n[[providers.a.config.c]]\nd = 4.50", `{"a":[1.50,[2.50],{"b":3.50}],"c":[{"d":4.50}]}`},
		"lists and tables":         {"a = []\nb = {}\nc = [[], {}]\nd.e.f = 1\n[providers.a.config.g]\nh = [\"x\"]", `{"a":[],"b":{},"c":[[],{}],"d":{"e":{"f":1}},"g":{"h":["x"]}}`},
		"references":               {"a = \"env:SET\"\nb = [\"env:SET\"]\nc = { d = \"env:SET\" }", `{"a":"from-the-environment","b":["from-the-environment"],"c":{"d":"from-the-environment"}}`},
		"what only looks like one": {"a = \" env:SET\"\nb = \"ENV:SET\"\n\"env:SET\" = 1", `{"a":" env:SET","b":"ENV:SET","env:SET":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := loadOwn(t, c.toml)
			if string(p.Config) != c.json {
				t.Errorf("got  %s\nwant %s", p.Config, c.json)
			}
		})
	}
}

func TestOnlyReferencesAreSecrets(t *testing.T) {
	p := loadOwn(t, "b = [\"env:SET\", \"plain\"]\na = { x = \"env:SET\" }\nc = \"plain\"")
	var got []string
	for _, s := range p.Secrets {
		got = append(got, s.Reveal())
	}
	if strings.Join(got, " ") != "from-the-environment from-the-environment" {
		t.Errorf("secrets are %q", got)
	}
}

func TestNumberWithoutItsText(t *testing.T) {
	for _, c := range []struct {
		literal string
		f       float64
		want    string // empty: a problem
	}{
		{"", 0.25, "0.25"}, {"", 1e21, "1e+21"}, {"", 0.30000000000000004, ""}, {"nonsense", 1.5, "1.5"}, {"2.5", 1.5, "1.5"}, {"+1_0.50", 10.5, "10.50"},
	} {
		n, problem := number(c.literal, c.f)
		if (problem != "") != (c.want == "") || (problem == "" && string(n) != c.want) {
			t.Errorf("number(%q, %v) = %s, %q; want %q", c.literal, c.f, n, problem, c.want)
		}
	}
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		"": "{}", " {\"b\" : 1.50 , \"a\":[ 12345678901234567890 ]} ": `{"a":[12345678901234567890],"b":1.50}`, `{"a":"<"}`: `{"a":"<"}`,
	} {
		if got, ok := canonical([]byte(text)); !ok || string(got) != want {
			t.Errorf("canonical(%s) = %s, %v", text, got, ok)
		}
	}

	for _, text := range []string{"null", "[]", "1", "{", "{} {}", `{"a":01}`} {
		if got, ok := canonical([]byte(text)); ok || string(got) != text {
			t.Errorf("canonical(%s) = %s, %v", text, got, ok)
		}
	}
}

func TestSameSeesEveryField(t *testing.T) {
	full := func() Provider {
		return Provider{
			Name:          "a",
			Plugin:        "a",
			Version:       "1",
			SHA256:        "ff",
			Enabled:       true,
			Required:      true,
			Timeout:       1,
			MaxInFlight:   1,
			DrainTimeout:  1,
			PaymentTTL:    1,
			SequenceStart: 1,
			Config:        []byte(`{"a":1}`),
			Secrets:       []sdk.Secret{sdk.NewSecret("x")},
		}
	}
	if !full().Same(full()) || !(Provider{}).Same(Provider{}) {
		t.Fatal("equal providers are not the same")
	}

	for i, change := range []func(*Provider){
		func(p *Provider) { p.Name = "b" }, func(p *Provider) { p.Plugin = "b" }, func(p *Provider) { p.Version = "2" },
		func(p *Provider) { p.SHA256 = "ee" }, func(p *Provider) { p.Enabled = false }, func(p *Provider) { p.Required = false },
		func(p *Provider) { p.Timeout = 2 }, func(p *Provider) { p.MaxInFlight = 2 }, func(p *Provider) { p.DrainTimeout = 2 },
		func(p *Provider) { p.PaymentTTL = 2 }, func(p *Provider) { p.SequenceStart = 2 }, func(p *Provider) { p.Config = []byte(`{"a":2}`) },
		func(p *Provider) { p.Secrets[0] = sdk.NewSecret("y") }, func(p *Provider) { p.Secrets = nil },
	} {
		p := full()
		if change(&p); p.Same(full()) || full().Same(p) {
			t.Errorf("change %d is not seen", i)
		}
	}
}
