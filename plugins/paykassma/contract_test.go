package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/plugins/paykassma/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

// canaries are secrets that no text has by chance, and that look different in a
// URL, in JSON and in HTML.
var canaries = []string{
	`cánary/secret&"<1>+ %41`,
	`cánary/private&"<2>+ %42`,
	`cánary/access&"<3>+ %43`,
}

// hosted is the plugin as a host has it, and the simulator that it calls.
type hosted struct {
	*providertest.Hosted
	sim *simulator.Simulator
}

// host starts the plugin's server and a simulator that knows the canaries.
func host(t *testing.T) *hosted {
	t.Helper()
	sim := simulator.New(simulator.WithCredentials(canaries[0], canaries[1], canaries[2]))
	api := httptest.NewServer(sim)
	t.Cleanup(api.Close)
	h := &hosted{providertest.Host(t, newProvider, sim.Config(api.URL)), sim}
	if len(h.Info.Warnings) != 0 {
		t.Errorf("warned of %q", h.Info.Warnings)
	}
	return h
}

// No secret is in an error, a record or a log line, also when paykassma sends
// it back in every spelling.
func TestSecretsStayInside(t *testing.T) {
	echo := `{"status":"fail","message":"no: `
	for _, c := range canaries {
		quoted, _ := json.Marshal(c)
		echo += strings.Trim(
			string(quoted),
			`"`,
		) + " " + url.QueryEscape(
			c,
		) + " " + url.PathEscape(
			c,
		) + " "
	}

	echo += `"}`
	for _, f := range []*fault.Fault{
		nil, {Kind: fault.Error, Status: 401, Body: echo}, {Kind: fault.Error, Status: 404, Body: echo}, {Kind: fault.Error, Status: 200, Body: echo},
		{Kind: fault.Error, Status: 200, Body: echo[:len(echo)-2]}, {Kind: fault.HTML}, {Kind: fault.LostResponse}, {Kind: fault.Truncated},
	} {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			h := host(t)
			if f != nil {
				add(t, h.sim, *f)
			}
			ctx, log := sdk.WithExchangeLog(t.Context())
			_, e1 := h.CreatePayment(
				ctx,
				paymentRequest("fpx", `{"flow":"payment","bank":"MBB"}`),
			)

			_, e2 := h.CreatePayout(ctx, payoutRequest())
			_, e3 := h.ConfirmPayment(ctx, confirmRequest("true"))
			_, e4 := h.GetBalances(ctx)
			_, e5 := h.ParseWebhook(
				ctx,
				sdk.ParseWebhookRequest{
					Request: signedPostback("[]"),
					Scope:   sdk.ScopeOpen,
				},
			)

			if n := len(log.Exchanges()); n != 4 {
				t.Errorf("%d exchanges were recorded", n)
			}
			providertest.WantNoSecret(t, h.Said(log, e1, e2, e3, e4, e5), canaries...)
		})
	}
}

// Everything that is wrong with a configuration is said at once, without its
// values.
func TestConfiguration(t *testing.T) {
	h := host(t)
	for text, want := range map[string]string{
		`{"environment":"test","secretkey":"hidden-value","time_zone":"Mars/Phobos"}`:                               "environment secret private_key access_key secretkey base_url time_zone",
		`{"environment":"live","base_url":"http://x.example","secret":"s","private_key":"p","access_key":["a",""]}`: "base_url access_key[1]",
	} {
		_, err := h.Client.Configure(t.Context(), "other", json.RawMessage(text))
		var e *sdk.Error
		if !errors.As(err, &e) || e.Code != sdk.CodeInvalidRequest ||
			e.Outcome != sdk.OutcomeNotSent {
			t.Fatalf("got %v", err)
		}

		got := map[string]bool{}
		for _, v := range e.Violations {
			got[v.Field] = true
		}

		for _, field := range strings.Fields(want) {
			if !got[field] {
				t.Errorf("%s: no violation of %s in %v", text, field, e.Violations)
			}
		}

		if strings.Contains(err.Error(), "hidden-value") {
			t.Errorf("a value was said: %v", err)
		}
	}
}

// Who we are decides whether a repeat is a repeat: secrets that are rotated do
// not.
func TestIdentity(t *testing.T) {
	h := host(t)
	identity := func(change ...string) string {
		text := `{"environment":"live","base_url":"https://a.example","secret":"secret-1","private_key":"private-1","access_key":"access-1"}`
		info, err := h.Client.Configure(
			t.Context(),
			"identity",
			json.RawMessage(strings.NewReplacer(change...).Replace(text)),
		)
		if err != nil {
			t.Fatal(err)
		}

		return info.IdentityFingerprint
	}

	same := identity()
	for change, want := range map[string]bool{
		"live/sandbox": true, "a.example/b.example": true, "secret-1/secret-2": false, "private-1/private-2": false, "access-1/access-2": false,
	} {
		from, to, _ := strings.Cut(change, "/")
		if changed := identity(from, to) != same; changed != want {
			t.Errorf("%s: identity changed is %v, want %v", change, changed, want)
		}
	}
}

// The schemas say what the operations take and give.
func TestSchemas(t *testing.T) {
	for _, o := range (*provider)(nil).Info().Operations {
		for _, schema := range []json.RawMessage{o.InputSchema, o.OutputSchema} {
			var s struct {
				Type       string
				Properties map[string]any
			}
			if json.Unmarshal(schema, &s) != nil || s.Type != "object" ||
				(o.Name == "hash_urls" && len(s.Properties) != 3) {
				t.Errorf("%s: %s", o.Name, schema)
			}
		}
	}
}
