package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// The canaries have what URLs and JSON write differently, and one begins
// another.
var canaries = []string{
	`k3y "with" <all> & a/b+c=é`,
	"rotated-newest", "rotated",
}

// written returns the ways in which a provider may let a secret slip.
func written(secret string) []string {
	quoted, _ := json.Marshal(secret)
	var plain strings.Builder
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(secret)

	return []string{
		secret,
		url.QueryEscape(secret),
		url.PathEscape(secret),
		string(quoted),
		plain.String(),
	}
}

func configureCanaries(t *testing.T, r *rig) {
	t.Helper()
	config, err := json.Marshal(map[string]any{"key": canaries[0], "keys": canaries[1:]})
	if err != nil {
		t.Fatal(err)
	}
	r.configure(t, string(config))
}

// leaks reports the canaries in what a host can see.
func leaks(t *testing.T, where string, seen any) {
	t.Helper()
	text := fmt.Sprintf("%+v", seen)

	for _, secret := range canaries {
		for _, form := range written(secret) {
			form = strings.Trim(form, "\"\n")
			if strings.Contains(text, form) {
				t.Errorf("%s shows %q: %s", where, form, text)
			}
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for i, secret := range canaries {
		for j, slip := range written(secret) {
			t.Run(
				fmt.Sprint(i, j),
				func(t *testing.T) { letSlip(t, "before "+slip+" after") },
			)
		}
	}
}

// letSlip says text wherever a provider can say something for people.
func letSlip(t *testing.T, text string) {
	r := serveScript(
		t,
		&script{verb: func(ctx context.Context, p *fake, verb string, _ any) (any, error) {
			p.rt.Logger.With("with", text).
				WithGroup("g").
				Warn(text, "attr", text, "error", errors.New(text),
					"struct", struct{ Text string }{text}, slog.Group("deep", "x", text), "bytes", []string{text})
			sdk.RecordExchange(ctx, sdk.Exchange{
				Method:       "POST",
				URL:          "https://p.example/?sign=" + text,
				RequestBody:  text,
				ResponseBody: text,
				Error:        text,
			})

			switch verb {
			case "GetPayment":
				return &sdk.Payment{Status: sdk.PaymentFailed, Message: text}, nil
			case "CheckHealth":
				return sdk.Health{State: sdk.HealthDegraded, Message: p.rt.Mask(text)}, nil
			case "CancelPayment":
				panic(text)
			}

			return nil, &sdk.Error{
				Message:         text,
				ProviderCode:    text,
				ProviderMessage: text,
				Violations:      []sdk.Violation{{Field: "f", Message: text}},
			}
		}},
	)

	configureCanaries(t, r)
	for _, verb := range []string{"GetPayment", "CheckHealth", "CancelPayment", "CreatePayment"} {
		ctx, exchanges := sdk.WithExchangeLog(t.Context())
		resp, err := calls[verb](ctx, r.main())
		if p, ok := resp.(*sdk.Payment); ok && p != nil {
			resp = *p
		}

		leaks(t, verb+"'s answer", resp)
		leaks(t, verb+"'s error", err)
		leaks(t, verb+"'s exchanges", exchanges.Exchanges())
		if !strings.Contains(fmt.Sprint(resp, err), "[secret]") {
			t.Errorf("%s: nothing was masked in %+v, %v", verb, resp, err)
		}

		if verb != "CheckHealth" && len(exchanges.Exchanges()) != 1 {
			t.Errorf("%s: exchanges %+v", verb, exchanges.Exchanges())
		}
	}

	leaks(t, "the log", unquoted(r.log.String()))
	if log := r.log.String(); !strings.Contains(log, "[secret]") ||
		!strings.Contains(log, `"account":"main"`) {
		t.Errorf("the log has lost too much: %s", log)
	}
}

// unquoted undoes the JSON of log lines, which could hide a secret from a
// search.
func unquoted(log string) string {
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(log), "\n") {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil {
			fmt.Fprintf(&b, "%+v\n", record)
		}
	}
	return b.String() + log
}

func TestWarningsAreMasked(t *testing.T) {
	r := serveScript(t, &script{})
	if info := r.configure(t, `{"key": "canary"}`); info.Warnings[1] != "key is [secret]" {
		t.Errorf("got %v", info.Warnings)
	}
}

// TestOldSecretsStayMasked: what was in flight may still speak of them.
func TestOldSecretsStayMasked(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(context.Context, *fake, string, any) (any, error) {
			return nil, errors.New("old-secret and new-secret, also of-another")
		}},
	)

	r.configure(t, `{"key": "old-secret"}`)
	r.configure(t, `{"key": "new-secret"}`)
	if _, err := r.Configure(t.Context(), "other", json.RawMessage(`{"key": "of-another"}`)); err != nil {
		t.Fatal(err)
	}

	_, err := r.main().CreatePayment(t.Context(), validPayment())
	if e := want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown); e.Message != "[secret] and [secret], also [secret]" {
		t.Errorf("got %q", e.Message)
	}
}

// TestNoPartOfASecretIsLeft: not of one that begins another, and not where text
// is cut.
func TestNoPartOfASecretIsLeft(t *testing.T) {
	for text, masked := range map[string]string{
		"twin-longer, twin":                        "[secret], [secret]",
		strings.Repeat("x", 1990) + "twin-longer!": strings.Repeat("x", 1990) + "[secret]!",
	} {
		r := serveScript(
			t,
			&script{
				verb: func(context.Context, *fake, string, any) (any, error) { return nil, errors.New(text) },
			},
		)

		r.configure(t, `{"keys": ["twin", "twin-longer"]}`)
		_, err := r.main().CreatePayment(t.Context(), validPayment())
		if e := want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown); e.Message != masked {
			t.Errorf("got %q", e.Message)
		}
	}
}

// TestDataIsNotMasked: a reference that happens to hold a secret's text must
// arrive as it is.
func TestDataIsNotMasked(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(context.Context, *fake, string, any) (any, error) {
			return &sdk.Payment{
				Status:            sdk.PaymentRequiresAction,
				ProviderReference: "ref-test-1",
				NextAction:        sdk.RedirectTo("https://p.example/test"),
			}, nil
		}},
	)

	r.configure(t, `{"key": "test"}`)
	p, err := r.main().CreatePayment(t.Context(), validPayment())
	if err != nil || p.ProviderReference != "ref-test-1" ||
		p.NextAction.Redirect.URL != "https://p.example/test" {
		t.Errorf("got %+v, %v", p, err)
	}
}
