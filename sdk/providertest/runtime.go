package providertest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// Runtime returns what a plugin's own tests give to its constructor: a silent
// log, the real clock and network. Functions given to OnClose are called when
// the test ends. A test may change what it needs to.
//
//	p, err := newProvider(cfg, providertest.Runtime(t))
func Runtime(t testing.TB) sdk.Runtime {
	return sdk.Runtime{
		Account: "test",
		Logger:  slog.New(slog.DiscardHandler),
		Now:     time.Now,
		OnClose: t.Cleanup,
	}
}
