package supervisor

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// The log says when a breaker opens and when it closes, and nothing between.
func TestABreakerSaysWhenItOpensAndCloses(t *testing.T) {
	var log bytes.Buffer
	b := newBreaker(slog.New(slog.NewTextHandler(&log, nil)), "queries", 2, time.Nanosecond)
	call := func(verdict error) {
		t.Helper()
		for {
			done, refused := b.allow()
			if refused == nil {
				done(verdict)
				return
			}
		}
	}

	silent := errors.New("silent")
	for range 5 { // two open it, the others are tries
		call(silent)
	}
	call(nil)
	call(nil)

	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "does not answer") ||
		!strings.Contains(lines[1], "answers again") {
		t.Errorf("it says\n%s", log.String())
	}
}
