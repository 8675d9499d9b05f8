package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// logged returns the one line that log writes, read as go-plugin's host reads
// it.
func logged(t *testing.T, log func(*slog.Logger)) (map[string]any, string) {
	t.Helper()
	var out bytes.Buffer
	log(slog.New(newLineHandler(&out)))
	text, ok := strings.CutSuffix(out.String(), "\n")
	if !ok || strings.Contains(text, "\n") || len(out.Bytes()) > maxLogLine {
		t.Fatalf("not one line of at most %d bytes: %d", maxLogLine, out.Len())
	}

	var line map[string]any
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatalf("%v in %s", err, text)
	}

	for _, key := range []string{"@level", "@message", "@timestamp"} {
		if _, ok := line[key].(string); !ok {
			t.Fatalf("%s is no text, at which the host panics: %s", key, text)
		}
	}

	if _, err := time.Parse("2006-01-02T15:04:05.000000Z07:00", line["@timestamp"].(string)); err != nil {
		t.Fatalf("the host cannot read the time: %v", err)
	}

	return line, text
}

func TestLogLines(t *testing.T) {
	for level, name := range map[slog.Level]string{
		slog.LevelDebug - 4: "trace", slog.LevelDebug: "debug", slog.LevelInfo: "info", slog.LevelWarn: "warn", slog.LevelError: "error",
	} {
		line, _ := logged(t, func(l *slog.Logger) { l.Log(t.Context(), level, "m") })
		if line["@level"] != name || line["@message"] != "m" {
			t.Errorf("%v: %v", level, line)
		}
	}

	line, _ := logged(t, func(l *slog.Logger) {
		l.With("a", 1).WithGroup("g").With("b", true).Info("m",
			"c", errors.New("e"), "d", time.Second, slog.Group("h", "i", "j"), slog.Group("", "k", 1.5),
			"@level", 7, "l", time.Unix(0, 0).UTC(), "", "dropped")
	})

	for key, want := range map[string]any{
		"a": 1.0, "g.b": true, "g.c": "e", "g.d": "1s", "g.h.i": "j", "g.k": "1.5", "g.at_level": 7.0, "g.l": "1970-01-01T00:00:00Z",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}

	if len(line) != 3+8 {
		t.Errorf("%d members: %v", len(line), line)
	}
}

// TestHandlersShareNothing: With must not write into the attributes of another
// logger made from the same one.
func TestHandlersShareNothing(t *testing.T) {
	line, _ := logged(t, func(l *slog.Logger) {
		base := l.With("a", 1)
		one := base.With("b", 1)
		base.With("b", 2)
		one.Info("m")
	})
	if line["b"] != 1.0 {
		t.Errorf("got %v", line)
	}
}

func TestLogLinesAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"long": strings.Repeat("x", 1<<20), "costly": strings.Repeat("\x01", 1<<20), "cut": strings.Repeat("é", 1<<20),
		"broken": strings.Repeat("\xff", 1<<20),
	} {
		line, _ := logged(t, func(l *slog.Logger) {
			l.Info(
				text,
				"a",
				text,
				"b",
				text,
				"c",
				text,
				"d",
				text,
				"e",
				text,
				strings.Repeat("k", 1<<20),
				1,
			)
		})
		if len(line["@message"].(string)) < 1000 {
			t.Errorf(
				"%s: the message has shrunk to %d bytes",
				name,
				len(line["@message"].(string)),
			)
		}

		if line["truncated"] != true {
			t.Errorf("%s: the line does not say that it was cut", name)
		}
	}
}

func TestPumpGivesLinesInPieces(t *testing.T) {
	var lines []string
	pumpLines(
		strings.NewReader("one\n\n"+strings.Repeat("x", maxLogValue+5)+"\nlast"),
		func(l string) { lines = append(lines, l) },
	)

	if len(lines) != 4 || lines[0] != "one" || len(lines[1]) != maxLogValue ||
		lines[2] != "xxxxx" ||
		lines[3] != "last" {
		t.Errorf("%d lines: %.20q", len(lines), lines)
	}
}
