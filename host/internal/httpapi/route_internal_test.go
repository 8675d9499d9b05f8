package httpapi

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/push"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

type nobody struct{ brakes }

// brakes are the calls that no test of the routes makes.
type brakes interface{ Providers }

func (nobody) Providers() []payment.ProviderStatus { return nil }

func (nobody) Provider(string) (payment.ProviderStatus, bool) {
	return payment.ProviderStatus{}, false
}

func (nobody) WebhookURL(string) string { return "" }

func (nobody) Pauses(context.Context) ([]payment.Pause, error) { return nil, nil }

// bare is an API with nothing in it.
func bare(t *testing.T) *API {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/payhost.db")
	if err != nil {
		t.Fatal(err)
	}

	accounts := coretest.NewAccounts()
	c, err := core.New(
		t.Context(),
		core.Options{Store: s, Accounts: accounts, PublicURL: "http://host.example/pay"},
	)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		c.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	box := inbox.New(inbox.Options{
		Store:     s,
		Core:      c,
		Accounts:  accounts,
		Directory: accounts,
		PublicURL: "http://host.example/pay",
	})
	configuration := func() *config.Config { return &config.Config{} }

	webhooks := inbox.NewArchive(
		box,
		configuration,
		func(string) json.RawMessage { return nil },
	)

	return New(Options{
		Payments:    c,
		Webhooks:    webhooks,
		Incoming:    box,
		DeadLetters: push.NewDeadLetters(s, time.Now),
		Store:       s,
		StoreReason: store.Reason,
		Providers:   nobody{},
		Config:      configuration,
	})
}

// The whole list is here a second time: a new route has to be put on one side
// or the other by hand.
func TestEveryRouteIsForStrangersOrForOperators(t *testing.T) {
	want := map[string]side{
		"/webhooks/":        strangers,
		"/return/":          strangers,
		"GET /healthz":      strangers | operators,
		"GET /readyz":       strangers | operators,
		"/v1/":              operators,
		"GET /metrics":      operators,
		"GET /openapi.json": operators,
		"GET /docs":         operators,
		"GET /docs/{file}":  operators,
		"GET /console/":     operators,
		"GET /{$}":          operators,
	}

	found := bare(t).routes()
	for _, one := range found {
		if side, known := want[one.pattern]; !known || (side != one.side) || (side == 0) {
			t.Errorf(
				"%s is for %d, and in the table for %d (%v)",
				one.pattern,
				one.side,
				side,
				known,
			)
		}

		delete(want, one.pattern)
	}

	if len(want) > 0 {
		t.Errorf("there are no routes %v", want)
	}
}

// A path of each route is asked for on both listeners.
func TestEachSideServesItsOwnRoutesAndNoOthers(t *testing.T) {
	a := bare(t)
	both := a.All()
	public := a.Public()
	private := a.Private()

	for _, one := range a.routes() {
		method, path := "GET", one.pattern
		if before, after, ok := strings.Cut(one.pattern, " "); ok {
			method, path = before, after
		}
		path = strings.NewReplacer("{file}", "page.js", "{$}", "").Replace(path)

		// The pattern that served a request is what it is logged and counted
		// under.
		served := func(side string) string {
			r := httptest.NewRequest(method, path, nil)
			w := httptest.NewRecorder()

			switch side {
			case "both":
				both.ServeHTTP(w, r)
			case "public":
				public.ServeHTTP(w, r)
			default:
				private.ServeHTTP(w, r)
			}

			if strings.Contains(w.Body.String(), "there is nothing at this address") {
				return "nothing"
			}

			return "something"
		}

		for name, has := range map[string]bool{
			"both": true, "public": (one.side & strangers) != 0, "private": (one.side & operators) != 0,
		} {
			want := "nothing"
			if has {
				want = "something"
			}
			if got := served(name); got != want {
				t.Errorf("%s on %s: %s", one.pattern, name, got)
			}
		}
	}
}

func TestThePublicSideDoesNotTellOfTheOther(t *testing.T) {
	a := bare(t)
	for _, path := range []string{
		"/", "/v1/payments", "/v1", "/docs", "/docs/page.js", "/console/", "/metrics", "/openapi.json", "/admin/reload",
		"/pay/", "/pay/v1/payments", "/pay/console/", "/pay/docs", "/pay/metrics", "/webhooks/../console/",
		"/return/../metrics", "//console/", "/%63onsole/", "/nothing",
	} {
		w := httptest.NewRecorder()
		a.Public().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		text := w.Body.String()

		// to the path without the dots, which is 404
		moved := slices.Contains([]int{301, 307}, w.Code)
		if (w.Code != 404 && !moved) || strings.Contains(text, "/v1/") ||
			strings.Contains(text, "/docs;") {
			t.Errorf("%s: %d %s", path, w.Code, text)
		}
	}
}

func TestNoRouteIsAServiceWorker(t *testing.T) {
	a := bare(t)
	for _, path := range []string{"/console/console.js", "/docs/page.js", "/webhooks/acme", "/return/x", "/v1/payments", "/healthz"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Service-Worker", "script")
		w := httptest.NewRecorder()
		if a.All().ServeHTTP(w, r); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
