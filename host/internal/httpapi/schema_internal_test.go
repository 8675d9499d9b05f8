package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// FuzzPlainName: whatever a file is called, what goes to a provider is a short
// name without folders, quotes or controls.
func FuzzPlainName(f *testing.F) {
	for _, seed := range []string{"a.png", "../../etc/passwd", `C:\x\y.png`, "", ".", "..", "a\r\nb", `a"b`, "\xff", strings.Repeat("é", 300), "/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := plainName(name)
		bad := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`"\/`, r) }
		if strings.ContainsFunc(got, bad) || !utf8.ValidString(got) ||
			utf8.RuneCountInString(got) > 100 ||
			got == "" ||
			got == ".." {
			t.Errorf("%q becomes %q", name, got)
		}
	})
}

type oddlyNamed struct {
	Amount string      `json:"amount"`
	Parts  []alsoInner `json:"parts,omitempty"`
}

type alsoInner struct {
	Name string `json:"name"`
}

// What is not known is refused in whatever a caller sends: no type has to be
// called by a certain name for that.
func TestUnknownKeysAreRefusedWhateverTheTypeIsCalled(t *testing.T) {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{},
			Components: &huma.Components{Schemas: newSchemas()},
		},
		DefaultFormat: "application/json",
		Formats: map[string]huma.Format{
			"application/json": {
				Marshal:   huma.DefaultJSONFormat.Marshal,
				Unmarshal: unmarshal,
			},
			"json": huma.DefaultJSONFormat,
		},
	})

	op := operation{id: "odd", method: http.MethodPost, path: "/odd", tag: "Payments", summary: "Odd"}.described()
	huma.Register(
		api,
		op,
		func(context.Context, *struct{ Body oddlyNamed }) (*struct{ Body alsoInner }, error) {
			return &struct{ Body alsoInner }{}, nil
		},
	)

	sent := sentTypes(api.OpenAPI())
	complete(api.OpenAPI(), sent)
	strict(api.OpenAPI().Components.Schemas, sent)

	for body, want := range map[string]int{
		`{"amount":"1","parts":[{"name":"x"}]}`: 200, `{"amount":"1","surprise":1}`: 422, `{"amount":"1","Amount":"2"}`: 422,
		`{"amount":"1","parts":[{"name":"x","surprise":1}]}`: 422,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/v1/odd", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if mux.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d, want %d: %s", body, w.Code, want, w.Body)
		}
	}
}
