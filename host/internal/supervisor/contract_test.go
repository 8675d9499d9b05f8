//go:build linux

package supervisor

import (
	"strings"
	"testing"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
)

// The host is given a second version of the contract and nothing else of it
// changes: plugins of both, old and new, are served at the same time, each over
// the highest version that it shares with the host.
func TestVersionsOfTheContractAreServedSideBySide(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.contracts = plugintest.Contracts(nil, 1, 2) },
	)

	s.install("actor@1.0.0", "1.0.0")
	s.install("actor@2.0.0", "2.0.0")
	s.install("actor", "1.0.0")
	var list []config.Provider

	for _, c := range []struct {
		name, version, speaks, applied string
		want                           int
	}{
		{"both", "", "contracts 1 2", "both:started", 2},
		{"new", "2.0.0", "contracts 2", "both:unchanged new:started", 2},
		{"old", "1.0.0", "", "both:unchanged new:unchanged old:started", 1}, // as the SDK serves it
	} {
		s.script(c.speaks)
		list = append(
			list,
			s.config(c.name, func(p *config.Provider) { p.Version = c.version }),
		)

		s.apply(c.applied, list...)
		if got := s.status(c.name).ContractVersion; got != c.want {
			t.Errorf("%s is served by version %d, want %d", c.name, got, c.want)
		}
	}

	for _, p := range list { // all of them are still there
		s.mustPay(p.Name)
	}
}

func TestPluginWithoutAVersionInCommonIsRefused(t *testing.T) {
	s := newStage(t)
	for speaks, want := range map[string]string{
		"contracts 2":   "the plugin offers 2, this host speaks 1",
		"contracts 3 2": "the plugin offers 2, this host speaks 1",
	} {
		s.script(speaks)
		err := s.apply("a:failed", s.config("a"))[0].Error
		if !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "no version of the contract is spoken by both") {
			t.Errorf("%s: %v", speaks, err)
		}
	}

	s.script("contracts 1 2") // one in common will do
	s.awaitState("a", StateReady)
	if v := s.status("a").ContractVersion; v != 1 {
		t.Errorf("served by version %d", v)
	}
}
