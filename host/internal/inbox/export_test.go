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
