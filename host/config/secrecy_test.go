package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const withSecrets = `[host]
watch = true
token_secret = ["NIGHTJARnew-a-long-secret-of-32-bytes!", 'NIGHTJARold-a-long-secret-of-32-bytes!']
[http]
tokens = ["NIGHTJARtoken", "NIGHTJARold"]
[store]
url = "postgres://payhost:NIGHTJAR@db/payhost"
[events]
url = "https://shop.example/events"
secret = ["NIGHTJARnew", 'NIGHTJARold']
[providers.a]
plugin = "a"
timeout = "1s"
[providers.a.config]
name = "a"
key = """
-----BEGIN KEY-----
NIGHTJARxyz==
"""
inline = { secret = "NIGHTJAR", list = ["NIGHTJAR"] }
[[providers.a.config.keys]]
secret = "NIGHTJAR"
`

// One wrong keystroke must not put a secret on a screen, wherever it is.
func TestNoTypoShowsASecret(t *testing.T) {
	if _, err := loadString(withSecrets); err != nil {
		t.Fatal(err)
	}
	try := func(text string) {
		if _, err := loadString(text); err != nil &&
			strings.Contains(err.Error(), "NIGHTJAR") {
			t.Errorf("%s\nshown for:\n%s", err, text)
		}
	}

	for i := range len(withSecrets) {
		before, after := withSecrets[:i], withSecrets[i:]
		try(before + after[1:])

		for _, key := range []string{"\n", `"`, "'", "=", "[", "]", "{", "}", ",", "#", `\`, ".", "x", "0", " "} {
			try(before + key + after)
			try(before + key + after[1:])
		}
	}
}

// holder keeps configurations in every way a program may.
type holder struct {
	Config   *Config
	Value    Config
	List     []Provider
	Map      map[string]Provider
	Pointer  *Provider
	Anything any
}

func TestNothingPrintsASecret(t *testing.T) {
	c, err := loadString(
		withSecrets + "\n[providers.b]\nplugin = \"b\"\nconfig = { key = \"env:SET\" }\n",
	)
	if err != nil {
		t.Fatal(err)
	}

	p := c.Providers[0]
	h := holder{
		Config:   c,
		Value:    *c,
		List:     c.Providers,
		Map:      map[string]Provider{"a": p},
		Pointer:  &p,
		Anything: p,
	}
	for _, value := range []any{c, *c, p, &p, c.Providers, h, &h, []any{p}} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t", "%o", "%T"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		fmt.Fprintln(&out, value)
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Info("loaded", "value", value)
		}

		data, err := json.MarshalIndent(value, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
		checkMasked(t, out.String())
	}

	checkMasked(
		t,
		fmt.Sprintf(
			"%v %+v %#v",
			struct{ hidden *Config }{c},
			struct{ hidden *Config }{c},
			struct{ hidden *Provider }{&p},
		),
	)

	if !strings.Contains(fmt.Sprintf("%+v", p), "Plugin:a") ||
		!strings.Contains(fmt.Sprint(&p), "Timeout:1s") {
		t.Errorf("a provider shows nothing of use: %+v", p)
	}
}

// checkMasked looks for a secret in clear, in hexadecimal, and as a list of
// bytes in both bases.
func checkMasked(t *testing.T, text string) {
	t.Helper()
	lower := strings.ToLower(text)

	for _, secret := range []string{"NIGHTJAR", "from-the-environment"} {
		bytesOf := []byte(secret)
		for _, form := range []string{secret, fmt.Sprintf("%x", bytesOf), strings.Trim(fmt.Sprint(bytesOf), "[]"),
			strings.Trim(fmt.Sprintf("%#v", bytesOf), "[]byte{}"), strings.Trim(fmt.Sprintf("% x", bytesOf), " ")} {
			if i := strings.Index(lower, strings.ToLower(form)); i >= 0 {
				t.Errorf(
					"%s is shown as %s in …%s",
					secret,
					form,
					text[max(i-80, 0):i+len(form)],
				)
			}
		}
	}
}
