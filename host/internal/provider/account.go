package provider

import (
	"log/slog"
	"sync"

	"github.com/payhost/payhost/host/config"
)

// account is one configured provider. It lives from the Apply that brings it to the end of its draining.
type account struct {
	name     string
	log      *slog.Logger
	mask     func(string) string
	metrics  *metrics
	breaker  *breaker
	bulkhead bulkhead

	// op is held while the account is being configured on a process, by whoever does it: an Apply, a retry, or the
	// supervisor after a restart.
	op sync.Mutex

	mu      sync.Mutex
	cfg     config.Provider // in force, or wanted while nothing is
	phase   State
	winding bool // disabled or removed: only what is open is carried on
	removed bool
	seat    *seat // nil when no process serves the account
	changed chan struct{}
	lastErr string
}
