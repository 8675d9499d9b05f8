package inbox

import (
	"testing"
	"time"
)

// SetBodyTimeout changes how long a body may take while a test runs.
func SetBodyTimeout(t *testing.T, timeout time.Duration) {
	before := bodyTimeout
	bodyTimeout = timeout
	t.Cleanup(func() { bodyTimeout = before })
}

// SetSlowAfter changes how long reading takes usually while a test runs.
func SetSlowAfter(t *testing.T, after time.Duration) {
	before := slowAfter
	slowAfter = after
	t.Cleanup(func() { slowAfter = before })
}

// Tests wait for no refusal, unless they are about that.
func init() { refusalPause = 0 }

// SetRefusalPause changes how long the sender of too much waits while a test
// runs.
func SetRefusalPause(t *testing.T, pause time.Duration) {
	before := refusalPause
	refusalPause = pause
	t.Cleanup(func() { refusalPause = before })
}
