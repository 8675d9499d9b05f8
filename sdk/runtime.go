package sdk

import (
	"log/slog"
	"net/http"
	"time"
)

// Runtime is what the SDK gives to every account's provider.
type Runtime struct {
	// Account is the account's configured name.
	Account string
	// Logger reaches the host's log as structured records; configured secrets
	// are masked in it.
	Logger *slog.Logger
	// Now is the clock: tests set it.
	Now func() time.Time
	// Transport, when set, carries the HTTP requests of package providerhttp in
	// place of a real network: tests set it.
	Transport http.RoundTripper
	// Mask replaces configured secrets in text that is to leave the plugin.
	Mask func(text string) string
	// OnClose, when set, takes what is to be done when the account is
	// configured anew or no longer needed, after its last call. What was given
	// last is done first. Package providerhttp gives it the client's Close, so
	// that a provider has none of its own unless it holds something else.
	OnClose func(func())
}
