package host_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// api asks a handler with a token and gives the status.
func api(h http.Handler, token string) int {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/payments", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	h.ServeHTTP(w, r)
	return w.Code
}

func TestTokensCountAtOnce(t *testing.T) {
	cfg := settings(t)
	h := open(t, cfg)
	handler := h.APIHandler()
	next := *cfg
	next.HTTP.Tokens = []sdk.Secret{sdk.NewSecret("the-new-token")}
	results, err := h.Reload(t.Context(), &next, false)
	if err != nil || len(results) != 0 {
		t.Fatalf("%v, %v", results, err)
	}

	if old, fresh := api(handler, token), api(handler, "the-new-token"); old != 401 ||
		fresh != 200 {
		t.Errorf("the old token gives %d, the new one %d", old, fresh)
	}
}

func TestWhatAReloadCannotChangeIsReported(t *testing.T) {
	cfg := settings(t)
	h := open(t, cfg)
	next := *cfg
	next.Host.PublicURL, next.Host.DataDir = "https://pay.example", t.TempDir()
	next.Host.TokenSecrets = []sdk.Secret{
		sdk.NewSecret("a secret of at least thirty-two bytes"),
	}
	next.HTTP.Listen, next.HTTP.TrustedProxies = "127.0.0.1:9", []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"),
	}

	next.Store.URL = sdk.NewSecret("sqlite:" + filepath.Join(t.TempDir(), "other.db"))
	next.Log.Format = "json"
	next.Events = config.Events{
		URL:     "https://shop.example/events",
		Secrets: []sdk.Secret{sdk.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
	}
	want := []string{
		"host.public_url",
		"host.data_dir",
		"host.token_secret",
		"http.listen",
		"http.trusted_proxies",
		"store.url",
		"log.format",
		"events.url",
		"events.secret",
	}

	// Twice: what waits for a restart is reported until there is one.
	for range 2 {
		results, err := h.Reload(t.Context(), &next, false)
		if err != nil {
			t.Fatal(err)
		}
		var got []string

		for _, r := range results {
			if r.Action != host.ActionRestart || r.Error != nil {
				t.Errorf("got %+v", r)
			}
			got = append(got, r.Name)
		}

		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestAnInvalidConfigurationChangesNothing(t *testing.T) {
	cfg := settings(t)
	h := open(t, cfg)
	next := *cfg
	next.HTTP.Tokens, next.HTTP.Listen = []sdk.Secret{
		sdk.NewSecret("the-new-token"),
	}, "nonsense"
	_, err := h.Reload(t.Context(), &next, true)
	var problems *config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v", err)
	}

	if got := api(h.APIHandler(), token); got != 200 {
		t.Errorf("the old token gives %d", got)
	}
}

func TestAProviderThatDoesNotComeUpIsReportedByItself(t *testing.T) {
	cfg := settings(t)
	h := open(t, cfg)
	next := *cfg
	next.Providers = []config.Provider{{Name: "acme", Plugin: "acme", Enabled: true}}
	results, err := h.Reload(t.Context(), &next, false)
	if err != nil || len(results) != 1 || results[0].Name != "acme" ||
		results[0].Error == nil {
		t.Errorf("%v, %v", results, err)
	}

	if s, ok := h.Provider("acme"); !ok || s.LastError == "" {
		t.Errorf("the provider stands as %+v, %v", s, ok)
	}
}

// fileRig is a host on a file.
func fileRig(
	t *testing.T, text string,
) (h *host.Host, rewrite func(string), reload func(body string) (int, map[string][]any)) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.toml")
	rewrite = func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	rewrite(text)
	cfg, err := host.LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}

	h = open(t, cfg)
	reload = func(body string) (int, map[string][]any) {
		t.Helper()
		w := httptest.NewRecorder()
		h.AdminHandler().
			ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/admin/reload", strings.NewReader(body)))
		var answer map[string][]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		return w.Code, answer
	}

	return h, rewrite, reload
}

func TestTheFileIsReadAgain(t *testing.T) {
	h, rewrite, reload := fileRig(
		t,
		"[host]\npublic_url = \"http://pay.example\"\n[http]\ntokens = [\"one\"]\n",
	)
	rewrite(
		"[host]\npublic_url = \"http://pay.example\"\n[http]\ntokens = [\"two\"]\nlisten = \"127.0.0.1:1\"\n",
	)
	status, answer := reload(`{"force":false}`)
	if status != 200 || len(answer["problems"]) != 0 || len(answer["results"]) != 1 {
		t.Errorf("%d %v", status, answer)
	}

	if one := answer["results"][0].(map[string]any); one["name"] != "http.listen" ||
		one["action"] != "needs a restart" ||
		one["error"] != nil {
		t.Errorf("got %v", one)
	}

	if got := api(h.APIHandler(), "two"); got != 200 {
		t.Errorf("the new token gives %d", got)
	}
}

func TestEveryMistakeOfTheFileIsReported(t *testing.T) {
	h, rewrite, reload := fileRig(t, "[http]\ntokens = [\"one\"]\n")
	rewrite(
		"[http]\ntokens = [\"two\"]\nlissen = \"x\"\n[providers.acme]\ntimeout = \"soon\"\n",
	)
	status, answer := reload("")
	if status != 422 || len(answer["results"]) != 0 || len(answer["problems"]) != 3 {
		t.Fatalf("%d %v", status, answer)
	}

	for k, want := range []string{"config.toml:3: http.lissen: ", "config.toml:4: providers.acme.plugin: ", "config.toml:5: providers.acme.timeout: "} {
		if got := answer["problems"][k].(string); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}

	if got := api(h.APIHandler(), "one"); got != 200 {
		t.Errorf("the old token gives %d", got)
	}
}
