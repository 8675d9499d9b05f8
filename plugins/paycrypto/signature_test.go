package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
)

// vectors are signatures that the provider's own Java SDK computed, and two
// pairs that it publishes.
type vectors struct {
	Vectors []struct {
		ID            string `json:"id"`
		Method        string `json:"method"`
		Path          string `json:"path"`
		Query         string `json:"query"`
		Body          string `json:"body_json"`
		APIKey        string `json:"api_key"`
		APISecret     string `json:"api_secret"`
		Timestamp     string `json:"timestamp_ms"`
		Expected      string `json:"expected_java"`
		StringToSign  string `json:"string_to_sign_java"`
		Authorization string `json:"authorization_java"`
	} `json:"vectors"`
	Webhooks []webhookVector `json:"webhooks"`
	Meta     struct {
		Escapes map[string]string `json:"fastjson_string_escapes"`
	} `json:"meta"`
}

type webhookVector struct {
	ID        string `json:"id"`
	Timestamp string `json:"timestamp"`
	Secret    string `json:"secret"`
	RawBody   string `json:"raw_body"`
	Expected  string `json:"expected"`
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}

	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Vectors) != 44 || len(v.Webhooks) != 7 || len(v.Meta.Escapes) != 69 {
		t.Fatalf(
			"there are %d vectors, %d webhooks and %d escapes",
			len(v.Vectors),
			len(v.Webhooks),
			len(v.Meta.Escapes),
		)
	}

	return v
}

func TestRequestVectors(t *testing.T) {
	for _, v := range readVectors(t).Vectors {
		var body ordered.Value
		if v.Body != "" {
			var err error
			if body, err = ordered.Parse([]byte(v.Body)); err != nil {
				t.Fatal(err)
			}
		}

		if text := bodyText(body); !strings.HasSuffix(v.StringToSign, text) {
			t.Errorf("%s: the body is signed as\n%s, in\n%s", v.ID, text, v.StringToSign)
		}
		cfg := config{
			APIKey:    sdk.NewSecret(v.APIKey),
			APISecret: sdk.NewSecret(v.APISecret),
		}
		if got := requestSignature(cfg, v.Timestamp, v.Method, v.Path, v.Query, body); got != v.Expected {
			t.Errorf("%s: got %s, want %s", v.ID, got, v.Expected)
		}
	}
}

// Every character of the table, and those beside its borders.
func TestEscapes(t *testing.T) {
	escapes := readVectors(t).Meta.Escapes
	for r := rune(0); r < 0x3000; r++ {
		want, escaped := escapes[strings.ToLower(hex4(r))]
		if !escaped {
			want = string(r)
		}
		nested := ordered.Object(ordered.Pair(string(r), ordered.String(string(r))))
		body := ordered.Object(ordered.Pair("a", nested))
		if got := bodyText(body); got != `a={"`+want+`":"`+want+`"}` {
			t.Errorf("U+%04X: got %q, want %q", r, got, want)
		}
	}
}

func hex4(r rune) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15]})
}

// What Java's BigDecimal.toString prints, beyond the vectors.
func TestJavaNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "1e0": "1", "1.50e1": "15.0", "1E-6": "0.000001", "1E-7": "1E-7", "12e-8": "1.2E-7", "-1.5e3": "-1.5E+3",
		"0.0000001": "1E-7", "0.00": "0.00", "0e5": "0E+5", "100e-2": "1.00", "1e1000": "1E+1000",
		"1e99999999999": "1e99999999999", `"1e3"`: `"1e3"`,
	} {
		body, err := ordered.Parse([]byte(`{"a":[` + text + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := bodyText(body); got != "a=["+want+"]" {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func (v webhookVector) request(received time.Time) sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:     "POST",
		Body:       []byte(v.RawBody),
		ReceivedAt: received,
		Header:     http.Header{"Timestamp": {v.Timestamp}, "Signature": {v.Expected}},
	}
}

func TestWebhookVectors(t *testing.T) {
	for _, v := range readVectors(t).Webhooks {
		t.Run(v.ID, func(t *testing.T) {
			cfg := testConfig("http://127.0.0.1:1")
			cfg.WebhookSecret = []sdk.Secret{
				sdk.NewSecret("a newer one"),
				sdk.NewSecret(v.Secret),
			}
			p := newTestProvider(t, cfg, time.Now)
			parse := func(req sdk.HTTPRequest) (*sdk.WebhookResult, error) {
				return p.ParseWebhook(
					t.Context(),
					sdk.ParseWebhookRequest{Request: req, Scope: sdk.ScopeOpen},
				)
			}

			req := v.request(sdk.UnixMilli(v.Timestamp))
			n, err := parse(req)
			if err != nil || n.Verification != sdk.VerifiedBySignature {
				t.Errorf("got %+v, %v", n, err)
			}

			for _, wrong := range []string{"", strings.ToUpper(v.Expected), v.Expected[1:], strings.TrimRight(v.Expected, "=")} {
				req.Header = http.Header{"Timestamp": {v.Timestamp}, "Signature": {wrong}}
				_, err := parse(req)
				wantError(t, err, sdk.CodeInvalidSignature, sdk.OutcomeNotSent)
			}

			req.Header = http.Header{
				"Timestamp": {v.Timestamp + "0"},
				"Signature": {v.Expected},
			}
			_, err = parse(req)
			wantError(t, err, sdk.CodeInvalidSignature, sdk.OutcomeNotSent)
		})
	}
}
