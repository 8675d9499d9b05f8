package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const clearText = "hunter2-hunter2"

type holder struct {
	Exported Secret
	hidden   Secret
	List     []Secret
	Pointer  *Secret
	Map      map[string]Secret
}

func newHolder() holder {
	s := NewSecret(clearText)
	return holder{Exported: s, hidden: s, List: []Secret{s}, Pointer: &s, Map: map[string]Secret{"k": s}}
}

func TestSecretIsNotPrinted(t *testing.T) {
	h := newHolder()
	for _, value := range []any{h, &h, h.Exported, &h.Exported, h.hidden, h.List, []any{h}, map[string]any{"h": h}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			out := fmt.Sprintf(verb, value)
			if strings.Contains(out, clearText) || strings.Contains(strings.ToLower(out), fmt.Sprintf("%x", clearText)) {
				t.Errorf("%s of %T shows the secret: %s", verb, value, out)
			}
		}
	}
	for verb, want := range map[string]string{"%v": "[secret]", "%s": "[secret]", "%#v": `sdk.Secret("[secret]")`} {
		if got := fmt.Sprintf(verb, h.Exported); got != want {
			t.Errorf("%s gives %s, want %s", verb, got, want)
		}
	}
}

func TestSecretIsNotLogged(t *testing.T) {
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(handler).With("with", NewSecret(clearText))
		log.Info("text", "secret", NewSecret(clearText), "holder", newHolder(), slog.Group("g", "s", NewSecret(clearText)))
	}
	if strings.Contains(out.String(), clearText) {
		t.Errorf("a log shows the secret: %s", out.String())
	}
	if n := strings.Count(out.String(), masked); n < 6 {
		t.Errorf("want the mask in place of every secret, got it %d times: %s", n, out.String())
	}
}

func TestSecretIsNotEncoded(t *testing.T) {
	out, err := json.Marshal(newHolder())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Exported":"[secret]","List":["[secret]"],"Pointer":"[secret]","Map":{"k":"[secret]"}}`
	if string(out) != want {
		t.Errorf("got %s, want %s", out, want)
	}
	text, err := NewSecret(clearText).MarshalText()
	if err != nil || string(text) != masked {
		t.Errorf("MarshalText gives %q, %v", text, err)
	}
}

func TestSecretReveal(t *testing.T) {
	var none Secret
	for _, s := range []Secret{none, NewSecret("")} {
		if !s.IsZero() || s.Reveal() != "" || s.String() != "" {
			t.Errorf("an empty secret is not empty: %q %q", s.Reveal(), s.String())
		}
	}
	if s := NewSecret(clearText); s.IsZero() || s.Reveal() != clearText {
		t.Errorf("got %q", s.Reveal())
	}
	var read Secret
	if err := json.Unmarshal([]byte(`"`+clearText+`"`), &read); err != nil || read.Reveal() != clearText {
		t.Errorf("got %q, %v", read.Reveal(), err)
	}
	copied := read
	if err := json.Unmarshal([]byte(`"other"`), &read); err != nil || copied.Reveal() != clearText {
		t.Errorf("reading one secret changed its copy: %q, %v", copied.Reveal(), err)
	}
	err := json.Unmarshal([]byte(`98765`), &read)
	if err == nil || strings.Contains(err.Error(), "98765") {
		t.Errorf("a number: %v", err)
	}
}
