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
	// OnClose, when set, takes a function that is called when the account is
	// configured again or no longer needed, after its last call; the latest comes
	// first. Package providerhttp gives it the client's Close, so a provider needs
	// no Close of its own unless it holds something else.
	OnClose func(func())
}
