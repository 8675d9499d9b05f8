package job

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
)

// River is a step quieter than it would be, and what is cut off because the
// host ends is nobody's trouble.
func TestRiverIsQuiet(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(quiet{slog.NewTextHandler(&text, nil)})
	ended, end := context.WithCancel(t.Context())
	end()

	for _, c := range []struct {
		ctx   context.Context
		level slog.Level
		want  string
	}{
		{t.Context(), slog.LevelError, "level=WARN"},
		{t.Context(), slog.LevelWarn, "level=INFO"},
		{t.Context(), slog.LevelInfo, ""},
		{ended, slog.LevelError, ""},
	} {
		text.Reset()
		log.Log(c.ctx, c.level, "commit failed")
		if got := text.String(); !strings.Contains(got, c.want) ||
			(c.want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", c.level, got, c.want)
		}
	}
}
