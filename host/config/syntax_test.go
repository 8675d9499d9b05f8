package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What the parser itself finds is worded by explain, and its own words, which
// quote the file, are not passed on.
func TestWordsForWhatTheParserFinds(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{`a = 99999999999999999999`, "too large"},
		{`a = 1e999`, "too large"},
		{`a = 2026-13-01`, "neither a number nor a date"},
		{`a = 1__0`, "not a number as TOML"},
		{`a = 01`, "not a number as TOML"},
		{`a = 1.`, "not a number as TOML"},
		{`a = 1.e1`, "not a number as TOML"},
		{`a = 0.1.2`, "not a number as TOML"},
		{`a = 0b2`, "not a number as TOML"},
		{`a = 0o8`, "not a number as TOML"},
		{`a = "\q"`, "escape"},
		{`a = "\u12"`, "escape"},
		{`a = "\ud800"`, "escape"},
		{`a = "\x1"`, "escape"},
		{"a = \"\x01\"", "control character"},
		{"a = \"\xff\"", "not UTF-8"},
		{`a = [1, , 2]`, "value is"},
		{`a = [1 2]`, "comma"},
		{`a = 1 2`, "nothing but a comment"},
		{`a = "x" "y"`, "nothing but a comment"},
		{`a = """x""""""`, "not valid TOML"},
		{`a = { b = 1, b = 2 }`, "exists already"},
		{`a.b = 1` + "\n" + `a.b.c = 2`, "exists already"},
		{`a`, "KEY = VALUE"},
		{"\x00", "KEY = VALUE"},
	} {
		_, err := loadString(
			"[providers.a]\nplugin = \"a\"\n[providers.a.config]\n" + c.row,
		)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.row, err, c.want)
			continue
		}

		if !strings.HasPrefix(err.Error(), "config.toml:4: ") &&
			!strings.Contains(c.row, "\n") {
			t.Errorf("%s: %v", c.row, err)
		}
	}
}

// The first byte of a file in UTF-16, and such like: one problem, whatever the
// parser makes of it.
func TestNotTOMLAtAll(t *testing.T) {
	for _, text := range []string{"\x00a", "\xff\xfea\x00=\x001\x00", "{\"host\": {}}", "<xml/>", "\x7fELF\x02\x01\x01\x00", "]", "= = ="} {
		if _, err := loadString(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// A value that could not be read is one mistake: nothing is missed, or judged,
// for its sake.
func TestOneMistakeIsOneProblem(t *testing.T) {
	for _, text := range []string{
		"[providers.a]\nplugin \"a\"\n[providers.a.config]\nx = 1",
		"[providers.a]\nplugin = a\n[providers.a.config]\nx = 1",
		"[providers.a\nplugin = \"a\"\n[providers.a.config]\nx = 1",
		"providers.a.plugin = a\nproviders.a.required = true",
		"[providers.a]\nplugin = 5",
		"[events]\nurl = \"https://shop.example\"\nsecret = 5",
		"[events]\nurl = \"https://shop.example\"\nsecret = [5]",
		"[events]\nurl = \"https://shop.example\"\nsecret = \"env:UNSET\"",
		"[http]\ntls_cert = 5\ntls_key = \"key.pem\"",
		"[http]\ntls_cert = \"cert.pem\"\ntls_key = 5",
		"[http]\ntokens = [5]",
		"[http]\ntrusted_proxies = [5]",
		"[http]\nlisten = 5",
		"[http]\nlisten = \"x\"",
		"[store]\nurl = \"env:UNSET\"",
		"[log]\nlevel = 5",
		"[log]\nformat = 5",
	} {
		_, err := loadString(text)
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\ngives\n%v", text, err)
		}
	}
}

func TestMuchBrokenSyntax(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		b.WriteString(
			"[providers.p" + string(
				rune('a'+i%26),
			) + string(
				rune('a'+i/26),
			) + "]\nplugin = \n",
		)
	}

	_, err := loadString(b.String())
	var problems *Problems
	if !errors.As(err, &problems) || len(*problems) != maxRepairs {
		t.Fatalf("%d problems, want %d", len(*problems), maxRepairs)
	}
}

func TestManyProblems(t *testing.T) {
	var b strings.Builder
	b.WriteString("[host]\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "key_%d = 1\n", i)
	}

	_, err := loadString(b.String())
	var problems *Problems
	if !errors.As(err, &problems) || len(*problems) != 20000 {
		t.Fatalf("%d problems, want 20000", len(*problems))
	}

	for i, p := range *problems {
		if p.Line != i+2 {
			t.Fatalf("problem %d is of line %d", i, p.Line)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"timeout", "plugin", "url", "enabled", "max_in_flight"}
	for name, want := range map[string]string{
		"timout": "timeout", "tiemout": "timeout", "Timeout": "timeout", "time_out": "timeout", "plugins": "plugin", "ulr": "url",
		"uri": "url", "max-in-flight": "max_in_flight", "maxinflight": "max_in_flight", "enable": "enabled",
		"secret_key": "", "x": "", "": "", "time": "", "website_id": "", strings.Repeat("timeout", 1000): "",
	} {
		if got := suggest(name, known); got != want {
			t.Errorf("%q suggests %q, want %q", name, got, want)
		}
	}
}
