package conformance

import (
	"time"

	"github.com/payhost/payhost/sdk/client"
)

// Launch starts a fresh process of the plugin, in which no account is configured. What the plugin logs and prints goes to
// the watch, and so does, through its interceptor, every answer before the client reads it.
type Launch func(*Watch) (*Process, error)

// Process is a running plugin, seen as a host sees it.
type Process struct {
	Client *client.Client
	// Stop asks it to end, and ends it by force if it does not; the error says what did not end by itself. It is called
	// once, also after Kill.
	Stop func() error
	// Kill ends it at once, in the middle of whatever it does.
	Kill func()
	// Left says, after Stop, what it left behind.
	Left func() error
	// Files counts the files and connections that it holds open; 0 where that cannot be known.
	Files func() int
	// Processor returns the processor time that it has used so far, as a program
	// built to be shipped would; 0 where that cannot be known.
	Processor func() time.Duration
}
