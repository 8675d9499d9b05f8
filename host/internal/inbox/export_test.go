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
